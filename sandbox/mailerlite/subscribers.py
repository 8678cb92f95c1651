"""Subscribers: made and added to by POST, overwritten by PUT."""

from sandbox.mailerlite import given, groups
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_cursor
from sandbox.mailerlite.wire import Call, Reply, invalid, moment, no_such
from sandbox.mailerlite.writing import ask_to_confirm, remove, save
from sandbox.store import Document, Wanted

DEAD = ("unsubscribed", "bounced", "junk")
USUAL = 25
MONTH = 30 * 24 * 60 * 60


def upsert(lists: Lists, call: Call) -> Reply:
    """201 for a new one, 200 for one that was there. Takes nothing away."""
    email = given.email(call.body.get("email"))
    written = given.written(lists, call.body)
    before = lists.by_email(email)
    if before is None:
        return 201, {"data": lists.shown(_made(lists, email, written))}
    back = before["status"] == "unsubscribed"
    if back and call.body.get("resubscribe") is not True:
        raise invalid(email="This subscriber is unsubscribed and cannot be imported")
    after = {
        **before,
        **_allowed(lists, before, written),
        "fields": {**before["fields"], **written.get("fields", {})},
        "groups": list(dict.fromkeys([*before["groups"], *written.get("groups", [])])),
    }
    if back and after["status"] != "unsubscribed":
        after["unsubscribed_at"] = None
    saved = _saved(lists, after, before)
    if back and saved["status"] == "unconfirmed":
        ask_to_confirm(lists, saved)
    return 200, {"data": lists.shown(find(lists, saved["id"]))}


def _made(lists: Lists, email: str, written: Document) -> Document:
    asks = double_opt_in(lists) and written.get("status", "active") in ("active", "unconfirmed")
    status = {"status": "unconfirmed"} if asks else {}
    made = _saved(lists, {**_new(lists, email), **written, **status}, None)
    if asks:
        ask_to_confirm(lists, made)
    return find(lists, made["id"])


def _allowed(lists: Lists, before: Document, written: Document) -> Document:
    """Nobody comes back from a bounce or a complaint by POST, nor active unasked."""
    wanted = written.get("status", "active" if before["status"] == "unsubscribed" else None)
    if before["status"] in ("bounced", "junk") or wanted is None:
        wanted = before["status"]
    elif wanted == "active" and before["status"] != "active" and double_opt_in(lists):
        wanted = "unconfirmed"
    return {**written, "status": wanted}


def _saved(lists: Lists, after: Document, before: Document | None) -> Document:
    left = before is None or before["status"] != "unsubscribed"
    if after["status"] == "unsubscribed" and left:
        after["unsubscribed_at"] = after["unsubscribed_at"] or lists.now()
    save(lists, after, before)
    return after


def double_opt_in(lists: Lists) -> bool:
    """Whether the account asks for one of those who come by the API."""
    return bool(lists.setting("double_opt_in", False))


def put(lists: Lists, call: Call, subscriber_id: str) -> Reply:
    """`groups`, when given, are the only ones from now on."""
    before = find(lists, subscriber_id)
    written = given.written(lists, call.body)
    status = written.get("status", before["status"])
    if before["status"] in DEAD and status != before["status"]:
        raise invalid(status=f"The subscriber is {before['status']} and cannot be activated.")
    if "email" in call.body:
        written["email"] = given.email(call.body["email"])
        other = lists.by_email(written["email"])
        if other and other["id"] != before["id"]:
            raise invalid(email="The email has already been taken.")
    fields = {**before["fields"], **written.get("fields", {})}
    _saved(lists, {**before, **written, "fields": fields}, before)
    return 200, {"data": lists.shown(find(lists, before["id"]))}


def get(lists: Lists, _call: Call, subscriber_id: str) -> Reply:
    return 200, {"data": lists.shown(find(lists, subscriber_id))}


def list_(lists: Lists, call: Call) -> Reply:
    if call.query.get("limit") == "0":
        return 200, {"total": len(lists.store.find("subscriber"))}
    return _page(lists, call, lambda _: True)


def of_group(lists: Lists, call: Call, group_id: str) -> Reply:
    groups.find(lists, group_id)
    return _page(lists, call, lambda subscriber: group_id in subscriber["groups"])


def _page(lists: Lists, call: Call, inside: Wanted) -> Reply:
    status = call.one_of("status", given.STATUSES)
    shown = lists.shown if call.query.get("include") == "groups" else lists.shown_in_list
    return by_cursor(
        call, lists.store, lambda s: status in (None, s["status"]) and inside(s), shown, USUAL
    )


def delete(lists: Lists, _call: Call, subscriber_id: str) -> Reply:
    remove(lists, find(lists, subscriber_id))
    return 204, None


def forget(lists: Lists, _call: Call, subscriber_id: str) -> Reply:
    subscriber = find(lists, subscriber_id)
    forget_at = moment(lists.clock.now() + MONTH)
    gone = {**lists.shown(subscriber), "deleted_at": lists.now(), "forget_at": forget_at}
    remove(lists, subscriber, forget_at=forget_at)
    said = "Subscriber data will be completely deleted and forgotten within 30 days."
    return 200, {"data": gone, "message": said}


def join(lists: Lists, _call: Call, subscriber_id: str, group_id: str) -> Reply:
    before, group = find(lists, subscriber_id), groups.find(lists, group_id)
    joined = list(dict.fromkeys([*before["groups"], group_id]))
    save(lists, {**before, "groups": joined}, before)
    return 200, {"data": lists.group_shown(group)}


def leave(lists: Lists, _call: Call, subscriber_id: str, group_id: str) -> Reply:
    before = find(lists, subscriber_id)
    groups.find(lists, group_id)
    save(lists, {**before, "groups": [g for g in before["groups"] if g != group_id]}, before)
    return 204, None


def find(lists: Lists, id_or_email: str) -> Document:
    found = lists.store.get("subscriber", id_or_email) or lists.by_email(id_or_email.lower())
    if not found:
        raise no_such("Subscriber\\Subscriber")
    return found


def _new(lists: Lists, email: str) -> Document:
    now = lists.now()
    return {
        "id": lists.new_id(),
        "email": email,
        "status": "active",
        "source": "api",
        "sent": 0,
        "opens_count": 0,
        "clicks_count": 0,
        "open_rate": 0,
        "click_rate": 0,
        "ip_address": None,
        "subscribed_at": now,
        "unsubscribed_at": None,
        "created_at": now,
        "updated_at": now,
        "fields": {},
        "groups": [],
        "opted_in_at": None,
        "optin_ip": None,
    }
