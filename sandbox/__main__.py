"""`python -m sandbox`: the sandbox by itself, until Ctrl-C."""

import argparse
import logging
import signal
from pathlib import Path
from threading import Event

from sandbox.server import Sandbox


def main() -> None:
    chosen = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    over = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with Sandbox(
        port=chosen.port,
        smtp_port=chosen.smtp_port,
        state=chosen.state,
        webhook_url=chosen.webhook_url,
        webhook_secret=chosen.webhook_secret,
        code_group=chosen.code_group,
        clock_file=chosen.clock_file,
    ) as sandbox:
        sandbox.seed()
        print(f"Sandbox  {sandbox.url}", flush=True)
        print(f"Mail     {sandbox.url}/mail (SMTP on port {sandbox.smtp_port})", flush=True)
        over.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A Stripe, a MailerLite and a mailbox on this machine alone.",
    )
    parser.add_argument("--port", type=int, default=4242)
    parser.add_argument("--smtp-port", type=int, default=4225)
    parser.add_argument("--state", type=Path, help="a file that keeps everything; none: memory")
    parser.add_argument("--clock-file", type=Path, help="told how far ahead the clock is")
    parser.add_argument("--webhook-url", help="where Stripe's events go")
    parser.add_argument("--webhook-secret", default="whsec_sandbox")
    parser.add_argument(
        "--code-group", default="Verify", help="the MailerLite group whose automation mails a code"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
