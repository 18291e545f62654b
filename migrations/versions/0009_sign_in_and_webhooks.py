"""Sign-in and webhooks"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _sign_in()
    _acknowledged()
    _webhooks()


def _acknowledged() -> None:
    """Why a clock is late, as a supervisor has said."""
    for column in (
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("acknowledged_by", TEXT, nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
    ):
        op.add_column("clocks", column)


def _webhooks() -> None:
    """Programs outside that are told of what happens, and the calls to them."""
    op.create_table(
        "webhooks",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("events", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", TEXT, nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("stopped_why", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "webhook_calls",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("webhook", TEXT, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("process", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("events", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_webhook_calls_state", "webhook_calls", ["state", "due", "id"], unique=False)
    op.create_index("ix_webhook_calls_webhook", "webhook_calls", ["webhook", "at", "id"], unique=False)


def _sign_in() -> None:
    """Second factors, and definitions that wait for a second person."""
    op.create_table(
        "second_factors",
        sa.Column("user", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_second_factors")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user", "digest", name=op.f("pk_recovery_codes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "proposed_deployments",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("in_force_from", sa.BigInteger(), nullable=True),
        sa.Column("files", TEXT, nullable=False),
        sa.Column("versions", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("why", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposed_deployments")),
    )
    op.create_index("ix_proposed_deployments_state", "proposed_deployments", ["state", "proposed_at"], unique=False)


def downgrade() -> None:
    op.drop_table("webhook_calls")
    op.drop_table("webhooks")
    op.drop_table("proposed_deployments")
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
    for column in ("acknowledged_at", "acknowledged_by", "reason"):
        op.drop_column("clocks", column)
