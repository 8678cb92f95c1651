"""How many codes went, and how many of them were used, is counted off an index, range by range."""

from collections.abc import Sequence

from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OLD, NEW = "ix_code_sends_state_created_at", "ix_code_sends_channel_state_created_at_used_at"


def upgrade() -> None:
    op.drop_index(OLD, table_name="code_sends")
    op.create_index(NEW, "code_sends", ["channel", "state", "created_at", "used_at"])


def downgrade() -> None:
    op.drop_index(NEW, table_name="code_sends")
    op.create_index(OLD, "code_sends", ["state", "created_at"])
