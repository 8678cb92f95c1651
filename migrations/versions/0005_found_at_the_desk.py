"""What the owner looks for at the desk is found by an index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_users_owners",
        "users",
        ["id"],
        sqlite_where=sa.text("is_owner = 1"),  # as it is asked for there
        postgresql_where=sa.text("is_owner"),
    )
    for column in ("email", "name"):
        op.create_index(
            f"ix_users_{column}_beginning",
            "users",
            [column],
            postgresql_ops={column: "text_pattern_ops"},
        )
    op.create_index("ix_subscriptions_status_started_at", "subscriptions", ["status", "started_at"])
    op.create_index("ix_payments_paid_at", "payments", ["paid_at"])


def downgrade() -> None:
    op.drop_index("ix_payments_paid_at", "payments")
    op.drop_index("ix_subscriptions_status_started_at", "subscriptions")
    for column in ("name", "email"):
        op.drop_index(f"ix_users_{column}_beginning", "users")
    op.drop_index("ix_users_owners", "users")
