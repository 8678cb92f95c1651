"""The pages Stripe hosts: checkout, portal, invoice, receipt."""

from datetime import UTC, datetime

from flask import Blueprint, render_template

from sandbox.stripe import checkout_pages, errors, invoice_pages, portal_pages
from sandbox.stripe.account import Account
from sandbox.stripe.money import amount


def blueprint(account: Account) -> Blueprint:
    pages = Blueprint("stripe_pages", __name__)

    @pages.errorhandler(errors.Refusal)
    def refused(refusal: errors.Refusal) -> tuple[str, int]:
        return render_template("sandbox/message.html", title=str(refusal)), refusal.status

    checkout_pages.add(pages, account)
    portal_pages.add(pages, account)
    invoice_pages.add(pages, account)

    @pages.app_template_filter("money")
    def money(minor: int, currency: str) -> str:
        return amount(minor, currency)

    @pages.app_template_filter("day")
    def day(moment: int) -> str:
        at = datetime.fromtimestamp(moment, UTC)
        return f"{at.day} {at:%B %Y}"

    return pages
