"""Sign-in and webhooks"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _acknowledged()


def _acknowledged() -> None:
    """Why a clock is late, as a supervisor has said."""
    for column in (
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("acknowledged_by", TEXT, nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
    ):
        op.add_column("clocks", column)
