"""Ids that commands were given, apart from the history: only these can come again"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "given_ids",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_ids")),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO given_ids (id, case_id, seq) SELECT command_id, case_id, seq FROM history")
    op.drop_index("uq_history_command_id", "history")


def downgrade() -> None:
    op.create_index("uq_history_command_id", "history", ["command_id"], unique=True)
    op.drop_table("given_ids")
