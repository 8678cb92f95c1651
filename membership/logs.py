"""Log lines: one a record, text or JSON, never forged by what somebody typed."""

import json
import logging
import sys
from typing import Any

from flask import request

from membership.config import Config


class _Text(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = _one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Set in: a line that begins further left is one of ours."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"    {_one_line(line)}" for line in lines)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(config: Config) -> None:
    """Log to standard error, as the settings say; replaces what a former app configured."""
    handler = logging.StreamHandler(sys.stderr)
    text = _Text("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(_Json() if config.log_format == "json" else text)
    for name in ("membership", "webhooks", "huey"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(config.log_level)
        logger.propagate = False


def asked_for() -> str:
    """What this request wants, as its route is written: what stands in an address may be a key."""
    rule = request.url_rule.rule if request.url_rule else "an unknown address"
    return f"{request.method} {rule}"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
