"""Forms of joining and signing in, and the password asked again before what matters."""

from typing import Any

from flask import request
from flask_login import current_user
from wtforms import BooleanField, PasswordField, ValidationError
from wtforms.validators import InputRequired, Length

from membership import config
from membership.accounts import password_check, passwords
from membership.forms import Form
from membership.newsletter.forms import code_field, email_field


class _Join(Form):
    """The password is checked before any code is, so that a short one spends nothing."""

    def validate_password(self, field: PasswordField) -> None:
        if not field.data:
            return
        settings = config.current()
        problem = passwords.problem(
            field.data,
            at_least=settings.password_min_length,
            about=(self.address(), settings.site_name),
        )
        if problem:
            raise ValidationError(problem)

    def address(self) -> str:
        raise NotImplementedError


class JoinForm(_Join):
    """An address, the code sent to it and, to open an account, a password."""

    email = email_field()
    code = code_field()
    password = PasswordField("Password")
    letters = BooleanField("Send me the newsletter too")

    def address(self) -> str:
        return self.email.data or ""


class PasswordForm(_Join):
    """The address is proven already; only the password is missing."""

    password = PasswordField("Password")

    def __init__(self, email: str) -> None:
        self._email = email
        super().__init__()

    def validate_password(self, field: PasswordField) -> None:
        if not field.data:
            raise ValidationError("Choose a password")
        super().validate_password(field)

    def address(self) -> str:
        return self._email


class LoginForm(Form):
    email = email_field()
    password = PasswordField(
        "Password", validators=[InputRequired("Enter your password"), Length(max=10_000)]
    )
    remember = BooleanField("Stay signed in on this device")


class PasswordAgain(Form):
    """A form that only the holder of the signed-in account can send: inherit from it.

    The password is looked at when everything else is right, and counted as at sign-in, so that a
    stolen session is no place to guess in. Raises TooSoon after too many wrong ones.
    """

    password = PasswordField(
        "Your password", validators=[InputRequired("Enter your password"), Length(max=10_000)]
    )

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if password_check.account_of(current_user.email, self.password.data, back=request.path):
            return True
        self.password.errors = ["That is not your password"]
        return False
