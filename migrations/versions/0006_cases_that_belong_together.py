"""Cases that belong together"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("other", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "other", name=op.f("pk_links")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "holds",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("placed_by", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_holds")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_holds_since", "holds", ["since"], unique=False)
    op.create_table(
        "likenesses",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "rule", name=op.f("pk_likenesses")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_likenesses_key", "likenesses", ["key", "case_id"], unique=False)


def downgrade() -> None:
    op.drop_table("likenesses")
    op.drop_table("holds")
    op.drop_table("links")
