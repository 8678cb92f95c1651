"""Why something ended, in one sentence, and what opens it again: pure rules."""

from membership.billing.entitlements import LOST, Source
from membership.billing.outlook import Remedy

AT_THE_BANK = (
    "Your bank has asked for the payment back. It is shut while that is looked at, and opens again "
    "if the payment stands."
)
LOST_AT_THE_BANK = "The payment went back to you through your bank."


def why(reason: str, source: Source, *, revoked: bool, unpaid: bool) -> tuple[str, Remedy | None]:
    """`reason` is the rule that wrote the grant; `unpaid`: an invoice of it is still open."""
    match reason.split(", "):
        case ["refunded"]:
            return "The payment was refunded.", Remedy.PLANS
        case ["disputed", status] if status in LOST:
            return LOST_AT_THE_BANK, Remedy.PLANS
        case ["disputed", _]:
            return AT_THE_BANK, None
        case ["no longer this member's payment"]:
            return "The payment it came with turned out not to be this account’s.", Remedy.PLANS
    match source:
        case Source.COMP if revoked:
            return "It was a gift, and has been taken back.", Remedy.PLANS
        case Source.COMP:
            return "It was a gift, and its time is over.", Remedy.PLANS
        case Source.PURCHASE:
            return "The time it was bought for is over.", Remedy.PLANS
        case Source.SUBSCRIPTION:
            return _subscription(reason, unpaid=unpaid)


def _subscription(reason: str, *, unpaid: bool) -> tuple[str, Remedy | None]:
    match reason.split(", "):
        case ["canceled"] if unpaid:
            return "A payment for it did not go through, and so it was ended.", Remedy.PLANS
        case ["canceled"] | [_, "ends as scheduled"]:
            return "It was cancelled.", Remedy.PLANS
        case ["past_due", _]:
            return (
                "A payment for it did not go through, and the days of grace are over.",
                Remedy.CARD,
            )
        case ["unpaid"]:
            return "A payment for it did not go through, and is not tried again.", Remedy.PORTAL
        case ["paused"]:
            return "It is paused, and nothing is charged for it meanwhile.", Remedy.PORTAL
        case [_, "collection paused"]:
            return "Payments for it are paused, and it was paid for until then.", Remedy.PORTAL
        case _:
            return "No later payment for it has reached us.", Remedy.PORTAL
