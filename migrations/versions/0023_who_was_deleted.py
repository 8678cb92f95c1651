"""How many readers were found deleted at MailerLite since yesterday is counted off an index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME, DELETED = "ix_subscribers_deleted", sa.text("status = 'deleted'")


def upgrade() -> None:
    op.create_index(
        NAME, "subscribers", ["stopped_at"], sqlite_where=DELETED, postgresql_where=DELETED
    )


def downgrade() -> None:
    op.drop_index(NAME, table_name="subscribers")
