"""How each code went, by which way it was used, and how many were asked for from one place."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What the rows that are there can still tell.
HANDED_OVER = "UPDATE code_sends SET handed_over_at = created_at WHERE state = 'handed over'"
SENT = """
UPDATE code_sends SET state = 'sent' WHERE state = 'queued' AND EXISTS (
    SELECT 1 FROM outbox WHERE outbox.id = code_sends.outbox_id AND outbox.sent_at IS NOT NULL)
"""
REFUSED = """
UPDATE code_sends SET state = 'failed' WHERE state = 'queued' AND EXISTS (
    SELECT 1 FROM outbox WHERE outbox.id = code_sends.outbox_id AND outbox.refused_at IS NOT NULL)
"""
NOT_NEEDED = """
UPDATE code_sends SET state = 'not needed' WHERE due_at IS NULL AND (
    state = 'queued' OR (state = 'failed' AND channel = 'smtp' AND outbox_id IS NULL))
"""
USED = """
UPDATE code_sends
SET used_at = (SELECT spent_at FROM challenges WHERE challenges.id = code_sends.challenge_id)
WHERE id IN (SELECT max(id) FROM code_sends WHERE state <> 'not needed' GROUP BY challenge_id)
"""


def upgrade() -> None:
    op.add_column("code_sends", sa.Column("asker", sa.String(), nullable=True))
    op.add_column(
        "code_sends", sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("code_sends", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "code_sends",
        sa.Column("for_newsletter", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    for statement in (HANDED_OVER, SENT, REFUSED, NOT_NEEDED, USED):
        op.execute(statement)
    with op.batch_alter_table("code_sends", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_code_sends_channel_created_at_state_used_at"),
            ["channel", "created_at", "state", "used_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_code_sends_state_created_at"), ["state", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_code_sends_outbox_id"), ["outbox_id"], unique=False)
        batch_op.create_index(
            "ix_code_sends_askers",
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("asker IS NOT NULL"),
            postgresql_where=sa.text("asker IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("code_sends", schema=None) as batch_op:
        batch_op.drop_index("ix_code_sends_askers")
        batch_op.drop_index(batch_op.f("ix_code_sends_outbox_id"))
        batch_op.drop_index(batch_op.f("ix_code_sends_state_created_at"))
        batch_op.drop_index(batch_op.f("ix_code_sends_channel_created_at_state_used_at"))
        for column in ("for_newsletter", "used_at", "handed_over_at", "asker"):
            batch_op.drop_column(column)
