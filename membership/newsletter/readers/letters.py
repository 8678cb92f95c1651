"""Mails to readers about their letters; none of them is a letter."""

from membership import clock, config, links, outbox
from membership.db import db
from membership.newsletter import reader_links, subscribers
from membership.newsletter.codes import emails
from membership.newsletter.models import Subscriber
from membership.newsletter.readers import erasing
from membership.outbox import Mail, OutboxMessage


def link(message: OutboxMessage) -> Mail | None:
    """params: token_hash. None when it was used, replaced by a newer one, or is too old."""
    token = reader_links.token_for(
        db.session(), message.recipient, message.params["token_hash"], now=clock.now()
    )
    if token is None:
        return None
    return outbox.draw(
        f"Your letters from {config.current().site_name}",
        text="newsletter/email/reader_link.txt",
        html="newsletter/email/reader_link.html",
        email=message.recipient,
        page_url=links.whole("reader.link", token=token),
    )


def unknown(message: OutboxMessage) -> Mail | None:
    """To whoever asked for a link, at an address that nothing is sent to. None when something is
    by now."""
    if subscribers.find(db.session(), message.recipient):
        return None
    return outbox.draw(
        f"Your letters from {config.current().site_name}",
        text="newsletter/email/reader_unknown.txt",
        html="newsletter/email/reader_unknown.html",
        email=message.recipient,
        home_url=links.whole("pages.home"),
    )


def code(message: OutboxMessage) -> Mail | None:
    """The code that proves the new address. params: challenge_id, reader_id. None when it cannot be
    used any more, or whoever asked was forgotten."""
    return emails.for_one(
        message,
        db.session.get(Subscriber, message.params["reader_id"]),
        text="newsletter/email/reader_code.txt",
        html="newsletter/email/reader_code.html",
    )


def moved(_: OutboxMessage) -> Mail:
    """To the address that was left."""
    return outbox.draw(
        f"Your letters from {config.current().site_name} go to another address",
        text="newsletter/email/reader_moved.txt",
        html="newsletter/email/reader_moved.html",
    )


def forgotten(message: OutboxMessage) -> Mail:
    """The receipt. params: those of erasing.Kept."""
    return outbox.draw(
        f"{config.current().site_name} has forgotten you",
        text="newsletter/email/reader_forgotten.txt",
        html="newsletter/email/reader_forgotten.html",
        kept=erasing.sentences(erasing.Kept(**message.params)),
    )
