"""The HTTP server: loopback only, keep-alive, and gone when it is stopped.

Werkzeug's own closes every connection after one answer, and the real APIs do not.
"""

import logging
import selectors
import socket
import sys
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from socketserver import TCPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.test import run_wsgi_app

HOST = "127.0.0.1"
LONGEST = 1024 * 1024
DIGITS = 18  # of a length that is worth reading
log = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    # The head and the body are two writes; without this the second waits for an acknowledgement.
    disable_nagle_algorithm = True
    server: "Listener"

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        chunks, status, headers = run_wsgi_app(self.server.app, self._environ(body), buffered=True)
        content = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if int(code) != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def _body(self) -> bytes | None:
        """All of it, so that the next request begins where this one ends; None when refused."""
        given = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not given.isdecimal():
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif len(given) > DIGITS or int(given) > LONGEST:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            return self.rfile.read(int(given))
        self.close_connection = True
        return None

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  (the base's name)
        log.info(format, *arguments)


class Listener(ThreadingHTTPServer):
    """Remembers its connections: one kept alive would go on being served after a stop."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, app: Flask, port: int) -> None:
        self.app = app
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        self._over, self._end = socket.socketpair()
        super().__init__((HOST, port), Handler)
        self._thread = Thread(target=self._serve, name="sandbox-http", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _serve(self) -> None:
        """Sleeps until somebody calls or it is over; `serve_forever` would look every so often."""
        with selectors.DefaultSelector() as news:
            news.register(self.socket, selectors.EVENT_READ)
            news.register(self._over, selectors.EVENT_READ)
            while all(key.fileobj is not self._over for key, _ in news.select()):
                self.handle_request()

    def stop(self) -> None:
        self._end.close()
        self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):  # the other side may have gone already
                    connection.shutdown(socket.SHUT_RDWR)

    def server_close(self) -> None:
        super().server_close()
        self._over.close()
        self._end.close()

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is nothing to print a traceback for."""
        if isinstance(sys.exc_info()[1], ConnectionError):
            return
        log.exception("a connection from %s failed", client_address)
