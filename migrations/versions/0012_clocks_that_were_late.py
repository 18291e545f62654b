"""Clocks that were late, with nobody having said why"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

PAUSED = sa.text("status = 'paused'")
UNEXPLAINED = sa.text("breached = 1 AND acknowledged_at IS NULL AND status IN ('stopped', 'unmet')")


def upgrade() -> None:
    for name, column, which in (
        ("ix_clocks_paused", "deadline", PAUSED),
        ("ix_clocks_unexplained", "closed_at", UNEXPLAINED),
    ):
        op.create_index(name, "clocks", [column, "case_id"], unique=False, sqlite_where=which, postgresql_where=which)


def downgrade() -> None:
    op.drop_index("ix_clocks_unexplained", "clocks")
    op.drop_index("ix_clocks_paused", "clocks")
