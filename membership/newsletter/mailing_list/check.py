"""What is missing or wrong at MailerLite, in plain words, and what to click.

One set of checks: `flask newsletter check` tells them, and `flask doctor` among its own. Nothing is
changed by looking.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import select

from membership import clock, config, received
from membership.config import is_loopback
from membership.db import db
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import MailerLiteError
from membership.newsletter.mailing_list import code_automation, events, known_list, needed, verdicts
from membership.newsletter.mailing_list.known_list import KnownList
from membership.newsletter.mailing_list.verdicts import Account, State, Verdict
from membership.newsletter.models import Subscriber

SET_UP = "Run flask newsletter setup."
OF_LATE = timedelta(days=7)


@dataclass(frozen=True)
class Check:
    """`name` is stable, `why` it matters in a sentence. It is asked when those it `needs`, which
    come before it, are well. `rows`: it reads our database. `codes`: it keeps codes from coming."""

    name: str
    why: str
    ask: Callable[[Account], Verdict]
    needs: tuple[str, ...] = ()
    rows: bool = False
    codes: bool = True


def run() -> Iterator[tuple[Check, Verdict]]:
    """Every check and what it says."""
    account = Account(config.current(), clock.now())
    well: set[str] = set()
    for check in CHECKS:
        if waits_for := [name for name in check.needs if name not in well]:
            yield (
                check,
                verdicts.left_out(f"It cannot be seen before this is well: {waits_for[0]}."),
            )
            continue
        try:
            verdict = check.ask(account)
        except MailerLiteError as error:
            verdict = verdicts.wrong(
                f"It could not be seen: {_words(error)}.", "Try again in a minute."
            )
        if verdict.state is State.WELL:
            well.add(check.name)
        yield check, verdict


def _key(account: Account) -> Verdict:
    try:
        count = account.client.count()
    except mailerlite.NotSetUp:
        return verdicts.left_out(
            "MAILERLITE_API_KEY is not set: there is no list, and codes go by SMTP."
        )
    except mailerlite.Rejected as error:
        if error.status == HTTPStatus.FORBIDDEN:
            what = f"MailerLite does not let this key in: {_words(error)}."
            return verdicts.wrong(what, "Look whether your plan has the API.", "1-the-key")
        if error.status == HTTPStatus.NOT_FOUND:
            what = f"Where MAILERLITE_API_BASE leads, MailerLite's API is not: {_words(error)}."
            return verdicts.wrong(what, "Take the setting out of .env, and restart.")
        return verdicts.wrong(
            f"MailerLite refuses the key: {_words(error)}.",
            "Make a key in MailerLite (Integrations, MailerLite API), put it into "
            "MAILERLITE_API_KEY and restart. A key dies with the user who made it.",
            "1-the-key",
        )
    except MailerLiteError as error:
        return verdicts.wrong(
            f"MailerLite gives no answer to work with: {_words(error)}.",
            "Nothing is lost: what is for the list waits until it answers again.",
            "when-mailerlite-does-not-answer",
        )
    return verdicts.well(f"The key works. Subscribers on the list: {count}.")


def _fields(account: Account) -> Verdict:
    there = {field.key: field for field in account.client.fields()}
    code = account.settings.mailerlite_code_field
    if code not in there:
        return verdicts.wrong(
            f"There is no field with the key {code}: no code can be mailed from there.",
            f"{SET_UP} A field keeps the key of its first name: if you renamed one, put its key "
            "into MAILERLITE_CODE_FIELD.",
            "2-fields-groups-webhook",
        )
    wanted = needed.fields(account.settings)
    missing = [key for key in wanted if key not in there]
    if missing:
        return verdicts.wrong(
            f"There is no field {' and no field '.join(missing)}: it is left out of what your "
            "list knows of a reader.",
            SET_UP,
            "2-fields-groups-webhook",
        )
    other = [key for key, kind in wanted.items() if there[key].type != kind]
    if other:
        kinds = ", ".join(f"{key} is a {there[key].type}, not a {wanted[key]}" for key in other)
        return verdicts.wrong(
            f"A field has another type than is written into it: {kinds}.",
            f"Delete it in MailerLite (Subscribers, Fields). {SET_UP}",
            "2-fields-groups-webhook",
        )
    return verdicts.well("The fields are there.")


def _groups(account: Account) -> Verdict:
    named = [group.name for group in account.groups]
    there = mailerlite.ids_by_name(account.groups)
    wanted = needed.groups(account.settings)
    if missing := [name for name in wanted if name not in there]:
        return verdicts.wrong(
            f"There is no group {' and no group '.join(missing)}.",
            f"{SET_UP} If you gave one another name in MailerLite, put that into its setting "
            "instead (MAILERLITE_…_GROUP), and restart.",
            "2-fields-groups-webhook",
        )
    if twice := [name for name in wanted if named.count(name) > 1]:
        return verdicts.wrong(
            f"There are several groups with the name {twice[0]}.",
            "Give all but one another name, or put the id of yours into the setting.",
            "2-fields-groups-webhook",
        )
    return verdicts.well("The four groups are there.")


def _account(account: Account) -> Verdict:
    known = db.session.get(KnownList, 1)
    ids = {group.id for group in account.groups}
    if known and not ids & set(known.group_ids):
        return verdicts.wrong(
            "The key is of another account than the one your readers are in.",
            f"{known_list.WAY_OUT[0].upper()}{known_list.WAY_OUT[1:]}.",
            "another-account",
        )
    return verdicts.well(
        "It is the account your readers are in."
        if known
        else "No reader has been put on the list yet, so any account will do."
    )


def _automation(account: Account) -> Verdict:
    settings, client = account.settings, account.client
    if settings.code_delivery == "smtp":
        return verdicts.well("No automation is needed: CODE_DELIVERY is smtp.")
    group = settings.mailerlite_code_group
    found = client.automations(client.group_id(group))
    whole = [each if each.steps is not None else client.automation(each.id) for each in found]
    wrong = code_automation.faults(whole, group=group, field=settings.mailerlite_code_field)
    if wrong:
        return verdicts.wrong(
            " ".join(fault.what for fault in wrong),
            " ".join(fault.do for fault in wrong),
            wrong[0].anchor,
        )
    return verdicts.well(f"The automation “{found[0].name}” mails the codes.")


def _confirmation(account: Account) -> Verdict:
    """With double opt-in for the API, MailerLite holds back whom we add until they answer it."""
    held = account.client.subscribers(status="unconfirmed").items
    added = {each.email.lower() for each in held if _of_late(each.created_at, account.now)}
    ours = select(Subscriber.email).where(Subscriber.email.in_(added)).limit(1)
    if added and db.session.scalars(ours).first():
        return verdicts.wrong(
            "MailerLite waits for a confirmation of its own before it mails a code, so codes come "
            "late, by SMTP.",
            "Switch off “Double opt-in for API and integrations” in its account settings "
            "(Subscribe settings). The code is the confirmation.",
            "double-opt-in",
        )
    return verdicts.well("MailerLite mails codes without a confirmation of its own.")


def _webhook(account: Account) -> Verdict:
    settings = account.settings
    if is_loopback(settings.site_url):
        return verdicts.left_out("SITE_URL is on this machine, where MailerLite cannot reach it.")
    url = needed.webhook_url(settings)
    ours = [each for each in account.client.webhooks() if each.url == url]
    if not ours:
        return verdicts.wrong(f"MailerLite sends nothing to {url}.", SET_UP, "the-webhook")
    if settings.mailerlite_webhook_secret not in {each.secret for each in ours}:
        return verdicts.wrong(
            "MAILERLITE_WEBHOOK_SECRET is not the secret of our webhook: what it tells is refused.",
            f"{SET_UP} It prints the line for .env; restart afterwards.",
            "the-webhook",
        )
    if wrong := next(filter(None, map(needed.fault_of, ours)), None):
        return verdicts.wrong(f"Our webhook {wrong}.", SET_UP, "the-webhook")
    if refusal := received.refused_lately(events.SOURCE, account.now):
        return verdicts.wrong(
            f"The last call was refused, at {refusal.at:%Y-%m-%d %H:%M} UTC: {refusal.reason}.",
            "If the site was restarted since the secret was set, somebody only pretended.",
            "the-webhook",
        )
    return verdicts.well(f"MailerLite calls {url}.")


def _of_late(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at < OF_LATE


def _words(error: MailerLiteError) -> str:
    """To be ended by us: most of what MailerLite says has its own full stop, and some has none."""
    return str(error).rstrip(".")


CHECKS = (
    Check("mailerlite", "Codes take the other way, and the list is not kept.", _key),
    Check("mailerlite-field", "The mail with the code reads it.", _fields, ("mailerlite",)),
    Check(
        "mailerlite-groups",
        "Who reads and who pays is told apart by them.",
        _groups,
        ("mailerlite",),
    ),
    Check(
        "mailerlite-account",
        "With another one, everybody would seem to have been deleted; so nothing is carried there.",
        _account,
        ("mailerlite",),
        rows=True,
        codes=False,
    ),
    Check(
        "mailerlite-automation",
        "Without it codes come three minutes late, by SMTP.",
        _automation,
        ("mailerlite", "mailerlite-groups"),
    ),
    Check(
        "mailerlite-confirmation",
        "Codes come late, and your list stays empty.",
        _confirmation,
        ("mailerlite",),
        rows=True,
    ),
    Check(
        "mailerlite-webhook",
        "Who unsubscribed there still seems subscribed here.",
        _webhook,
        ("mailerlite",),
        rows=True,
        codes=False,
    ),
)
