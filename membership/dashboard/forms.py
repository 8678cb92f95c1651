"""Forms of a member's own pages."""

from flask_login import current_user
from wtforms import BooleanField, EmailField, ValidationError
from wtforms.validators import InputRequired

from membership.accounts.forms import PasswordAgain
from membership.forms import Form
from membership.newsletter.forms import code_field, email_field


class NewAddress(PasswordAgain):
    """The address to move to."""

    email = email_field("New email address")

    def validate_email(self, field: EmailField) -> None:
        if field.data == current_user.email:
            raise ValidationError("That is the address you have now")


class AddressCode(Form):
    """The code that was sent there."""

    code = code_field()


class Goodbye(PasswordAgain):
    """Close the account. `letters`: the newsletter goes on without it."""

    letters = BooleanField("Keep sending me the newsletter")
    sure = BooleanField(
        "Close my account, now and for good",
        validators=[InputRequired("Tick the box if you want to close your account")],
    )
