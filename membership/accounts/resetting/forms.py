"""Forms of a forgotten password."""

from wtforms import PasswordField
from wtforms.validators import InputRequired

from membership.accounts.forms import refuse_weak
from membership.accounts.models import User
from membership.forms import Form
from membership.newsletter.forms import email_field


class ForgotForm(Form):
    email = email_field()


class ResetForm(Form):
    """A new password for this account."""

    password = PasswordField("New password", validators=[InputRequired("Choose a new password")])

    def __init__(self, user: User) -> None:
        self._user = user
        super().__init__()

    def validate_password(self, field: PasswordField) -> None:
        refuse_weak(field.data, self._user.email, self._user.name)
