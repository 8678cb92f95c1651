"""Forms of a reader's own page."""

from wtforms import BooleanField
from wtforms.validators import InputRequired

from membership.forms import Form
from membership.newsletter.forms import code_field, email_field


class AskForLink(Form):
    """The address that the letters go to."""

    email = email_field("The address that your letters go to")


class Move(Form):
    """The address that they are to go to."""

    email = email_field("New email address")


class MoveCode(Form):
    """The code that was sent there."""

    code = code_field()


class Forget(Form):
    sure = BooleanField(
        "Forget me, now and for good",
        validators=[InputRequired("Tick the box if you want to be forgotten")],
    )
