"""Forms of the newsletter."""

from wtforms import EmailField, HiddenField, StringField, ValidationError
from wtforms.validators import InputRequired

from membership.forms import Form
from membership.newsletter import addresses, wording
from membership.newsletter.codes import digits
from membership.newsletter.consents import Place


def email_field(label: str = "Email address") -> EmailField:
    """An address, required, and normalised once it is valid."""
    return EmailField(label, validators=[InputRequired("Enter your email address"), _one_spelling])


def code_field() -> StringField:
    """A code, required, as it stands in the mail."""
    return StringField("Code", validators=[InputRequired("Enter the code from the mail"), _digits])


def _one_spelling(_: Form, field: EmailField) -> None:
    try:
        field.data = addresses.normalise(field.data or "")
    except addresses.BadAddress as error:
        raise ValidationError(str(error)) from error


def _digits(_: Form, field: StringField) -> None:
    field.data = digits.normalise(field.data or "")
    if not digits.well_formed(field.data):
        raise ValidationError(f"The code has {digits.DIGITS} digits")


class SubscribeForm(Form):
    """An address for the letters. `words` stand below it; `place` is the page that it stands on."""

    words = wording.FORM
    email = email_field()
    place = HiddenField()

    @property
    def asked_at(self) -> Place:
        asked = {Place.HOME, Place.SUBSCRIBE, Place.JOIN} & {self.place.data}
        return asked.pop() if asked else Place.SUBSCRIBE
