"""Forms of joining and signing in, and the password asked again before what matters."""

from typing import Any

from flask import request
from flask_login import current_user
from wtforms import (
    BooleanField,
    PasswordField,
    SelectMultipleField,
    SubmitField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length

from membership import config
from membership.accounts import password_check, passwords
from membership.forms import Form
from membership.newsletter import wording
from membership.newsletter.forms import code_field, email_field


def refuse_weak(password: str, *about: str | None) -> None:
    """The one rule for every new password. Raises ValidationError with the reason.

    `about` are words a guesser would try first: the person's address and name.
    """
    settings = config.current()
    words = [word for word in (*about, settings.site_name) if word]
    if problem := passwords.problem(password, at_least=settings.password_min_length, about=words):
        raise ValidationError(problem)


class _Join(Form):
    """The password is checked before any code is, so that a short one spends nothing."""

    def validate_password(self, field: PasswordField) -> None:
        if field.data:
            refuse_weak(field.data, self.address())

    def address(self) -> str:
        raise NotImplementedError


class JoinForm(_Join):
    """An address, the code sent to it and, to open an account, a password."""

    email = email_field()
    code = code_field()
    password = PasswordField("Password")
    letters = BooleanField(wording.BOX)
    words = wording.FORM  # where the page has no address yet, and asks for one

    def address(self) -> str:
        return self.email.data or ""


class PasswordForm(_Join):
    """The address is proven already; only the password is missing. Whoever had stopped the letters
    may have them again, with an account or without."""

    password = PasswordField("Password")
    letters = BooleanField(wording.BOX_AGAIN)

    def __init__(self, email: str) -> None:
        self._email = email
        super().__init__()

    def validate_password(self, field: PasswordField) -> None:
        if not field.data and not self.letters.data:
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


class ChangePassword(PasswordAgain):
    new_password = PasswordField(
        "New password", validators=[InputRequired("Choose a new password")]
    )

    def validate_new_password(self, field: PasswordField) -> None:
        if field.data == self.password.data:
            raise ValidationError("This is the password you have. Choose another")
        refuse_weak(field.data, current_user.email, current_user.name)


def _row_id(given: str) -> int:
    """Raises ValueError for what no row can have."""
    number = int(given)
    if not 0 < number < 2**31:
        raise ValueError(number)
    return number


class EndSessions(PasswordAgain):
    """The sessions that were ticked, or all but this one."""

    sessions = SelectMultipleField("Devices", coerce=_row_id, validate_choice=False)
    others = SubmitField("Sign out all of them")

    def validate_sessions(self, field: SelectMultipleField) -> None:
        if not field.data and not self.others.data:
            raise ValidationError("Tick the devices to sign out")
