"""A mail server that keeps everything and sends nothing on."""

import asyncio
from contextlib import closing
from threading import Event, Thread

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.faults import Faults
from sandbox.mailbox import Mailbox, read

LONGEST = 10 * 1024 * 1024


class Sink:
    """An SMTP server on 127.0.0.1, in a thread of its own."""

    def __init__(self, mailbox: Mailbox, faults: Faults, port: int) -> None:
        self.port = port
        self._mailbox = mailbox
        self._faults = faults
        self._loop: asyncio.AbstractEventLoop | None = None  # of the thread, while it runs
        self._ready = Event()
        self._failure: OSError | None = None
        self._thread = Thread(target=self._run, name="sandbox-smtp", daemon=True)

    def start(self) -> None:
        """`port` is the real one from here on. Raises OSError when it is taken."""
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        if self._loop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        with closing(asyncio.new_event_loop()) as loop:
            self._loop = loop
            asyncio.set_event_loop(loop)
            try:
                server = loop.run_until_complete(
                    loop.create_server(self._session, "127.0.0.1", self.port)
                )
            except OSError as error:
                self._failure = error
                self._ready.set()
                return
            self.port = server.sockets[0].getsockname()[1]
            loop.call_soon(self._ready.set)
            loop.run_forever()
            server.close()
            loop.run_until_complete(self._close())

    async def _close(self) -> None:
        """End the sessions that are still open."""
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _session(self) -> SMTP:
        return SMTP(self, hostname="sandbox.localhost", data_size_limit=LONGEST, loop=self._loop)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd, whose name this is: a mail has arrived whole."""
        if self._faults.happens(self._faults.mail_refused):
            return "451 Not now, on purpose; try again later"
        content = bytes(envelope.original_content or b"")
        for address in envelope.rcpt_tos:
            self._mailbox.drop(read(content, address, via="SMTP"))
        return "250 Kept in the sandbox's mailbox"
