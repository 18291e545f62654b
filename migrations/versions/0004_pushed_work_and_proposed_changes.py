"""Pushed work and proposed changes"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "allocations",
        sa.Column("queue", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "user_id", name=op.f("pk_allocations")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "proposals",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("why", TEXT, nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_state", "proposals", ["state", "proposed_at"], unique=False)


def downgrade() -> None:
    op.drop_table("proposals")
    op.drop_table("allocations")
