"""A MailerLite that does not hear of groups, and would send every campaign to everybody."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from flask import Flask

from membership import clock
from membership.db import db, transaction
from membership.library.posts import library
from membership.library.publishing import asking
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.mail import Work
from tests.support.working import works


@pytest.fixture
def deaf(sandbox: Sandbox) -> Iterator[str]:
    """Its address: the sandbox's, with the groups left out of whatever is said of campaigns."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "/campaigns" in self.path and body:
                body = json.dumps({**json.loads(body), "groups": []}).encode()
            told = requests.request(
                self.command,
                sandbox.mailerlite_base + self.path,
                data=body,
                headers={"Authorization": "Bearer sandbox"},
                timeout=10,
            )
            self.send_response(told.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.02,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_would_go_to_everybody_goes_to_nobody(
    app: Flask, make_app: MakeApp, sandbox: Sandbox, content: Path, deaf: str, work: Work
) -> None:
    work()
    other = make_app(CONTENT_DIR=str(content), MAILERLITE_API_BASE=deaf)
    with other.app_context():
        post = library().find("locked")
        assert post
        with transaction() as session:
            asking.ask(session, post, now=clock.now())
        works(other)
        reasons = {each.reason for each in asking.of_post(db.session(), "locked")}
    sandbox.clock.catch_up()

    assert reasons == {"MailerLite would have sent it to everybody. Nothing was sent."}
    assert sandbox.lists.store.find("campaign") == []
    assert not [mail for mail in sandbox.mailbox.messages if mail.via == "MailerLite"]
