"""What happens at Stripe while no webhook reaches us."""

from typing import Any

from flask import Flask
from sqlalchemy import insert, select

from membership.billing.models import Customer, Subscription
from membership.billing.repair.findings import Finding, Reconciliation
from membership.db import db, transaction
from sandbox.server import Sandbox
from tests.support.paying import ask_stripe, price_id


def subscribes(app: Flask, sandbox: Sandbox, email: str) -> tuple[str, str]:
    """Somebody with this address pays by the month: the ids of customer and subscription."""
    card = {"payment_method": "pm_card_visa"}
    card["invoice_settings[default_payment_method]"] = "pm_card_visa"
    customer = str(ask_stripe(sandbox, "customers", {"email": email, **card})["id"])
    sold = {"customer": customer, "items[0][price]": price_id(app, "monthly")}
    return customer, str(ask_stripe(sandbox, "subscriptions", sold)["id"])


def cancels(sandbox: Sandbox, subscription: str) -> None:
    ask_stripe(sandbox, f"subscriptions/{subscription}", method="DELETE")


def others_subscribe(sandbox: Sandbox, subscription: str, how_many: int) -> None:
    """So many more like this one, to something that is not ours, newer than it."""
    account = sandbox.account
    like = account.get("subscription", subscription)
    for item in like["items"]["data"]:
        item["price"]["product"] = "prod_other"
    for n in range(how_many):
        account.save({**like, "id": f"sub_more{n}", "customer": f"cus_more{n}"})


def many_subscribe(app: Flask, sandbox: Sandbox, subscription: str, how_many: int) -> None:
    """So many more like this one, and we have copies of all of them."""
    account = sandbox.account
    like = account.get("subscription", subscription)
    with app.app_context():
        row = db.session.get_one(Subscription, subscription)
        copy = {c.key: getattr(row, c.key) for c in Subscription.__table__.columns}
        now = row.started_at
    ids = [(f"sub_more{n}", f"cus_more{n}") for n in range(how_many)]
    for id_, customer in ids:
        account.save({**like, "id": id_, "customer": customer})
    with app.app_context(), transaction() as session:
        session.execute(
            insert(Customer), [{"stripe_id": customer, "created_at": now} for _, customer in ids]
        )
        session.execute(
            insert(Subscription),
            [{**copy, "stripe_id": id_, "customer_id": customer} for id_, customer in ids],
        )


def reconciles(app: Flask, *options: str) -> str:
    """flask billing reconcile; what it said."""
    return app.test_cli_runner().invoke(args=["billing", "reconcile", *options]).output


def found(app: Flask) -> list[tuple[str, str | None, str]]:
    """Key, kind and state of what the latest comparison found."""
    with app.app_context():
        newest = db.session.scalars(
            select(Reconciliation.id).order_by(Reconciliation.id.desc()).limit(1)
        ).one()
        rows = select(Finding).where(Finding.run_id == newest).order_by(Finding.id)
        return [(row.key, row.kind, str(row.state)) for row in db.session.scalars(rows)]


def the_run(app: Flask) -> dict[str, Any]:
    """The latest comparison by command, by the names of its columns."""
    with app.app_context():
        by_command = select(Reconciliation).where(Reconciliation.night.is_(None))
        row = db.session.scalars(by_command.order_by(Reconciliation.id.desc()).limit(1)).one()
        return {column.key: getattr(row, column.key) for column in Reconciliation.__table__.columns}
