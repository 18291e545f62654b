"""Answers that are given again"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "given_answers",
        sa.Column("user", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("sent", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("user", "key", name=op.f("pk_given_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_given_answers_made_at", "given_answers", ["made_at"], unique=False)
