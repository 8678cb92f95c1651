"""What happens to subscribers without the API: by their own doing, and by their mail servers'."""

from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.subscribers import MONTH, find
from sandbox.mailerlite.wire import Refusal, moment
from sandbox.mailerlite.writing import remove, save
from sandbox.store import Document

MAILED = ("active", "unconfirmed")


def unsubscribe(lists: Lists, subscriber_id: str) -> Document:
    """Somebody pressed the button behind the link that every mail has."""
    before = find(lists, subscriber_id)
    subscriber = {**before, "status": "unsubscribed", "unsubscribed_at": lists.now()}
    save(lists, subscriber, before)
    return subscriber


def confirm(lists: Lists, subscriber_id: str) -> Document:
    """Somebody pressed the button behind the link of a double opt-in."""
    before = find(lists, subscriber_id)
    if before["status"] != "unconfirmed":
        return before
    address = {"opted_in_at": lists.now(), "optin_ip": "127.0.0.1"}
    subscriber = {**before, "status": "active", **address}
    save(lists, subscriber, before)
    return subscriber


def bounce(lists: Lists, subscriber_id: str) -> Document:
    """A mail came back: there is no such mailbox."""
    return _became(lists, subscriber_id, "bounced")


def complain(lists: Lists, subscriber_id: str) -> Document:
    """Somebody pressed “this is junk” in their mail program."""
    return _became(lists, subscriber_id, "junk")


def delete(lists: Lists, subscriber_id: str) -> None:
    """The owner deletes somebody on MailerLite's own page."""
    remove(lists, find(lists, subscriber_id))


def forget(lists: Lists, subscriber_id: str) -> None:
    """The owner has somebody forgotten, on MailerLite's own page."""
    forget_at = moment(lists.clock.now() + MONTH)
    remove(lists, find(lists, subscriber_id), forget_at=forget_at)


def _became(lists: Lists, subscriber_id: str, status: str) -> Document:
    before = find(lists, subscriber_id)
    if before["status"] not in MAILED:
        said = f"{before['email']} is {before['status']}: no mail goes there that could fail."
        raise Refusal(409, {"message": said})
    subscriber = {**before, "status": status}
    save(lists, subscriber, before)
    return subscriber
