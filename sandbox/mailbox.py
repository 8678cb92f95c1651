"""Every mail that was sent on this machine, by SMTP or by MailerLite."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from sandbox import ids
from sandbox.paging import Page, page
from sandbox.store import Document, Store

KIND = "mail"


@dataclass(frozen=True)
class Mail:
    """One mail to one address. `text` and `html` are empty where that part is missing."""

    to: str
    sender: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    at: datetime
    via: str
    id: str = field(default_factory=lambda: ids.new("mail"))


class Mailbox:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._arrived = store.lock.condition()

    @property
    def messages(self) -> list[Mail]:
        """Oldest first."""
        return [_restored(document) for document in self._store.find(KIND)]

    @property
    def newest(self) -> str | None:
        """The id of the last mail that came."""
        found = self._store.beyond(KIND, None, newer=False, most=1, wanted=bool)
        return str(found[0]["id"]) if found else None

    def page(self) -> tuple[list[Mail], Page]:
        """The mails of the page that is asked for, newest first."""
        found = page(self._store, KIND)
        return [_restored(document) for document in found.documents], found

    def to(self, address: str) -> list[Mail]:
        """What one address got, oldest first; the case of letters does not matter."""
        return [mail for mail in self.messages if mail.to.lower() == address.lower()]

    def latest(self, *, to: str, timeout: float = 0) -> Mail:
        """The newest mail to an address; waits for a first one. Raises LookupError."""
        with self._arrived:
            self._arrived.wait_for(lambda: self.to(to), timeout)
            found = self.to(to)
        if not found:
            raise LookupError(f"no mail to {to}; there is mail to {sorted(self._addresses())}")
        return found[-1]

    def drop(self, mail: Mail) -> None:
        with self._arrived:
            self._store.put(KIND, mail.id, {**asdict(mail), "at": mail.at.isoformat()})
            self._arrived.notify_all()

    def _addresses(self) -> set[str]:
        return {mail.to for mail in self.messages}


def _restored(document: Document) -> Mail:
    """A mail as it is kept."""
    return Mail(**{**document, "at": datetime.fromisoformat(document["at"])})


def read(content: bytes, to: str, via: str) -> Mail:
    """A mail as it came over SMTP."""
    message = BytesParser(policy=policy.default).parsebytes(content)
    return Mail(
        to=to,
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers=_headers(message),
        at=datetime.now(UTC),
        via=via,
    )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    return str(body.get_content()).replace("\r\n", "\n") if body else ""


def _headers(message: EmailMessage) -> dict[str, str]:
    headers: Mapping[str, str] = {name: str(value) for name, value in message.items()}
    return dict(headers)
