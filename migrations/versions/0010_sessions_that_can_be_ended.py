"""Sessions that can be ended"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("user", TEXT, nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("how", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("browser", TEXT, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_user", "sessions", ["user", "began"], unique=False)
    op.create_index("ix_sessions_began", "sessions", ["began"], unique=False)
    op.add_column("accounts", sa.Column("closed_at", sa.BigInteger(), nullable=True))
    op.add_column("accounts", sa.Column("closed_by", TEXT, nullable=True))


def downgrade() -> None:
    op.drop_column("accounts", "closed_by")
    op.drop_column("accounts", "closed_at")
    op.drop_table("sessions")
