"""The first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("decoy", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
    )
    with op.batch_alter_table("challenges", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_challenges_email_purpose"), ["email", "purpose"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_challenges_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "heartbeats",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scrubbed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("source", "event_id", name=op.f("uq_inbox_source_event_id")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbox_given_up_at"), ["given_up_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbox_received_at"), ["received_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_inbox_scrubbed_at_received_at"),
            ["scrubbed_at", "received_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_inbox_subject"), ["subject"], unique=False)

    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_user_id"), ["user_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_recipient"), ["recipient"], unique=False)

    op.create_table(
        "payments",
        sa.Column("payment_intent", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("subscription_id", sa.String(), nullable=True),
        sa.Column("checkout_id", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_refunded", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("dispute_status", sa.String(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("payment_intent", name=op.f("pk_payments")),
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payments_checkout_id"), ["checkout_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payments_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_payments_subscription_id"), ["subscription_id"], unique=False
        )

    op.create_table(
        "portal_configurations",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_portal_configurations")),
    )
    op.create_table(
        "products",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("marketing_features", sa.JSON(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_products")),
    )
    op.create_table(
        "refusals",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_refusals")),
    )
    op.create_table(
        "stripe_pace",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("closed_until", sa.Double(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_pace")),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letters", sa.Boolean(), nullable=False),
        sa.Column("has_account", sa.Boolean(), nullable=False),
        sa.Column(
            "standing",
            sa.Enum("free", "paid", "lapsed", name="standing", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "listed_as",
            sa.Enum("free", "paid", "lapsed", name="standing", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("mailerlite_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("code_group_joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("email", name=op.f("uq_subscribers_email")),
    )
    with op.batch_alter_table("subscribers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscribers_due_at"), ["due_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_subscribers_mailerlite_id"), ["mailerlite_id"], unique=False
        )

    op.create_table(
        "sync_tickets",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sync_tickets")),
    )
    op.create_table(
        "trials_taken",
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_trials_taken")),
    )
    op.create_table(
        "unclaimed_payments",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_unclaimed_payments")),
    )
    with op.batch_alter_table("unclaimed_payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unclaimed_payments_email"), ["email"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_unclaimed_payments_settled_at"), ["settled_at"], unique=False
        )

    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("is_owner", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "checkout_turns",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_checkout_turns_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_checkout_turns")),
    )
    op.create_table(
        "checkouts",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column(
            "bound_by",
            sa.Enum(
                "checkout",
                "reference",
                "email",
                "claim",
                "owner",
                name="match",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("payment_intent", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("price_id", sa.String(), nullable=False),
        sa.Column("product_ids", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("payment_status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_checkouts_user_id")),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_checkouts")),
    )
    with op.batch_alter_table("checkouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkouts_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_checkouts_email"), ["email"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_checkouts_payment_intent"), ["payment_intent"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_checkouts_user_id"), ["user_id"], unique=False)

    op.create_table(
        "code_sends",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued", "handed over", "failed", name="sendstate", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenges.id"], name=op.f("fk_code_sends_challenge_id")
        ),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_code_sends_outbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_sends")),
    )
    with op.batch_alter_table("code_sends", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_code_sends_challenge_id"), ["challenge_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_code_sends_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_code_sends_email"), ["email"], unique=False)

    op.create_table(
        "customers",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column(
            "bound_by",
            sa.Enum(
                "checkout",
                "reference",
                "email",
                "claim",
                "owner",
                name="match",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_customers_user_id")),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_customers")),
    )
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customers_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_customers_user_id"), ["user_id"], unique=False)

    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("feature", sa.String(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "subscription", "purchase", "comp", name="source", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("source_ref", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grants_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint(
            "source", "source_ref", "feature", name=op.f("uq_grants_source_source_ref_feature")
        ),
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_grants_noticed_at_ends_at"), ["noticed_at", "ends_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_grants_user_id_ends_at"), ["user_id", "ends_at"], unique=False
        )

    op.create_table(
        "prices",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=False),
        sa.Column("interval", sa.String(), nullable=True),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.stripe_id"], name=op.f("fk_prices_product_id")
        ),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_prices")),
    )
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prices_product_id"), ["product_id"], unique=False)

    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ins_token_hash")),
    )
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_ins_user_id"), ["user_id"], unique=False)

    op.create_table(
        "subscriptions",
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("collection_paused", sa.Boolean(), nullable=False),
        sa.Column("price_id", sa.String(), nullable=False),
        sa.Column("product_ids", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancel_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("oldest_open_invoice_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_payment", sa.String(), nullable=True),
        sa.Column("seen_in", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.stripe_id"], name=op.f("fk_subscriptions_customer_id")
        ),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_subscriptions")),
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subscriptions_customer_id"), ["customer_id"], unique=False
        )

    op.create_table(
        "copied_account",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copied_account")),
    )
    op.create_table(
        "event_sweeps",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("then_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_sweeps")),
    )
    with op.batch_alter_table("event_sweeps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_sweeps_due_at"), ["due_at"], unique=False)

    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("night", sa.String(), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "catalogue",
                "subscriptions",
                "unseen",
                "checkouts",
                "refunds",
                "disputes",
                "ledger",
                "guests",
                "settle",
                "close",
                name="step",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("live_grants", sa.Integer(), nullable=False),
        sa.Column("closing", sa.Integer(), nullable=False),
        sa.Column("braked", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
        sa.UniqueConstraint("night", name=op.f("uq_reconciliations_night")),
    )
    with op.batch_alter_table("reconciliations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reconciliations_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_reconciliations_ended_at"), ["ended_at"], unique=False)

    op.create_table(
        "reconcile_findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ended-but-open",
                "paid-but-locked",
                "unmatched",
                "out-of-date",
                name="kind",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "found",
                "seen",
                "held",
                "mended",
                "asked",
                name="state",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["reconciliations.id"],
            name=op.f("fk_reconcile_findings_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconcile_findings")),
        sa.UniqueConstraint("run_id", "key", name=op.f("uq_reconcile_findings_run_id_key")),
    )
    with op.batch_alter_table("reconcile_findings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reconcile_findings_run_id_state"), ["run_id", "state"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("reconcile_findings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reconcile_findings_run_id_state"))

    op.drop_table("reconcile_findings")
    with op.batch_alter_table("reconciliations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reconciliations_ended_at"))
        batch_op.drop_index(batch_op.f("ix_reconciliations_due_at"))

    op.drop_table("reconciliations")
    with op.batch_alter_table("event_sweeps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_sweeps_due_at"))

    op.drop_table("event_sweeps")
    op.drop_table("copied_account")

    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_customer_id"))

    op.drop_table("subscriptions")
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_ins_user_id"))

    op.drop_table("sign_ins")
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prices_product_id"))

    op.drop_table("prices")
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grants_user_id_ends_at"))
        batch_op.drop_index(batch_op.f("ix_grants_noticed_at_ends_at"))

    op.drop_table("grants")
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customers_user_id"))
        batch_op.drop_index(batch_op.f("ix_customers_email"))

    op.drop_table("customers")
    with op.batch_alter_table("code_sends", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_code_sends_email"))
        batch_op.drop_index(batch_op.f("ix_code_sends_due_at"))
        batch_op.drop_index(batch_op.f("ix_code_sends_challenge_id"))

    op.drop_table("code_sends")
    with op.batch_alter_table("checkouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checkouts_user_id"))
        batch_op.drop_index(batch_op.f("ix_checkouts_payment_intent"))
        batch_op.drop_index(batch_op.f("ix_checkouts_email"))
        batch_op.drop_index(batch_op.f("ix_checkouts_customer_id"))

    op.drop_table("checkouts")
    op.drop_table("checkout_turns")
    op.drop_table("users")
    with op.batch_alter_table("unclaimed_payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unclaimed_payments_settled_at"))
        batch_op.drop_index(batch_op.f("ix_unclaimed_payments_email"))

    op.drop_table("unclaimed_payments")
    op.drop_table("trials_taken")
    op.drop_table("sync_tickets")
    with op.batch_alter_table("subscribers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscribers_mailerlite_id"))
        batch_op.drop_index(batch_op.f("ix_subscribers_due_at"))

    op.drop_table("subscribers")
    op.drop_table("stripe_pace")
    op.drop_table("refusals")
    op.drop_table("products")
    op.drop_table("portal_configurations")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payments_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_payments_customer_id"))
        batch_op.drop_index(batch_op.f("ix_payments_checkout_id"))

    op.drop_table("payments")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_recipient"))
        batch_op.drop_index(batch_op.f("ix_outbox_due_at"))

    op.drop_table("outbox")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journal_user_id"))
        batch_op.drop_index(batch_op.f("ix_journal_kind"))
        batch_op.drop_index(batch_op.f("ix_journal_email"))

    op.drop_table("journal")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbox_subject"))
        batch_op.drop_index(batch_op.f("ix_inbox_scrubbed_at_received_at"))
        batch_op.drop_index(batch_op.f("ix_inbox_received_at"))
        batch_op.drop_index(batch_op.f("ix_inbox_given_up_at"))
        batch_op.drop_index(batch_op.f("ix_inbox_due_at"))

    op.drop_table("inbox")
    op.drop_table("heartbeats")
    with op.batch_alter_table("challenges", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_challenges_expires_at"))
        batch_op.drop_index(batch_op.f("ix_challenges_email_purpose"))

    op.drop_table("challenges")
