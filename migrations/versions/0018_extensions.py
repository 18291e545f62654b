"""Extensions of clocks, listed"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
works_from = "0015"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "report_extended",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("process", TEXT, nullable=False),
        sa.Column("clock", TEXT, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        *(
            sa.Column(name, TEXT, nullable=False)
            for name in ("clauses", "origin", "queue", "length", "most", "reason", "approver")
        ),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("at", "before", "deadline")),
        sa.PrimaryKeyConstraint("case_id", "id", "nth", name=op.f("pk_report_extended")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_report_extended_at", "report_extended", ["at", "case_id", "id", "nth"])


def downgrade() -> None:
    op.drop_table("report_extended")
