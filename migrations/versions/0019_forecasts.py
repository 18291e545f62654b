"""The chance of a breach"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
works_from = "0015"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "forecasts",
        sa.Column("process", TEXT, nullable=False),
        sa.Column("clock", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("process", "clock", name=op.f("pk_forecasts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forecast_chances",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("chance", sa.Integer(), nullable=True),
        sa.Column("why", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_forecast_chances")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_forecast_chances_chance", "forecast_chances", ["chance", "case_id", "id"])


def downgrade() -> None:
    op.drop_table("forecast_chances")
    op.drop_table("forecasts")
