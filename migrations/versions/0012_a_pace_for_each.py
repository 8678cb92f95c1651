"""How fast we may call is counted for each whom we call, and no longer for Stripe alone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "paces",
        sa.Column("whom", sa.String(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("closed_until", sa.Double(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("whom", name=op.f("pk_paces")),
    )
    op.execute(
        "INSERT INTO paces (whom, next_at, closed_until, refusals) "
        "SELECT 'stripe', next_at, closed_until, refusals FROM stripe_pace"
    )
    op.drop_table("stripe_pace")


def downgrade() -> None:
    op.create_table(
        "stripe_pace",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("closed_until", sa.Double(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_pace")),
    )
    op.execute(
        "INSERT INTO stripe_pace (id, next_at, closed_until, refusals) "
        "SELECT 1, next_at, closed_until, refusals FROM paces WHERE whom = 'stripe'"
    )
    op.drop_table("paces")
