"""The whole site as it is shipped: how soon it answers, and the memory of master and workers."""

import http.client
import statistics
import time
from itertools import islice
from pathlib import Path

from bench import load, servers, site
from bench.load import Ask
from bench.table import Figure

STARTS = 5
REQUESTS = 1200
BURST = 100
ALL_KINDS = ("/premium", "/posts", "/", "/account")


def measure(folder: Path) -> list[Figure]:
    environ = site.environ(folder)
    cookies = site.prepare(environ, members=1000, signed_in=site.from_all_over(1000))
    starts = [_first_answer(environ) for _ in range(STARTS)]
    premium = _memory(environ, list(islice(site.premium_page(cookies), REQUESTS)))
    kinds = [
        Ask("GET", ALL_KINDS[n % len(ALL_KINDS)], {"Cookie": cookies[n % len(cookies)]})
        for n in range(REQUESTS)
    ]
    return [
        Figure("from gunicorn to the first 200", statistics.median(starts), "s", at_most=1),
        Figure(f"PSS after {REQUESTS} premium pages", premium, "MiB", at_most=130),
        Figure(f"PSS after {REQUESTS} pages of four kinds", _memory(environ, kinds), "MiB"),
    ]


def _first_answer(environ: dict[str, str]) -> float:
    """Seconds."""
    port = servers.free_port()
    began = time.perf_counter()
    with servers.shipped(port, environ):
        while not _answers(port):
            time.sleep(0.005)
        return time.perf_counter() - began


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _memory(environ: dict[str, str], asks: list[Ask]) -> float:
    """MiB of the master and its workers together, once they have answered these."""
    port = servers.free_port()
    with servers.shipped(port, environ) as master:
        while not _answers(port):
            time.sleep(0.05)
        for begun in range(0, len(asks), BURST):  # the kernel chooses who takes a connection
            assert load.burst(port, iter(asks[begun:]), callers=8, count=BURST).errors == 0
        return servers.pss_mib(master)
