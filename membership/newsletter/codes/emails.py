"""The mail with the code in it."""

from sqlalchemy import select

from membership import clock, config, links, outbox
from membership.db import db
from membership.newsletter.codes import challenges, digits, mail_links
from membership.newsletter.models import Challenge, Subscriber
from membership.outbox import Mail, OutboxMessage


def code(message: OutboxMessage) -> Mail | None:
    """params: challenge_id. None when the code cannot be used any more."""
    challenge = db.session.get_one(Challenge, message.params["challenge_id"])
    if not challenges.usable(challenge, clock.now()):
        return None
    settings = config.current()
    joined = challenges.code_of(challenge)
    spaced = digits.spaced(joined)
    has_account = select(Subscriber.has_account).where(Subscriber.email == challenge.email)
    return outbox.draw(
        f"{spaced} is your {settings.site_name} code",
        text="newsletter/email/code.txt",
        html="newsletter/email/code.html",
        code=joined,
        spaced=spaced,
        minutes=challenges.minutes_left(challenge, clock.now()),
        link_url=links.whole("accounts.link", token=mail_links.token_of(challenge)),
        has_account=bool(db.session.scalar(has_account)),
        login_url=links.whole("accounts.login"),
    )
