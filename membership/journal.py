"""What happened, append-only: for explanations, for the security log, for the owner's audit.

Nothing secret goes in: no code, password, token or key.
"""

from datetime import datetime
from typing import Any

from flask import has_request_context, request
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock
from membership.db import Model


class Entry(Model):
    __tablename__ = "journal"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(index=True)
    email: Mapped[str | None] = mapped_column(index=True)
    ip: Mapped[str | None]
    detail: Mapped[dict[str, Any]]


def record(
    session: Session,
    kind: str,
    *,
    user_id: int | None = None,
    email: str | None = None,
    **detail: Any,
) -> None:
    """Add one line about a person; it is committed, or not, with what it tells of."""
    ip = request.remote_addr if has_request_context() else None
    session.add(
        Entry(at=clock.billing_now(), kind=kind, user_id=user_id, email=email, ip=ip, detail=detail)
    )
