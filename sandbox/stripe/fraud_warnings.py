"""Early fraud warnings: a bank says that a payment was probably not its customer's doing.

No money moves. A warning is `actionable` until the payment is refunded in full or disputed.
"""

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import Span, Text, within
from sandbox.stripe.routes import Params, get, index

KIND = "radar.early_fraud_warning"
FRAUD_TYPE = "unauthorized_use_of_card"


def warn(account: Account, charge_id: str) -> Document:
    """One charge has one warning at most."""
    charge = account.get("charge", charge_id, param="charge")
    if charge["status"] != "succeeded":
        raise errors.Refusal(f"Charge {charge_id} was not successful: there is nothing to warn of.")
    if account.all(KIND, charge=charge_id):
        raise errors.Refusal(f"Charge {charge_id} has a warning already.")
    warning = account.save(
        {
            "id": ids.new("issfr"),
            "object": KIND,
            "actionable": not _is_settled(charge),
            "charge": charge_id,
            "created": account.now(),
            "fraud_type": FRAUD_TYPE,
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        }
    )
    account.emit(f"{KIND}.created", warning)
    return warning


def settle(account: Account, charge: Document) -> None:
    """To be called when a charge was refunded or disputed: nothing more can be done about it."""
    for before in account.all(KIND, charge=charge["id"], actionable=True):
        if _is_settled(charge):
            after = account.save({**before, "actionable": False})
            account.emit(f"{KIND}.updated", after, before)


def _is_settled(charge: Document) -> bool:
    return bool(charge["refunded"] or charge["disputed"])


def retrieve(account: Account, _params: Params, warning_id: str) -> Document:
    return account.get(KIND, warning_id)


def list_(account: Account, params: Params) -> Document:
    names = {"charge", "payment_intent"} & params.keys()
    found = [
        warning
        for warning in account.all(KIND, **{name: params[name] for name in names})
        if within(params.get("created"), warning["created"])
    ]
    return lists.page("/v1/radar/early_fraud_warnings", found, params)


ROUTES = [
    index(
        "/radar/early_fraud_warnings",
        list_,
        {"charge": Text(), "created": Span(), "payment_intent": Text()},
    ),
    get("/radar/early_fraud_warnings/<warning_id>", retrieve),
]
