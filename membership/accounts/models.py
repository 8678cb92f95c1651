"""Members and their signed-in sessions."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Model


class User(Model):
    """A person with an account. The address was proven by a code before this row existed."""

    __tablename__ = "users"
    __table_args__ = (
        Index(
            "ix_users_owners",
            "id",
            sqlite_where=text("is_owner = 1"),  # as it is asked for there
            postgresql_where=text("is_owner"),
        ),
        # For what an address or a name begins with, in whatever language PostgreSQL sorts.
        Index("ix_users_email_beginning", "email", postgresql_ops={"email": "text_pattern_ops"}),
        Index("ix_users_name_beginning", "name", postgresql_ops={"name": "text_pattern_ops"}),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    password_hash: Mapped[str | None]
    is_owner: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SignIn(Model):
    """A session the server can end. The cookie carries a token, the row only its hash."""

    __tablename__ = "sign_ins"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user_agent: Mapped[str]
    ip: Mapped[str | None]


class PasswordReset(Model):
    """The link by which an account gets a new password: one at a time, so the newest wins.

    The token is derived from the nonce and a key of ours when its mail is sent; here is its hash.
    The row goes when the link is used.
    """

    __tablename__ = "password_resets"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    nonce: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
