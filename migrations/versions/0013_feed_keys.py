"""Keys of members' own feeds, one for each account that wants one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "feed_keys",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feed_keys_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_feed_keys")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_keys_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("feed_keys")
