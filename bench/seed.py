"""Members by the million, in the database's own words: nothing else is quick enough."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :members)"
MEMBERS = """
INSERT INTO users (id, email, is_owner, created_at)
  SELECT i, 'member' || i || '@example.com', 0, :now FROM n;
INSERT INTO customers (stripe_id, user_id, bound_by, email, deleted, created_at)
  SELECT 'cus_' || i, i, 'reference', 'member' || i || '@example.com', 0, :now FROM n;
"""
PAYING = """
INSERT INTO subscriptions (stripe_id, customer_id, status, collection_paused, price_id, product_ids,
                           started_at, period_start, period_end)
  SELECT 'sub_' || i, 'cus_' || i, 'active', 0, 'price_1', '["prod_1"]', :now, :now, :later FROM n;
INSERT INTO grants (user_id, feature, source, source_ref, starts_at, ends_at, reason)
  SELECT i, 'premium', 'subscription', 'sub_' || i, :now, :later, 'the period is paid' FROM n;
INSERT INTO inbox (source, event_id, type, subject, body, received_at, done_at, scrubbed_at,
                   attempts, fetched)
  SELECT 'stripe', 'evt_' || hex(randomblob(12)), 'invoice.paid', 'cus_' || i, '', :now, :now, :now,
         0, 0 FROM n;
"""
SIGNED_IN = """
INSERT INTO sign_ins (user_id, token_hash, created_at, last_seen_at, expires_at, user_agent)
  VALUES (?, ?, ?, ?, ?, '')
"""


def fill(path: Path, *, members: int, signed_in: Sequence[int], paying: bool) -> list[str]:
    """So many members, of whom these are signed in; returns the tokens of their sessions."""
    now = datetime.now(UTC)
    times = {"now": _text(now), "later": _text(now + timedelta(days=30))}
    tokens = [f"token {number}" for number in signed_in]
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("BEGIN")
        for statement in (MEMBERS + (PAYING if paying else "")).split(";\n"):
            insert, select, rest = statement.partition("SELECT")
            if select:
                connection.execute(
                    f"{NUMBERS} {insert}{select}{rest}".strip(), times | {"members": members}
                )
        connection.executemany(
            SIGNED_IN,
            [
                (
                    number,
                    sha256(token.encode()).hexdigest(),
                    times["now"],
                    times["now"],
                    times["later"],
                )
                for number, token in zip(signed_in, tokens, strict=True)
            ],
        )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return tokens


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S.%f")
