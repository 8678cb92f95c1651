"""Forms of the desk's acts with money: each asks for the owner's password again."""

from collections.abc import Iterable

from wtforms import HiddenField, IntegerField, RadioField, StringField, ValidationError
from wtforms.validators import InputRequired
from wtforms.widgets import HiddenInput

from membership.accounts import registration
from membership.accounts.forms import PasswordAgain
from membership.accounts.models import User
from membership.billing.candidates import Candidate
from membership.db import db
from membership.newsletter import addresses

OTHER = "other"


class Bind(PasswordAgain):
    """Whose a payment is: one of those it may be, or whoever has the address typed below."""

    candidate = RadioField("Whose is it?", validate_choice=False)
    email = StringField("Address of the member")
    member: User

    def __init__(self, perhaps: Iterable[Candidate]) -> None:
        super().__init__()
        self.candidate.choices = [(one.email, one.email) for one in perhaps]

    def validate_email(self, field: StringField) -> None:
        chosen = self.candidate.data
        try:
            email = addresses.normalise(chosen if chosen not in (None, OTHER) else field.data or "")
        except addresses.BadAddress as error:
            raise ValidationError(str(error)) from error
        found = registration.find(db.session(), email)
        if found is None:
            raise ValidationError(f"There is no account at {email}")
        self.member = found


class Unbind(PasswordAgain):
    """The payment is nobody's."""


class LetBe(PasswordAgain):
    """Nothing more is given back."""


class EndDouble(PasswordAgain):
    """What the owner was told before: which payment, and how much of it in minor units."""

    payment = HiddenField()
    amount = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
