"""Machines that answer oddly: always with the same bytes, byte by byte, without end, never."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """Its address. It answers whatever it is asked with the same; a header's name is written with
    underscores."""
    with _served(status, lambda _: body, headers) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def counting(status: int, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked for."""
    asked: list[str] = []

    def note(request: BaseHTTPRequestHandler) -> bytes:
        asked.append(request.path)
        return b"{}"

    with _served(status, note, headers) as server:
        yield f"http://127.0.0.1:{server.server_port}", asked


@contextmanager
def repeating_what_it_was_sent(status: int) -> Iterator[str]:
    """Its address. It says back how one has shown who one is."""

    def said(request: BaseHTTPRequestHandler) -> bytes:
        return b'{"message": "Unknown: %s"}' % request.headers["Authorization"].encode()

    with _served(status, said, {}) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def repeating_the_code() -> Iterator[str]:
    """The address of a MailerLite that is set up well, and says the code back where nobody expects
    it."""

    def said(request: BaseHTTPRequestHandler) -> bytes:
        both = {"id": "1", "name": "Verify", "enabled": True, "complete": True, "broken": False}
        if request.command == "GET":
            return json.dumps({"data": [{**both, "trigger_data": {"repeatable": True}}]}).encode()
        [code] = json.loads(vars(request)["told"])["fields"].values()
        listed = {"id": "1", "email": "", "status": "active", "created_at": f"at {code}"}
        return json.dumps({"data": listed}).encode()

    with _served(200, said, {}) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def not_to_be_trusted() -> Iterator[str]:
    """Its address: anybody could have made that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with _served(200, lambda _: b"{}", {}, context) as server:
        yield f"https://127.0.0.1:{server.server_port}"


@contextmanager
def dripping(beginning: bytes) -> Iterator[str]:
    """Its address, without a scheme. It says this at once, and goes on byte by byte for as long as
    nobody should listen."""

    def drip(connected: socket.socket, over: threading.Event) -> None:
        connected.sendall(beginning)
        for _ in range(500):
            if over.wait(0.01):
                return
            connected.sendall(b"x")

    with _raw(drip) as address:
        yield address


@contextmanager
def endless() -> Iterator[str]:
    """Its address. It talks as fast as it can."""

    def talk(connected: socket.socket, over: threading.Event) -> None:
        connected.sendall(HEAD + b"\r\n")
        while not over.is_set():
            connected.sendall(b" " * 65536)

    with _raw(talk) as address:
        yield f"http://{address}"


@contextmanager
def silent() -> Iterator[str]:
    """Its address. It takes what it is asked, and never says a word."""

    def wait(_: socket.socket, over: threading.Event) -> None:
        over.wait()

    with _raw(wait) as address:
        yield f"http://{address}"


@contextmanager
def _served(
    status: int,
    body: Callable[[BaseHTTPRequestHandler], bytes],
    headers: dict[str, str],
    context: ssl.SSLContext | None = None,
) -> Iterator[ThreadingHTTPServer]:
    class Odd(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.told = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = body(self)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[socket.socket, object]:
            connected, address = super().get_request()
            if context:
                connected.settimeout(5)
                connected = context.wrap_socket(connected, server_side=True)
            return connected, address

        def handle_error(self, *_: object) -> None:
            """Who hangs up on it is what it is for."""

    server = Server(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _raw(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Its address, without a scheme."""
    over, threads = threading.Event(), []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connected, _address = listening.accept()
            if over.is_set():
                connected.close()
                return
            threads.append(threading.Thread(target=one, args=(connected,)))
            threads[-1].start()

    def one(connected: socket.socket) -> None:
        with connected, suppress(OSError):
            talk(connected, over)

    server = threading.Thread(target=serve)
    server.start()
    host, port = listening.getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        over.set()
        with socket.create_connection((host, port)):
            server.join()
        for thread in threads:
            thread.join()
        listening.close()
