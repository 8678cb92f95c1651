"""Reading one's mail."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.server import Sandbox
from tests.support.ports import free_ports

Work = Callable[[], None]


def code_in(subject: str) -> str:
    """The digits that stand first in the subject of a code's mail."""
    found = re.match(r"(\d{3}) ?(\d{3}) is your", subject)
    assert found, subject
    return "".join(found.groups())


def code_for(sandbox: Sandbox, email: str) -> str:
    """The code in the newest mail to this address."""
    return code_in(sandbox.mailbox.latest(to=email).subject)


def mails_to(sandbox: Sandbox, email: str) -> list[str]:
    """Subjects of every mail this address got, oldest first."""
    return [mail.subject for mail in sandbox.mailbox.messages if mail.to == email]


@contextmanager
def mail_server(answer: str) -> Iterator[int]:
    """Its port; it says this of every recipient."""

    class Handler:
        async def handle_RCPT(  # noqa: N802
            self, _server: SMTP, _session: Session, _envelope: Envelope, *_: object
        ) -> str:
            return answer

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
