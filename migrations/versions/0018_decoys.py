"""The codes that stand for nobody are found, to be forgotten, without going through all others."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_challenges_decoys",
        "challenges",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("decoy = 1"),
        postgresql_where=sa.text("decoy"),
    )


def downgrade() -> None:
    op.drop_index("ix_challenges_decoys", table_name="challenges")
