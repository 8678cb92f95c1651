"""What has changed at MailerLite since we last looked, and what follows from it. Pure.

Both sides may have changed since. Who said no anywhere has said no, until they tick the box here
again or come back there by themselves; who was deleted there is not put back.
"""

from enum import StrEnum

from membership.newsletter.mailerlite import OPTED_OUT
from membership.newsletter.mailing_list.held import ON_THE_LIST, Held
from membership.newsletter.mailing_list.wanted import Reader, Wish


class News(StrEnum):
    STOPPED = "unsubscribed there"
    DELETED = "deleted there"
    CAME_BACK = "subscribed there again"
    ADDED = "put on the list there"


def of(reader: Reader, held: Held | None) -> News | None:
    """What `held`, read just now, tells about this reader that our row does not know."""
    if reader.wish is Wish.WAITING:
        return None
    if held is None:
        gone = reader.status in (*ON_THE_LIST, "bounced") and not reader.resubscribe_at
        return News.DELETED if gone and reader.wish is Wish.LETTERS else None
    if held.status in OPTED_OUT:
        return News.STOPPED if reader.wish is Wish.LETTERS and not _after(reader, held) else None
    if held.status == "active" and reader.wish is not Wish.LETTERS:
        if reader.wish is Wish.STOPPED and reader.status in (*OPTED_OUT, "deleted"):
            return News.CAME_BACK
        if reader.wish is Wish.ABSENT and reader.status is None and not reader.code_given:
            return News.ADDED
    return None


def _after(reader: Reader, held: Held) -> bool:
    """Whether they ticked the box again after having unsubscribed."""
    if reader.resubscribe_at is None:
        return False
    return held.unsubscribed_at is None or held.unsubscribed_at <= reader.resubscribe_at
