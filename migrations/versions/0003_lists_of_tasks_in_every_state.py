"""Lists of tasks in every state: what somebody holds is more than what is merely claimed"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = (
    ("ix_tasks_given", "assignee", "status IN ('open', 'review') AND assignee <> ''"),
    ("ix_tasks_held", "holder", "holder <> '' AND closed_at IS NULL"),
)


BEFORE = (
    ("ix_tasks_given", "assignee", "status = 'open' AND assignee <> ''"),
    ("ix_tasks_held", "holder", "status = 'claimed'"),
)


def upgrade() -> None:
    _make(INDEXES)


def downgrade() -> None:
    _make(BEFORE)


def _make(indexes: tuple[tuple[str, str, str], ...]) -> None:
    for name, first, where in indexes:
        op.drop_index(name, table_name="tasks")
        op.create_index(
            name,
            "tasks",
            [first, sa.literal_column("priority DESC"), "due", "case_id", "id"],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
