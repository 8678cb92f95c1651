"""Our webhook and our members' page beside the least that a Flask application can do."""

import http.client
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import contenders, servers, site
from bench.contenders import Contender
from bench.load import Ask
from bench.table import Figure

CALLERS = (1, 8, 32)
LEAST = (None, 0.6, 0.6)  # one caller alone waits for the disk, whatever we do
COUNT = 1600
# Now and then one worker accepts nearly all the connections of a burst, and the other does nothing.
ROUNDS = 9


def measure(folder: Path) -> list[Figure]:
    with ExitStack() as stack:
        environ = site.environ(folder)
        cookies = site.prepare(environ, members=1000, signed_in=site.from_all_over(1000))
        ours = _serve(stack, "membership.app:create_app()", environ)
        bare = {
            "BENCH_DATABASE": str(folder / "bare.db"),
            "BENCH_BYTES": str(_length(ours[0], cookies[0])),
        }
        bare_hook = _serve(stack, "bench.bare:webhook()", bare)
        bare_page = _serve(stack, "bench.bare:page()", bare)
        hello = _serve(stack, "bench.bare:hello()", bare)
        taking_part = [
            Contender("hello", hello[0], _get("/"), hello[1]),
            Contender("bare webhook", bare_hook[0], site.webhooks("/"), bare_hook[1]),
            Contender("webhook", ours[0], site.webhooks("/webhooks/stripe"), ours[1]),
            Contender("bare page", bare_page[0], _get("/", _signed_in(bare_page[0])), bare_page[1]),
            Contender("premium page", ours[0], site.premium_page(cookies), ours[1]),
        ]
        contenders.take_turns(taking_part, CALLERS, count=COUNT, rounds=ROUNDS)
    contenders.show(taking_part, CALLERS)
    return _figures(*taking_part[1:])


def _figures(
    bare_hook: Contender, hook: Contender, bare_page: Contender, page: Contender
) -> list[Figure]:
    hooks = [
        Figure(
            f"webhook / bare webhook, {n} callers", contenders.ratio(hook, bare_hook, n), "", least
        )
        for n, least in zip(CALLERS, LEAST, strict=True)
    ]
    pages = [
        Figure(
            f"premium page / bare page, {n} callers",
            contenders.ratio(page, bare_page, n),
            at_least=0.9,
        )
        for n in CALLERS
    ]
    return [
        *hooks,
        Figure("webhook, 8 callers, 99 of 100 within", hook.p99(8), "ms", at_most=30),
        Figure("webhook, 32 callers, 99 of 100 within", hook.p99(32), "ms", at_most=100),
        Figure(
            "webhook and page, answers that were no 200",
            hook.errors() + page.errors(),
            "",
            at_most=0,
        ),
        *pages,
    ]


def _serve(stack: ExitStack, app: str, environ: dict[str, str]) -> tuple[int, int]:
    """Port and master."""
    port = servers.free_port()
    return port, stack.enter_context(servers.gunicorn(app, port, environ))


def _get(path: str, headers: dict[str, str] | None = None) -> Iterator[Ask]:
    while True:
        yield Ask("GET", path, headers or {})


def _length(port: int, cookie: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/premium", headers={"Cookie": cookie})
    answer = connection.getresponse()
    assert answer.status == 200
    return len(answer.read())


def _signed_in(port: int) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/login")
    cookie = connection.getresponse().headers["Set-Cookie"]
    return {"Cookie": cookie.partition(";")[0]}
