"""The desk's payments: those that are nobody's, and whose each is."""

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from membership import clock, jobs, journal
from membership.accounts.models import User
from membership.admin import desk
from membership.admin.money_forms import Bind, Unbind
from membership.billing import (
    attention,
    bindings,
    candidates,
    doubles,
    payers,
    unclaimed,
)
from membership.billing.attention import PaysTwice
from membership.billing.payers import Bought, Whose
from membership.billing.unclaimed import Reason
from membership.db import db, transaction
from membership.vendor_ids import plausible

bp = desk.room("desk_payments", __name__, "/payments")
ON_A_PAGE = 25
FOUND = {
    "checkout": "the payment was begun on this site, by this account",
    "reference": "it came with a reference that this site had signed",
    "email": "it was paid with this account’s address",
    "claim": "the member proved the address it was paid with",
    "owner": "you said so",
}


@bp.get("")
def waiting() -> str:
    """What is nobody's, the longest waiting first; who pays twice; what was left alone."""
    after = request.args.get("after")
    found = attention.unclaimed(left_alone=False, after=after, most=ON_A_PAGE + 1)
    left = [] if after else attention.unclaimed(left_alone=True, most=ON_A_PAGE)
    shown = found[:ON_A_PAGE]
    twice = [] if after else attention.pays_twice()
    return render_template(
        "admin/payments.html",
        found=shown,
        more=shown[-1].key if len(found) > ON_A_PAGE else None,
        left=left,
        twice=twice,
        subscriptions=_subscriptions(twice),
        unfinished=[] if after else doubles.half_done(db.session()),
        payers=payers.read(db.session(), {one.key for one in [*shown, *left]}),
    )


@bp.get("/<key>")
def payer(key: str) -> ResponseReturnValue:
    whose = _whose(key)
    if whose.key != key:
        return redirect(url_for(".payer", key=whose.key))
    return _page(whose, Bind(_perhaps(key)))


@bp.post("/<key>")
def bind(key: str) -> ResponseReturnValue:
    """Give what is nobody's to a member."""
    whose = _whose(key)
    form = Bind(_perhaps(key))
    if not form.validate_on_submit():
        return _page(whose, form), 422
    member = form.member
    try:
        with transaction() as rows:
            bindings.bind(rows, key, member.id, now=clock.billing_now())
            journal.record(rows, "owner.bound", **desk.by_me(member.id), payment=key)
    except bindings.NoSuchPayment:  # its payer has left while we looked
        abort(404)
    except bindings.BoundAlready as error:
        return _bound_already(key, error.user_id, member)
    _hurry()
    flash(f"The payment belongs to {member.email} now, and what it opens is open.", "status")
    return redirect(url_for(".waiting"), 303)


@bp.get("/<key>/unbind")
def unbind_page(key: str) -> str:
    return render_template("admin/unbind.html", whose=_whose(key), form=Unbind(), read=_read(key))


@bp.post("/<key>/unbind")
def unbind(key: str) -> ResponseReturnValue:
    """Say that it is nobody's: what it opened closes."""
    whose = _whose(key)
    form = Unbind()
    if not form.validate_on_submit():
        page = render_template("admin/unbind.html", whose=whose, form=form, read=_read(key))
        return page, 422
    try:
        with transaction() as rows:
            user_id = bindings.unbind(rows, key, now=clock.billing_now())
            journal.record(rows, "owner.unbound", **desk.by_me(user_id), payment=key)
    except bindings.NoSuchPayment:
        abort(404)
    except bindings.NobodysAlready:
        flash("It is nobody’s already.", "status")
        return redirect(url_for(".waiting"), 303)
    _hurry()
    taken = f"It is no longer {whose.member}’s, and" if whose.member else "It is nobody’s, and"
    flash(f"{taken} nobody gets it until you say whose it is, or its payer claims it.", "status")
    return redirect(url_for(".waiting"), 303)


def _bound_already(key: str, user_id: int, wanted: User) -> ResponseReturnValue:
    if user_id == wanted.id:
        flash(f"The payment belongs to {wanted.email} already.", "status")
        return redirect(url_for(".waiting"), 303)
    owner = db.session.get_one(User, user_id).email
    flash(f"Nothing was changed: by now the payment belongs to {owner}.", "error")
    return redirect(url_for(".payer", key=key), 303)


def _page(whose: Whose, form: Bind) -> str:
    return render_template(
        "admin/payment.html",
        whose=whose,
        how=FOUND.get(whose.by or "", ""),
        waiting=unclaimed.find(db.session(), whose.key),
        read=_read(whose.key),
        perhaps=_perhaps(whose.key),
        nobodys=Reason.OWNER,
        form=form,
    )


def _subscriptions(twice: Sequence[PaysTwice]) -> dict[int, list[Bought]]:
    """For each of these members, the newest first."""
    having = payers.subscriptions(
        db.session(), [id_ for each in twice for id_ in each.subscriptions]
    )
    return {
        each.user_id: sorted(
            (having[id_] for id_ in each.subscriptions), key=lambda one: one.at, reverse=True
        )
        for each in twice
    }


def _whose(key: str) -> Whose:
    """404 for a key of nobody who bought anything of ours."""
    found = payers.whose(db.session(), key) if plausible(key) else None
    if found is None:
        abort(404)
    return found


def _perhaps(key: str) -> list[candidates.Candidate]:
    found = unclaimed.find(db.session(), key)
    return candidates.of(db.session(), [found])[key] if found else []


def _read(key: str) -> payers.Payer:
    return payers.read(db.session(), [key])[key]


def _hurry() -> None:
    for kind in ("outbox", "subscribers", "needs"):
        jobs.nudge(kind)
