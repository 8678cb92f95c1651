"""Nobody is told a fact twice; and the sweeps find by an index what there is to tell."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.add_column(sa.Column("fact", sa.String(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_outbox_fact"), ["fact"])
    with op.batch_alter_table("subscriptions") as batch_op:
        batch_op.add_column(sa.Column("trial_end_told", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_subscriptions_trial_end"), ["trial_end"])
    with op.batch_alter_table("grants") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_grants_noticed_at_revoked_at"), ["noticed_at", "revoked_at"]
        )


def downgrade() -> None:
    with op.batch_alter_table("grants") as batch_op:
        batch_op.drop_index(batch_op.f("ix_grants_noticed_at_revoked_at"))
    with op.batch_alter_table("subscriptions") as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_trial_end"))
        batch_op.drop_column("trial_end_told")
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_outbox_fact"), type_="unique")
        batch_op.drop_column("fact")
