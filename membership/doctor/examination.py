"""Everything is looked at, and the worst comes first. One check's failing is a finding too."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit

from flask import Flask, current_app

from membership.billing.stripe_api import StripeError, StripeForbidden
from membership.config import Config
from membership.db import end_reading
from membership.doctor import (
    on_endpoint,
    on_mail,
    on_newsletter,
    on_payments,
    on_plans,
    on_search,
    on_settings,
    on_stripe,
    on_texts,
    on_work,
)
from membership.doctor.findings import Check, Finding, Level, Said, look, skipped
from membership.doctor.visit import Visit
from membership.newsletter.mailerlite import MailerLiteError

log = logging.getLogger(__name__)
OURS = (
    *on_settings.CHECKS,
    *on_texts.CHECKS,
    *on_search.CHECKS,
    *on_work.CHECKS,
    *on_payments.CHECKS,
)
# Each has somebody else to wait for, and they need not wait for each other.
OTHERS = (
    (*on_stripe.CHECKS, *on_endpoint.CHECKS, *on_plans.CHECKS),
    on_newsletter.CHECKS,
    on_mail.CHECKS,
)
CHECKS = (*OURS, *(check for line in OTHERS for check in line))
Levels = dict[str, Level]
FEWEST, MOST = 4, 400  # characters of what is a secret, and of what another program may say


def examine() -> list[Finding]:
    """Ask every check; the worst first. Nothing is changed, no mail is sent."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    visit = Visit()
    found, levels = _ask_all(OURS, visit, {})
    end_reading()

    def ask_outsider(line: Iterable[Check]) -> list[Finding]:
        with app.app_context():
            return _ask_all(line, visit, dict(levels))[0]

    with ThreadPoolExecutor(len(OTHERS)) as threads:
        for answered in threads.map(ask_outsider, OTHERS):
            found += answered
    secrets = [each for each in _secrets(visit.settings) if each and len(each) >= FEWEST]
    worst_first = list(Level)
    found.sort(key=lambda finding: worst_first.index(finding.said.level))
    return [Finding(each.check, _without(secrets, each.said)) for each in found]


def _ask_all(checks: Iterable[Check], visit: Visit, levels: Levels) -> tuple[list[Finding], Levels]:
    found: list[Finding] = []
    for check in checks:
        said = _ask(check, visit, levels)
        levels[check.name] = said.level
        found.append(Finding(check, said))
    return found, levels


def _ask(check: Check, visit: Visit, levels: Levels) -> Said:
    for needed in check.needs:
        if levels[needed] is not Level.WELL:
            return skipped(f"It cannot be seen as long as {needed} is not well.")
    try:
        return check.ask(visit)
    except StripeForbidden:
        return skipped("STRIPE_SECRET_KEY is a restricted key that may not read this.")
    except (StripeError, MailerLiteError) as error:
        return look(f"It could not be seen: {error}", "Run flask doctor again in a minute.")
    except Exception as error:  # whatever it is, the other checks go on
        log.exception("the check %s failed", check.name)
        return look(
            f"It could not be seen: {type(error).__name__}.",
            "The log has the whole error. If it stays, it is a fault of this program.",
        )


def _secrets(settings: Config) -> Iterator[str | None]:
    yield settings.secret_key
    yield from settings.secret_key_fallbacks
    yield settings.stripe_secret_key
    yield from settings.stripe_webhook_secrets
    yield settings.mailerlite_api_key
    yield settings.mailerlite_webhook_secret
    yield settings.mail_password
    for url in (settings.database_url, settings.queue_url):
        password = urlsplit(url).password
        yield password
        yield unquote(password) if password else None


def _without(secrets: Iterable[str], said: Said) -> Said:
    """In one line. What other programs say may repeat what we sent them, or steer a terminal."""
    what = "".join(c if c.isprintable() else " " for c in said.what)
    what = " ".join(what.split())
    for secret in secrets:
        what = what.replace(secret, "[secret]")
    return Said(said.level, what[:MOST], said.do)
