"""The mail to an owner: what needs them."""

from membership import config, links, outbox
from membership.accounts import registration
from membership.admin.needs import standing
from membership.admin.needs.need import rank
from membership.db import db
from membership.outbox import Mail, OutboxMessage

LETTER = "owner_needs"


def needs(message: OutboxMessage) -> Mail | None:
    """params: names. None when nothing of it needs anybody any more, or they are no owner."""
    user = registration.find(db.session(), message.recipient)
    found = [standing.find(db.session(), name) for name in message.params["names"]]
    stand = sorted((need for need in found if need), key=rank)
    if user is None or not user.is_owner or not stand:
        return None
    site = config.current().site_name
    title = stand[0].title if len(stand) == 1 else f"{len(stand)} things need you"
    return outbox.draw(
        f"{title} · {site}",
        text="admin/email/needs.txt",
        html="admin/email/needs.html",
        needs=[(need, links.whole(need.endpoint)) for need in stand],
        desk_url=links.whole("admin.overview"),
    )
