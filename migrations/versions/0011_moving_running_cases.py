"""Moving running cases to another version"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "migration_runs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("process", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("given", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_migration_runs")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_migration_runs_process", "migration_runs", ["process", "proposed_at", "id"], unique=False)
    op.create_table(
        "migration_cases",
        sa.Column("run", TEXT, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("why", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("run", "case_id", name=op.f("pk_migration_cases")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_migration_cases_state", "migration_cases", ["run", "state", "case_id"], unique=False)


def downgrade() -> None:
    op.drop_table("migration_cases")
    op.drop_table("migration_runs")
