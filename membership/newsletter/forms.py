"""Forms of the newsletter."""

from wtforms import EmailField, ValidationError
from wtforms.validators import InputRequired

from membership.forms import Form
from membership.newsletter import addresses


def email_field(label: str = "Email address") -> EmailField:
    """An address, required, and normalised once it is valid."""
    return EmailField(label, validators=[InputRequired("Enter your email address"), _one_spelling])


def _one_spelling(_: Form, field: EmailField) -> None:
    try:
        field.data = addresses.normalise(field.data or "")
    except addresses.BadAddress as error:
        raise ValidationError(str(error)) from error


class SubscribeForm(Form):
    email = email_field()
