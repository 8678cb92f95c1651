"""Forms of claiming a payment."""

from membership.forms import Form
from membership.newsletter.forms import code_field, email_field


class ClaimForm(Form):
    """The address a payment was made with."""

    email = email_field("The address you paid with")


class ProofForm(ClaimForm):
    """The same, and the code that was sent there."""

    code = code_field()
