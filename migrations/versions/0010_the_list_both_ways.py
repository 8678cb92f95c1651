"""What a reader wants, and what MailerLite holds of them, are told apart."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("subscribers") as batch_op:
        batch_op.add_column(sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("resubscribe_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("plan", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("renews_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("held", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("reread", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("seen_in", sa.Integer(), nullable=True))
        batch_op.drop_column("listed_as")
    op.execute(
        "UPDATE subscribers SET stopped_at = created_at "
        "WHERE status IN ('unsubscribed', 'junk', 'deleted')"
    )


def downgrade() -> None:
    with op.batch_alter_table("subscribers") as batch_op:
        batch_op.add_column(sa.Column("listed_as", sa.String(length=32), nullable=True))
        for name in (
            "seen_in",
            "reread",
            "read_at",
            "held",
            "renews_on",
            "plan",
            "resubscribe_at",
            "stopped_at",
        ):
            batch_op.drop_column(name)
