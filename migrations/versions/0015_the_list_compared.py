"""Which list our readers are on, and what comparing it with our rows has found."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "known_list",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_ids", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_list")),
    )
    op.create_table(
        "list_sweeps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("night", sa.String(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("read_whole", sa.Boolean(), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("stopping", sa.Integer(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("braked", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_sweeps")),
        sa.UniqueConstraint("night", name=op.f("uq_list_sweeps_night")),
    )
    op.create_index(op.f("ix_list_sweeps_due_at"), "list_sweeps", ["due_at"])
    op.create_index(op.f("ix_list_sweeps_ended_at"), "list_sweeps", ["ended_at"])
    op.create_table(
        "list_findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("stops", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["list_sweeps.id"],
            name=op.f("fk_list_findings_run_id_list_sweeps"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_findings")),
        sa.UniqueConstraint(
            "run_id", "subscriber_id", name=op.f("uq_list_findings_run_id_subscriber_id")
        ),
    )
    op.create_index(op.f("ix_list_findings_run_id_stops"), "list_findings", ["run_id", "stops"])


def downgrade() -> None:
    op.drop_table("list_findings")
    op.drop_table("list_sweeps")
    op.drop_table("known_list")
