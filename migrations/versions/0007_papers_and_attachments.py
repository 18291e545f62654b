"""Papers and attachments"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("paper", TEXT, nullable=False),
        sa.Column("added_by", TEXT, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_attachments")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("attachments")
