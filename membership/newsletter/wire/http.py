"""One call to MailerLite by HTTP. The only module that imports `requests`; the key stays here.

No error of a library leaves this module, nor is it kept as the cause of ours: it may quote what was
sent, and the key is among that.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from membership.db import end_reading
from membership.newsletter.wire import budget, errors, guard
from membership.newsletter.wire.errors import MailerLiteError, Unavailable
from membership.newsletter.wire.guard import Guard

CONNECT, BETWEEN_BYTES = 3.05, 10.0  # seconds
LARGEST = 8 * 1024 * 1024  # bytes of an answer
PAUSE = 0.25  # seconds before a call is tried once more
SHORT = timedelta(seconds=5)  # a wait that is worth it
LONGEST_PAUSE = timedelta(hours=1)  # that MailerLite can ask for


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> MailerLiteError | None:
        if self.status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        return errors.refusal(self.status, self.body, wait=_retry_after(self.headers))


@dataclass(frozen=True)
class Manners:
    """How long a call may take as a whole, in seconds, and how often it is tried. `urgent`: it
    waits for no turn, and has some that others have not. `counted`: it takes one at all."""

    whole: float
    tries: int = 1
    urgent: bool = False
    counted: bool = True


WORKING = Manners(whole=25.0, tries=2)
URGENT = Manners(whole=8.0, urgent=True)
LOOKING = Manners(whole=8.0, counted=False)


class Http:
    def __init__(self, base: str, key: str, manners: Manners) -> None:
        self._base = base
        self._bearer = _Bearer(key)
        self._manners = manners

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        once: bool = False,
        imports: bool = False,
    ) -> Any:
        """The JSON of the answer; None where it is empty. Raises MailerLiteError.

        `once`: the call makes something, and would make two if it were done and tried again.
        `imports`: it counts as creating an import.
        """
        end_reading()
        tries_left = self._manners.tries
        while True:
            try:
                answer = self._counted(method, path, body, query, imports=imports)
                if answer.error is None:
                    return answer.body
                safe = answer.status == HTTPStatus.TOO_MANY_REQUESTS or not once
                error = answer.error
            except Unavailable as unavailable:
                safe, error = not once, unavailable
            tries_left -= 1
            if not (tries_left and safe and _may_pass(error)):
                raise error
            time.sleep(PAUSE)

    def _counted(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        *,
        imports: bool,
    ) -> _Answer:
        if not self._manners.counted:
            return self._send(method, path, body, query)
        budget.wait(urgent=self._manners.urgent, imports=imports)
        answer = self._send(method, path, body, query)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            of_imports = imports and "import" in errors.in_words(answer.body)
            budget.refused(_retry_after(answer.headers), imports=of_imports)
        elif answer.status != HTTPStatus.UNAUTHORIZED:
            budget.heard(answer.headers)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
    ) -> _Answer:
        whole = self._manners.whole
        within = Guard(whole)
        try:
            with within, _session() as session:
                found = session.request(
                    method,
                    self._base + path,
                    params=query,
                    json=body,
                    auth=self._bearer,
                    headers={"Accept": "application/json"},
                    timeout=(CONNECT, min(BETWEEN_BYTES, whole)),
                    allow_redirects=False,
                    stream=True,
                )
                content = _content(found)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _no_answer(within, type(error).__name__) from None
        if within.over:
            raise _no_answer(within)  # where an end is no error, a part looks like the whole
        if found.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            content = self._bearer.left_out_of(content)
        return _Answer(found.status_code, found.headers, _parsed(found.status_code, content))


class _Bearer(AuthBase):
    """As an `auth`, so that no .netrc takes the key's place."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def left_out_of(self, content: bytes) -> bytes:
        """A refusal may repeat what was sent."""
        return content.replace(self._key.encode(), b"[key]")


class _Watched(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = guard.POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = guard.POOLS
        return manager


@contextmanager
def _session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", _Watched())
        session.mount("https://", _Watched())
        yield session


def _no_answer(within: Guard, why: str = "") -> Unavailable:
    if within.over:
        return Unavailable(f"no whole answer within {within.seconds:g} seconds")
    return Unavailable(f"no answer: {why}")


def _content(found: requests.Response) -> bytes:
    content = b""
    with found:
        for chunk in found.iter_content(64 * 1024):
            content += chunk
            if len(content) > LARGEST:
                raise Unavailable(f"the answer is longer than {LARGEST // 1024 // 1024} MB")
    return content


def _parsed(status: int, content: bytes) -> Any:
    """None where there is nothing. What is no JSON is no matter where it is a refusal anyway."""
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        if status < HTTPStatus.MULTIPLE_CHOICES:
            raise Unavailable("the answer was not JSON") from None
        return None


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Whole seconds; a date, which MailerLite does not send, counts as nothing."""
    value = headers.get("Retry-After", "")
    if not (value.isascii() and value.isdecimal()) or len(value) > 9:
        return None
    return min(timedelta(seconds=int(value)), LONGEST_PAUSE)


def _may_pass(error: MailerLiteError) -> bool:
    """Whether it is worth waiting for a moment."""
    return isinstance(error, Unavailable) and (error.wait or timedelta()) <= SHORT
