"""Mails with a code in them."""

from typing import Protocol

from sqlalchemy import select

from membership import clock, config, links, outbox
from membership.db import db
from membership.newsletter.codes import challenges, digits, mail_links
from membership.newsletter.models import Challenge, Subscriber
from membership.outbox import Mail, OutboxMessage


class Asker(Protocol):
    """Whoever asked for a code: a member, or a reader."""

    @property
    def email(self) -> str: ...


def code(message: OutboxMessage) -> Mail | None:
    """params: challenge_id. None when the code cannot be used any more."""
    challenge = db.session.get_one(Challenge, message.params["challenge_id"])
    has_account = select(Subscriber.has_account).where(Subscriber.email == challenge.email)
    return draw(
        message,
        text="newsletter/email/code.txt",
        html="newsletter/email/code.html",
        link_url=links.whole("accounts.link", token=mail_links.token_of(challenge)),
        has_account=bool(db.session.scalar(has_account)),
        login_url=links.whole("accounts.login"),
    )


def for_one(
    message: OutboxMessage, asker: Asker | None, *, text: str, html: str, **values: object
) -> Mail | None:
    """For one person, who alone can enter it: the templates also have `asker`, their address. None
    when they have left as well."""
    if asker is None:
        return None
    return draw(message, text=text, html=html, asker=asker.email, **values)


def draw(message: OutboxMessage, *, text: str, html: str, **values: object) -> Mail | None:
    """From templates, which also have `code` and `minutes`. params: challenge_id. None when the
    code cannot be used any more."""
    challenge, now = db.session.get(Challenge, message.params["challenge_id"]), clock.now()
    if challenge is None or not challenges.usable(challenge, now):
        return None
    code = digits.spaced(challenges.code_of(challenge))
    minutes = challenges.minutes_left(challenge, now)
    subject = f"{code} is your {config.current().site_name} code"
    return outbox.draw(subject, text=text, html=html, code=code, minutes=minutes, **values)
