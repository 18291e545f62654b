"""Who may read: looks at secrets, broken glass, the words that cases are found by"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _looks()
    _glass()
    _words()
    _lists()


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


def _words() -> None:
    op.create_table(
        "case_words",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("word", TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_case_words")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_words_word", "case_words", ["word", "started_at", "case_id"], unique=False)


def _lists() -> None:
    """Cases newest first, of all processes and states or of one; tasks by deadline, whoever has them."""
    op.drop_index("ix_cases_process_status_started_at", table_name="cases")
    columns = ["process", "status", "started_at", "id"]
    op.create_index("ix_cases_process_status_started_at", "cases", columns, unique=False)
    op.create_index("ix_cases_started_at", "cases", ["started_at", "id"], unique=False)
    op.create_index(
        "ix_tasks_due",
        "tasks",
        ["queue", "due", "case_id", "id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_tasks_due", "tasks")
    op.drop_index("ix_cases_started_at", "cases")
    op.drop_index("ix_cases_process_status_started_at", "cases")
    op.create_index("ix_cases_process_status_started_at", "cases", ["process", "status", "started_at"], unique=False)
    op.drop_table("case_words")
    op.drop_table("glass")
    op.drop_table("looks")
