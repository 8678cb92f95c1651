"""MailerLite's calls that work here."""

import re
from collections.abc import Callable

from sandbox.mailerlite import (
    activity,
    automations,
    campaigns,
    fields,
    groups,
    runs,
    sending,
    subscribers,
    webhooks,
)
from sandbox.mailerlite.wire import Reply

Act = Callable[..., Reply]
ROUTES: tuple[tuple[str, str, Act], ...] = (
    ("POST", "subscribers", subscribers.upsert),
    ("GET", "subscribers", subscribers.list_),
    ("GET", "subscribers/{}", subscribers.get),
    ("PUT", "subscribers/{}", subscribers.put),
    ("DELETE", "subscribers/{}", subscribers.delete),
    ("POST", "subscribers/{}/forget", subscribers.forget),
    ("GET", "subscribers/{}/activity-log", activity.list_),
    ("POST", "subscribers/{}/groups/{}", subscribers.join),
    ("DELETE", "subscribers/{}/groups/{}", subscribers.leave),
    ("GET", "groups", groups.list_),
    ("POST", "groups", groups.create),
    ("PUT", "groups/{}", groups.put),
    ("DELETE", "groups/{}", groups.delete),
    ("GET", "groups/{}/subscribers", subscribers.of_group),
    ("GET", "fields", fields.list_),
    ("POST", "fields", fields.create),
    ("PUT", "fields/{}", fields.put),
    ("DELETE", "fields/{}", fields.delete),
    ("GET", "automations", automations.list_),
    ("POST", "automations", automations.create),
    ("GET", "automations/{}", automations.get),
    ("DELETE", "automations/{}", automations.delete),
    ("GET", "automations/{}/activity", runs.list_),
    ("GET", "campaigns", campaigns.list_),
    ("POST", "campaigns", campaigns.create),
    ("GET", "campaigns/{number}", campaigns.get),
    ("PUT", "campaigns/{number}", campaigns.put),
    ("DELETE", "campaigns/{number}", campaigns.delete),
    ("POST", "campaigns/{number}/schedule", sending.schedule),
    ("POST", "campaigns/{number}/cancel", sending.cancel),
    ("GET", "webhooks", webhooks.list_),
    ("POST", "webhooks", webhooks.create),
    ("GET", "webhooks/{}", webhooks.get),
    ("PUT", "webhooks/{}", webhooks.put),
    ("DELETE", "webhooks/{}", webhooks.delete),
)
NUMBER, ANYTHING = r"(\d+)", r"([^/]+)"
PATTERNS = [
    (method, re.compile(path.replace("{number}", NUMBER).replace("{}", ANYTHING)), act)
    for method, path, act in ROUTES
]


def route(method: str, path: str) -> tuple[Act, tuple[str, ...]] | None:
    """What answers a call, and the ids in its path."""
    for verb, pattern, act in PATTERNS:
        found = pattern.fullmatch(path)
        if verb == method and found:
            return act, found.groups()
    return None
