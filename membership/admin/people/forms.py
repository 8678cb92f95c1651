"""Forms of the desk's acts on a member: each asks for the owner's password again."""

from collections.abc import Iterable

from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from membership.accounts.forms import PasswordAgain
from membership.billing import plans
from membership.billing.explain.verdicts import name_of

LONGEST_NOTE = 200


def _note() -> StringField:
    too_long = f"Use at most {LONGEST_NOTE} characters"
    return StringField(
        "Why", validators=[Length(max=LONGEST_NOTE, message=too_long)], filters=[_stripped]
    )


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None


class Give(PasswordAgain):
    """What is opened to them without payment; without a number of days, for good."""

    feature = SelectField("What is opened", default="premium")
    days = IntegerField(
        "For how many days",
        validators=[
            Optional(),
            NumberRange(1, plans.LONGEST, f"Enter a whole number from 1 to {plans.LONGEST:,}"),
        ],
    )
    because = _note()

    def __init__(self, features: Iterable[str]) -> None:
        super().__init__()
        self.feature.choices = [(feature, name_of(feature)) for feature in features]


class TakeBack(PasswordAgain):
    because = _note()


class Confirm(PasswordAgain):
    """Nothing but the password: the page says what is done."""
