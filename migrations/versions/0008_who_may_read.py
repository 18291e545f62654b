"""Who may read: looks at secrets, broken glass"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _looks()
    _glass()


def _looks() -> None:
    op.create_table(
        "looks",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fields", TEXT, nullable=False),
        sa.Column("ground", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_looks_case_id", "looks", ["case_id", "id"], unique=False)
    op.create_index("ix_looks_user_id", "looks", ["user_id", "id"], unique=False)


def _glass() -> None:
    op.create_table(
        "glass",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", TEXT, nullable=True),
        sa.Column("verdict", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glass")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_glass_user_id", "glass", ["user_id", "case_id", "until"], unique=False)
    op.create_index("ix_glass_case_id", "glass", ["case_id", "id"], unique=False)
    op.create_index(
        "ix_glass_due",
        "glass",
        ["due", "id"],
        unique=False,
        sqlite_where=sa.text("reviewed_at IS NULL"),
        postgresql_where=sa.text("reviewed_at IS NULL"),
    )
