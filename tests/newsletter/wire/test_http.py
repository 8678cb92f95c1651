"""Whatever MailerLite answers, or does not, becomes one of our errors; and the key stays here."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from membership.due import Away
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import (
    KeyRefused,
    MailerLite,
    MailerLiteError,
    NotThere,
    NotUnderstood,
    Rejected,
    Unavailable,
)
from membership.newsletter.wire import http
from membership.newsletter.wire.http import Http, Manners
from sandbox.server import Sandbox
from tests.support import odd_server
from tests.support.mailerlite_has import may_be_called_again
from tests.support.odd_server import HEAD, answering
from tests.support.people import ADA
from tests.support.ports import free_ports

KEY = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiJvd25lciJ9.not-a-signature"
SHORT = Manners(whole=0.3, urgent=True)
ANOTHER_SHAPE = "the answer has another shape"
REFUSED = b'{"message":"The given data was invalid.","errors":{"email":["It must be valid."]}}'
NEWER = (
    b'{"message":"The groups.0 field must be a number. (and 1 more error)","errors":{"groups.0":'
    b'["The groups.0 field must be a number."],"groups.1":["The groups.1 field must be one."]}}'
)
NO_ROW = b'{"message":"No query results for model [App\\\\Models\\\\Subscriber\\\\Subscriber]."}'
ANSWERS: dict[str, tuple[int, bytes, type[MailerLiteError], str]] = {
    "the key is dead": (401, b'{"message":"Unauthenticated."}', KeyRefused, "401 Unauth"),
    "the plan does not have it": (403, b'{"message":"Upgrade."}', Rejected, "403 Upgrade."),
    "no such row": (404, NO_ROW, NotThere, "404 No query"),
    "no such route": (404, b'{"message":"The route x could not"}', Rejected, "404 The route"),
    "not in this way": (405, b"<html>", Rejected, "405 Method Not Allowed"),
    "a fault on their side": (408, b"", Unavailable, "408 Request Timeout"),
    "refused, by name": (422, REFUSED, Rejected, "422 The given data was invalid.; email: It must"),
    "refused, newer": (422, NEWER, Rejected, "(and 1 more error); groups.1: The groups.1 field"),
    "refused in a bare string": (422, b'"Campaign settings missing"', Rejected, "422 Campaign set"),
    "refused in no words": (422, b"[[]]", Rejected, "422 Unprocessable"),
    "refused with odd names": (422, b'{"errors":{"a":"b"}}', Rejected, "422 a: b"),
    "refused in half a letter": (422, b'{"message":"\\ud800 so\\u0000"}', Rejected, "422 so"),
    "too many calls": (429, b'{"message":"Too Many Attempts."}', Unavailable, "429 Too Many"),
    "it broke": (500, b'{"message":"Server Error"}', Unavailable, "500 Server Error"),
    "a proxy's page": (502, b"<html><h1>Bad Gateway", Unavailable, "502 Bad Gateway"),
    "away for a while": (503, b'{"message":"Service Unavailable"}', Unavailable, "503 Service"),
    "of no known number": (599, b"", Unavailable, "599 no reason given"),
    "a page where JSON was due": (200, b"<html>hello", Unavailable, "was not JSON"),
    "nested without end": (200, b"[" * 100_000, Unavailable, "was not JSON"),
    "nothing": (200, b"", NotUnderstood, ANOTHER_SHAPE),
    "a list": (200, b"[]", NotUnderstood, ANOTHER_SHAPE),
    "a number": (200, b"7", NotUnderstood, ANOTHER_SHAPE),
    "no data": (200, b"{}", NotUnderstood, ANOTHER_SHAPE),
    "data is nothing": (200, b'{"data":null}', NotUnderstood, ANOTHER_SHAPE),
    "data is a list": (200, b'{"data":[{"id":"1"}]}', NotUnderstood, ANOTHER_SHAPE),
    "half of it": (200, b'{"data":{"id":"1"}}', NotUnderstood, ANOTHER_SHAPE),
    "an id that is none": (
        200,
        b'{"data":{"id":{},"email":"a@b.c","status":"active"}}',
        NotUnderstood,
        ANOTHER_SHAPE,
    ),
    "a status that is none": (
        200,
        b'{"data":{"id":"1","email":"a@b.c","status":["active"]}}',
        NotUnderstood,
        ANOTHER_SHAPE,
    ),
}


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def asked_at(address: str, manners: Manners = SHORT) -> MailerLite:
    return MailerLite(Http(address, KEY, manners), {})


def test_every_answer_becomes_one_of_our_errors(app: Flask) -> None:
    for what, (status, body, kind, words) in ANSWERS.items():
        may_be_called_again(app)
        with answering(status, body) as address, pytest.raises(MailerLiteError) as raised:
            asked_at(address).upsert(ADA)
        assert type(raised.value) is kind, what
        assert words in str(raised.value), what
        assert str(raised.value).isprintable(), what
        assert isinstance(raised.value, Away) is (kind in (Unavailable, KeyRefused)), what


def test_what_is_wrong_is_told_by_the_name_of_its_field() -> None:
    with answering(422, NEWER) as address, pytest.raises(Rejected) as raised:
        asked_at(address).upsert(ADA)
    assert raised.value.status == 422
    assert raised.value.errors["groups.1"] == ("The groups.1 field must be one.",)


Beginning = Callable[[], AbstractContextManager[str]]


@contextmanager
def nobody() -> Iterator[str]:
    yield f"http://127.0.0.1:{free_ports(1)[0]}"


@contextmanager
def dripping(scheme: str, beginning: bytes) -> Iterator[str]:
    with odd_server.dripping(beginning) as address:
        yield f"{scheme}://{address}"


TOO_SLOW, NONE = "no whole answer within 0.3 seconds", "no answer"
ODD: dict[str, tuple[Beginning, str]] = {
    "nobody is there": (nobody, NONE),
    "it says nothing": (odd_server.silent, TOO_SLOW),
    "its first line drips": (lambda: dripping("http", b"HTTP/1.1 "), TOO_SLOW),
    "its headers drip": (lambda: dripping("http", HEAD + b"X-Long: "), TOO_SLOW),
    "its body drips": (lambda: dripping("http", HEAD + b"\r\n"), TOO_SLOW),
    "it shakes hands without end": (lambda: dripping("https", b"\x16\x03\x03\x40\x00"), TOO_SLOW),
    "it is no HTTP": (lambda: dripping("http", b"SSH-2.0-\r\n"), NONE),
    "its certificate is nobody's": (odd_server.not_to_be_trusted, "no answer: SSLError"),
    "it talks without end": (odd_server.endless, "longer than 8 MB"),
}


def test_no_answer_holds_nobody_up() -> None:
    for what, (begin, words) in ODD.items():
        manners = SHORT if words == TOO_SLOW else Manners(whole=30.0, urgent=True)
        with begin() as address, pytest.raises(Unavailable) as raised:
            asked_at(address, manners).count()
        assert words in str(raised.value), what


def test_who_sends_us_elsewhere_does_not_get_the_key_there(sandbox: Sandbox) -> None:
    elsewhere = f"{sandbox.mailerlite_base}/subscribers?limit=0"
    for status in (301, 302, 303, 307, 308):
        with (
            answering(status, b"", Location=elsewhere) as address,
            pytest.raises(Unavailable, match=f"{status}: it sends us to another address"),
        ):
            asked_at(address).count()


def test_the_key_stands_in_no_error_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(mailerlite.client()), repr(vars(asked_at("http://127.0.0.1:9")))]
    for key in (KEY, f"{KEY}\r\nX-Evil: 1", f"{KEY}é€"):
        for status in (401, 422, 500):
            with odd_server.repeating_what_it_was_sent(status) as address:
                try:
                    MailerLite(Http(address, key, SHORT), {}).upsert(ADA)
                except MailerLiteError:
                    said.append(traceback.format_exc())
    assert len(said) == 11
    assert any("[key]" in each for each in said)
    assert KEY not in "".join(said) + caplog.text


def test_no_file_of_the_machine_takes_the_keys_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with (
        odd_server.repeating_what_it_was_sent(422) as address,
        pytest.raises(Rejected, match=r"Unknown: Bearer \[key\]"),
    ):
        asked_at(address).upsert(ADA)


def test_work_tries_once_more_and_who_is_urgent_does_not() -> None:
    for manners, calls in ((http.WORKING, 2), (http.URGENT, 1)):
        with odd_server.counting(503) as (address, asked), pytest.raises(Unavailable):
            asked_at(address, manners).upsert(ADA)
        assert len(asked) == calls


def test_a_no_is_not_asked_for_twice() -> None:
    for status in (401, 403, 404, 405, 422):
        with odd_server.counting(status) as (address, asked), pytest.raises(Rejected):
            asked_at(address, http.WORKING).upsert(ADA)
        assert len(asked) == 1, status


MAKING: tuple[Callable[[MailerLite], object], ...] = (
    lambda client: client.create_group("Free"),
    lambda client: client.create_field("Code"),
    lambda client: client.create_webhook("us", "https://letters.example", []),
)


def test_what_would_be_made_twice_is_not_tried_twice() -> None:
    for make in MAKING:
        with odd_server.counting(503) as (address, asked), pytest.raises(Unavailable):
            make(asked_at(address, http.WORKING))
        assert len(asked) == 1


def test_a_pause_that_is_asked_for_is_told(app: Flask) -> None:
    with answering(429, b"{}", Retry_After="119") as address, pytest.raises(Unavailable) as raised:
        asked_at(address, http.WORKING).count()
    assert raised.value.wait == timedelta(seconds=119)


def test_a_pause_in_other_words_is_none() -> None:
    for odd in ("-1", "soon", "²", "9" * 40, "Fri, 31 Dec 2027 23:59:59 GMT"):
        with answering(503, b"{}", Retry_After=odd) as address, pytest.raises(Unavailable) as said:
            asked_at(address).count()
        assert said.value.wait is None, odd
