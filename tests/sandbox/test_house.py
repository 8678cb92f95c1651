"""The sandbox as a house: who may come in, what it keeps, what it never touches."""

import ast
import re
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

import sandbox as package
from sandbox.server import Sandbox
from tests.support.browser import Elsewhere
from tests.support.ports import free_ports

FOLDER = Path(package.__path__[0])


def test_it_is_there_for_this_machine_alone(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])

    for other in ("127.0.0.2", "127.1.2.3"):
        for listening in (port, sandbox.smtp_port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((other, listening), timeout=2)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:4242", "["])
def test_a_name_that_only_points_here_is_not_answered(sandbox: Sandbox, host: str) -> None:
    answer = requests.get(f"{sandbox.url}/mail", headers={"Host": host}, timeout=5)

    assert answer.status_code in (400, 403)
    assert "Mailbox" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_page_cannot_drive_it(sandbox: Sandbox, headers: dict[str, str]) -> None:
    answer = requests.post(
        f"{sandbox.stripe_base}/v1/customers",
        data={"email": "eve@example.com"},
        headers={"Authorization": "Bearer sk_test_x", **headers},
        timeout=5,
    )

    assert answer.status_code == 403
    assert sandbox.account.all("customer") == []


def test_its_pages_load_nothing_from_elsewhere_and_are_in_no_frame(sandbox: Sandbox) -> None:
    for path in ("/", "/mail", "/requests", "/pay/cs_none", "/portal/bps_none"):
        answer = requests.get(sandbox.url + path, timeout=5)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "https://" not in answer.text


def test_every_mail_is_kept_and_shown(sandbox: Sandbox) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Site <site@example.com>", "ada@example.com"
    mail["Subject"] = "Grüße"
    mail.set_content("482 913\n\nviele Grüße\n")
    mail.add_alternative("<p><script>alert(1)</script>482 913</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as smtp:
        smtp.send_message(mail, to_addrs=["ada@example.com", "grace@example.com"])

    kept = sandbox.mailbox.latest(to="ADA@example.com")
    assert (kept.subject, kept.sender) == ("Grüße", "Site <site@example.com>")
    assert kept.text.startswith("482 913\n")
    assert "<p>" in kept.html
    assert kept.headers["Subject"] == "Grüße"
    assert [m.to for m in sandbox.mailbox.messages] == ["ada@example.com", "grace@example.com"]
    page = requests.get(f"{sandbox.url}/mail", timeout=5).text
    assert "Grüße" in page
    assert "<script>alert" not in page  # it is inside the frame's attribute, escaped
    with pytest.raises(LookupError, match="no mail to nobody"):
        sandbox.mailbox.latest(to="nobody@example.com")


def test_a_stopped_sandbox_answers_nobody(sandbox: Sandbox) -> None:
    with Elsewhere() as person:
        person.get(sandbox.url)  # the connection stays open
        sandbox.stop()
        with pytest.raises(requests.ConnectionError):
            person.get(sandbox.url)
    sandbox.start = lambda: None  # type: ignore[method-assign]


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.db"
    with Sandbox(state=state, webhook_url="http://127.0.0.1:9/") as first:
        first.webhooks_paused = True
        seeded = first.seed()
        with smtplib.SMTP("127.0.0.1", first.smtp_port) as smtp:
            smtp.sendmail("a@example.com", "b@example.com", "Subject: Kept\r\n\r\nbody\r\n")
        waiting = first.account.store.find("delivery")

    with Sandbox(state=state) as second:
        assert {n: p["id"] for n, p in second.seed().items()} == {
            n: p["id"] for n, p in seeded.items()
        }
        assert len(second.account.all("price")) == 3
        assert second.mailbox.latest(to="b@example.com").subject == "Kept"
        second.webhooks_paused = True
        ids = {delivery["id"] for delivery in second.account.store.find("delivery")}
        assert {delivery["id"] for delivery in waiting} <= ids


def test_seeding_twice_changes_nothing(sandbox: Sandbox) -> None:
    before = sandbox.account.all("price"), sandbox.account.all("product")
    sandbox.seed()

    assert (sandbox.account.all("price"), sandbox.account.all("product")) == before
    assert len(before[0]) == 3


def test_a_taken_port_is_said() -> None:
    with Sandbox() as first:
        with pytest.raises(OSError, match="in use"):
            Sandbox(port=int(first.url.rpartition(":")[2]))
        other = Sandbox(smtp_port=first.smtp_port)
        with pytest.raises(OSError, match="in use"):
            other.start()


def test_the_command_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port, smtp_port = free_ports(2)
    state = tmp_path / "sandbox.db"
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--smtp-port", str(smtp_port)]
    with subprocess.Popen(
        [*command, "--state", str(state)],
        cwd=FOLDER.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == ["Sandbox", f"http://127.0.0.1:{port}"]
        process.stdout.readline()
        overview = requests.get(f"http://127.0.0.1:{port}/", timeout=5)
        process.terminate()
        _, errors = process.communicate(timeout=10)

    assert overview.status_code == 200
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert state.exists()


def test_it_knows_nothing_of_the_application() -> None:
    """It stands for outside parties: the application is to it what any site is to them."""
    for file in FOLDER.rglob("*.py"):
        for imported in _imports(file):
            assert imported.split(".")[0] not in ("membership", "webhooks", "stripe"), file


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_a_full_mailbox_is_shown_fifty_at_a_time(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/mail"
    assert requests.get(f"{url}/newest", timeout=5).json() is None
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as smtp:
        for number in range(60):
            smtp.sendmail("a@example.com", f"{number}@example.com", "Subject: x\r\n\r\nx\r\n")

    first = requests.get(url, timeout=5).text
    (older,) = re.findall(r'href="(\?before=\w+)"', first)
    second = requests.get(url + older, timeout=5).text

    told = [int(n) for n in re.findall(r'data-to="(\d+)@', first + second)]
    assert told == list(range(59, -1, -1))
    newest = sandbox.mailbox.messages[-1].id
    assert f'data-newest="{newest}"' in first
    assert requests.get(f"{url}/newest", timeout=5).json() == newest
