"""Ask for the newsletter, and confirm it. The first half of the story."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import journal, limits
from membership.limits import Door, Limit
from membership.newsletter import consents, subscribers, visits
from membership.newsletter.codes import challenges, channels, sends
from membership.newsletter.models import Challenge, Subscriber
from membership.waits import TooSoon

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Half of what an address may be sent (digits.PER_HOUR, PER_DAY): no stranger uses up all of it, and
# what he asks for, its owner finds in their inbox and can use.
ASKS = Door(
    "code asked",
    "Several codes were asked for already.",
    per_asker=(Limit(3, _HOUR), Limit(5, _DAY)),
    per_network=(Limit(20, _HOUR),),
)


def ask(
    session: Session,
    email: str,
    *,
    now: datetime,
    resend: bool = False,
    for_newsletter: bool = True,
) -> timedelta:
    """Send this address a code, unless it must wait. Returns the wait: zero when one was sent.

    Only a code for the newsletter may go by way of the list.
    """
    subscriber = subscribers.of(session, email, now=now)
    session.refresh(subscriber, with_for_update=True)  # asks at once are counted one by one
    wait = sends.wait(session, email, now=now)
    with session.begin_nested() as draft:
        try:
            limits.knock(session, ASKS, account=email, now=now)
        except TooSoon as too_soon:  # of this asker alone; the answer is the same
            wait = max(wait, timedelta(seconds=too_soon.seconds))
        facts = sends.facts(session, email, for_newsletter=for_newsletter, now=now, resend=resend)
        channel, reason = channels.first(facts)
        challenge = challenges.issue(session, email, challenges.JOIN, now=now)
        sends.begin(session, challenge, channel, reason, now=now, for_newsletter=for_newsletter)
        if wait:  # after as much work as a code is: nobody is to measure which addresses wait
            draft.rollback()
    journal.record(
        session,
        "newsletter.code_waits" if wait else "newsletter.code_asked",
        email=email,
        channel=channel,
    )
    return wait


def letters_wanted(session: Session, email: str) -> bool:
    """Whether the code for this address was asked for with the newsletter, and not only as the way
    in: as this browser knows, unless it has asked for another address's since. For whoever has the
    code, and nobody else: it tells what the owner of the address has asked for."""
    if visits.knows(email):
        return visits.wants_letters()
    return sends.last_for_newsletter(session, email)


def letters_by_link(session: Session, challenge: Challenge) -> bool:
    """The same for the link beside the code: in another browser it is enough that anybody has asked
    for the newsletter with this code, and the page says so before it is confirmed."""
    if visits.knows(challenge.email):
        return visits.wants_letters()
    return sends.asked_for_letters(session, challenge)


def confirm(
    session: Session,
    email: str,
    *,
    letters: bool,
    challenge: Challenge | None = None,
    asking: str | None = None,
    now: datetime,
) -> Subscriber:
    """The address is proven. With `letters` the subscription counts from now on, and MailerLite is
    to know; without, a subscription there was before stays.

    `challenge`: what has just proven it, and with it what was agreed to in this `asking` (see
    `consents.proven`).
    """
    subscriber = subscribers.of(session, email, now=now)
    session.refresh(subscriber, with_for_update=True)  # they may be leaving in another window
    subscriber.letters = subscriber.letters or letters
    if subscriber.confirmed_at is None:
        journal.record(session, "newsletter.confirmed", email=email)
    subscribers.come_back(subscriber, now=now)
    if challenge and letters and not subscriber.refused:
        consents.proven(session, challenge, asking=asking, now=now)
    return subscriber
