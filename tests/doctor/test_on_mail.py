"""The mail server: reached, encrypted, signed in; and no mail is sent."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask

from sandbox.server import Sandbox
from tests.support.checkup import level, said
from tests.support.ports import free_ports

MakeApp = Callable[..., Flask]
LOGIN = {"MAIL_USERNAME": "letters", "MAIL_PASSWORD": "tulips in may"}


def _knows(
    _server: object, _session: object, _envelope: object, _how: str, data: object
) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == b"tulips in may"
    return AuthResult(success=right, handled=False)


@contextmanager
def signing_in(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A mail server that wants a name and a password; its port."""
    port = free_ports(1)[0]
    controller = Controller(
        object(),
        hostname="127.0.0.1",
        port=port,
        authenticator=_knows,
        auth_require_tls=False,
        tls_context=tls,
    )
    controller.start()
    try:
        yield str(port)
    finally:
        controller.stop()


def test_a_server_that_takes_mail(app: Flask, sandbox: Sandbox) -> None:
    assert level(app, "smtp") == "well"
    assert sandbox.mailbox.messages == []


def test_nobody_is_there(make_app: MakeApp) -> None:
    found = said(make_app(MAIL_PORT=str(free_ports(1)[0])), "smtp")
    assert (found.level, "MAIL_SERVER" in found.do) == ("broken", True)


@pytest.mark.parametrize(("password", "is_so"), [("tulips in may", "well"), ("roses", "broken")])
def test_the_password(make_app: MakeApp, password: str, is_so: str) -> None:
    with signing_in() as port:
        found = said(make_app(**{**LOGIN, "MAIL_PORT": port, "MAIL_PASSWORD": password}), "smtp")
    assert (found.level, password in repr(found)) == (is_so, False)


def test_a_certificate_nobody_vouches_for(make_app: MakeApp) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with signing_in(context) as port:
        found = said(make_app(**LOGIN, MAIL_PORT=port, MAIL_USE_TLS="true"), "smtp")
    assert (found.level, "CERTIFICATE_VERIFY_FAILED" in found.what) == ("broken", True)


def test_a_server_that_cannot_encrypt(make_app: MakeApp) -> None:
    assert level(make_app(MAIL_USE_TLS="true"), "smtp") == "broken"


def test_a_password_that_travels_in_the_open(make_app: MakeApp) -> None:
    """This machine, by a name that the check does not know as this machine's."""
    with signing_in() as port:
        found = said(make_app(**LOGIN, MAIL_SERVER="127.1", MAIL_PORT=port), "smtp")
    assert (found.level, "unencrypted" in found.what) == ("look", True)
