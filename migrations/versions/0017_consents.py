"""Consent as evidence: who agreed to which words; and the link of a reader without a password."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "consent_words",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_words")),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("place", sa.String(length=32), nullable=True),
        sa.Column("words_id", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proof", sa.String(length=32), nullable=True),
        sa.Column("challenge_id", sa.Integer(), nullable=True),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("was", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["words_id"], ["consent_words.id"], name=op.f("fk_consents_words_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    with op.batch_alter_table("consents") as batch_op:
        for column in ("email", "digest", "was", "expires_at"):
            batch_op.create_index(batch_op.f(f"ix_consents_{column}"), [column], unique=False)
    op.create_table(
        "reader_links",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_reader_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_reader_links_token_hash")),
    )


def downgrade() -> None:
    op.drop_table("reader_links")
    op.drop_table("consents")
    op.drop_table("consent_words")
