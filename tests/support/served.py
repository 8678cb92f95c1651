"""The application under test on a port, for those who call it by HTTP: the sandbox's webhooks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads it."""


class _Server(ThreadedWSGIServer):
    daemon_threads = False  # closing waits for what is under way: it holds a connection


@contextmanager
def served(app: Flask, port: int) -> Iterator[None]:
    server = _Server("127.0.0.1", port, app, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
