"""Somebody else who writes, in a process of their own, as the sweep does: a row every few
milliseconds. `python bench/probe.py SECONDS` prints {"slowest": ms, "writes": n, "refused": n}."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from membership.app import create_app
from membership.db import changed, transaction
from membership.jobs import Heartbeat

PAUSE = 0.005


def main(seconds: float) -> None:
    times, refused = [], 0
    until = time.monotonic() + seconds
    with create_app().app_context():
        while time.monotonic() < until:
            began = time.perf_counter()
            try:
                with transaction() as session:
                    changed(session, update(Heartbeat).values(at=datetime.now(UTC)))
            except SQLAlchemyError:
                refused += 1
            times.append(time.perf_counter() - began)
            time.sleep(PAUSE)
    print(json.dumps({"slowest": max(times) * 1000, "writes": len(times), "refused": refused}))


if __name__ == "__main__":
    main(float(sys.argv[1]))
