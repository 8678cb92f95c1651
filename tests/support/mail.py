"""Reading one's mail."""

import re
from collections.abc import Callable

from sandbox.server import Sandbox

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
