"""Reports"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
works_from = "0015"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "report_cases",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_report_cases")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_missed",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("judged", TEXT, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("process", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("clock", TEXT, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("clauses", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("klass", TEXT, nullable=False),
        sa.Column("queue", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("lost", TEXT, nullable=False),
        sa.Column("lost_time", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_report_missed")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_report_missed_closed_at", "report_missed", ["judged", "closed_at", "case_id", "id"])
    op.create_table(
        "report_runs",
        *(sa.Column(name, TEXT, nullable=False) for name in ("span", "dim", "day", "process", "queue", "value")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("met", "late", "unmet", "void")),
        sa.PrimaryKeyConstraint("span", "dim", "day", "process", "queue", "value", name=op.f("pk_report_runs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_times",
        *(sa.Column(name, TEXT, nullable=False) for name in ("span", "process", "day", "step", "queue")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("done", "again")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("cycle", "touch", "waiting")),
        sa.PrimaryKeyConstraint("span", "process", "day", "step", "queue", name=op.f("pk_report_times")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_open",
        *(sa.Column(name, TEXT, nullable=False) for name in ("kind", "process", "queue", "value")),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "process", "queue", "value", name=op.f("pk_report_open")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_history_at", "history", ["at"], postgresql_using="brin")


def downgrade() -> None:
    """What is taken away is counted again from history by the next upgrade."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_history_at", "history")
    for table in ("report_open", "report_times", "report_runs", "report_missed", "report_cases"):
        op.drop_table(table)
    op.execute("DELETE FROM meta WHERE key = 'reports'")
