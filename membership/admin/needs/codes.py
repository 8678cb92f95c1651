"""Whether codes are used as they were, by our own rows: nobody is asked."""

from collections.abc import Iterator

from membership import clock
from membership.admin.needs.need import Need, Severity
from membership.db import db
from membership.newsletter.codes import figures, shares
from membership.newsletter.codes.channels import Channel
from membership.newsletter.codes.figures import Fall

NAMES = {Channel.MAILERLITE: "MailerLite", Channel.SMTP: "SMTP"}
LOOK = {
    Channel.MAILERLITE: "Is its automation on? flask newsletter check looks; send yourself one.",
    Channel.SMTP: "Do they land in spam, or come late? Send yourself one, to an address elsewhere.",
}


def found() -> Iterator[Need]:
    falls = figures.falls(db.session(), now=clock.now())
    if falls:
        ways = " and by ".join(NAMES[fall.channel] for fall in falls)
        yield Need(
            name="codes-unused",
            severity=Severity.SOON,
            title=f"Codes sent by {ways} are hardly used any more",
            sentence=" ".join(_sentence(fall) for fall in falls),
            endpoint="desk_codes.codes",
        )


def _sentence(fall: Fall) -> str:
    lately, before = fall.lately, fall.before
    said = f"Of {lately.people} people in the last day, {lately.used or 'none'} used theirs"
    if before.people >= shares.HISTORY:
        said += f"; in the weeks before it was {before.part:.0%}"
    return f"{said}. {LOOK[fall.channel]}"
