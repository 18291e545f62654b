"""Notices that arrive"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "dispatches",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("notice", TEXT, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("template", TEXT, nullable=False),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dispatches_state", "dispatches", ["state", "due", "id"])
    op.create_index("ix_dispatches_listed", "dispatches", ["state", "id"])
    op.create_index("ix_dispatches_notice", "dispatches", ["notice"])
    op.create_index("ix_dispatches_case_id", "dispatches", ["case_id"])
    op.create_index("ix_dispatches_lot", "dispatches", ["lot"])
    op.create_table(
        "notice_preferences",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("channels", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("hours", TEXT, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notice_preferences")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("notice_preferences")
    op.drop_table("dispatches")
