"""Mails as MailerLite sends them: with what it knows of the reader, a footer and a way out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from sandbox.mailbox import Mail
from sandbox.mailerlite.lists import Lists
from sandbox.store import Document

ACCOUNT = "The newsletter"
ADDRESS = "1 Example Street, Exampleton, Exampleland"
SENDER = f"{ACCOUNT} <newsletter@example.com>"
VARIABLE = re.compile(r"\{\$(\w+)(?:\|default\('([^']*)'\))?\}")
UNSUBSCRIBE = "{$unsubscribe}"
TEXT_FOOTER = """
You get this mail because this address was given on our site.
{$account}, {$address}
Unsubscribe: {$unsubscribe}
"""
HTML_FOOTER = """
<p style="color:#666;font-size:.85rem">You get this mail because this address was given on our site.
{$account}, {$address}. <a href="{$unsubscribe}">Unsubscribe</a></p>
"""


@dataclass(frozen=True)
class Letter:
    """What is sent, before it is addressed to anybody; `url` shows it in a browser."""

    subject: str
    text: str
    html: str
    sender: str = SENDER
    reply_to: str = ""
    url: str = ""


def confirmation(lists: Lists, subscriber: Document) -> Letter:
    """The mail of a double opt-in: one link."""
    link = f"{lists.public_url}/mailerlite/confirm/{subscriber['id']}"
    return Letter(
        subject="Please confirm your subscription",
        text=f"Confirm that you want our newsletter:\n\n{link}\n",
        html=f'<p>Confirm that you want our newsletter:</p><p><a href="{link}">Confirm</a></p>\n',
    )


def post(lists: Lists, subscriber: Document, letter: Letter) -> None:
    """Into the mailbox, with what the fields hold at this moment."""
    lists.mailbox.drop(_mail(lists, subscriber, letter))
    current = lists.store.get("subscriber", subscriber["id"])
    if current:
        lists.write({**current, "sent": current["sent"] + 1})


def _mail(lists: Lists, subscriber: Document, letter: Letter) -> Mail:
    unsubscribe = f"{lists.public_url}/mailerlite/unsubscribe/{subscriber['id']}"
    values = {
        **subscriber["fields"],
        "email": subscriber["email"],
        "account": ACCOUNT,
        "address": ADDRESS,
        "unsubscribe": unsubscribe,
        "url": letter.url,
    }
    safe = {key: escape(str(value)) for key, value in values.items() if value}
    subject = rendered(letter.subject, values)
    headers = {
        "From": letter.sender,
        "To": subscriber["email"],
        "Subject": subject,
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return Mail(
        to=subscriber["email"],
        sender=letter.sender,
        subject=subject,
        text=rendered(_with(letter.text, TEXT_FOOTER), values),
        html=rendered(_with(letter.html, HTML_FOOTER, before="</body>"), safe),
        headers=headers | ({"Reply-To": letter.reply_to} if letter.reply_to else {}),
        at=datetime.now(UTC),
        via="MailerLite",
    )


def _with(content: str, footer: str, before: str = "") -> str:
    """With the usual footer, unless there is a way out in it already."""
    if UNSUBSCRIBE in content:
        return content
    head, end, rest = content.rpartition(before) if before in content and before else ("", "", "")
    return f"{head}{footer}{end}{rest}" if end else content + footer


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """What a field holds; an empty one is its default, or nothing."""
    return VARIABLE.sub(lambda found: str(values.get(found[1]) or found[2] or ""), template)
