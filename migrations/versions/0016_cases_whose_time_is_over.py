"""Cases whose time is over"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
works_from = "0015"

ENDED = sa.text("ended_at IS NOT NULL AND key IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_cases_ended", "cases", ["process", "ended_at", "id"], sqlite_where=ENDED, postgresql_where=ENDED
    )


def downgrade() -> None:
    op.drop_index("ix_cases_ended", "cases")
