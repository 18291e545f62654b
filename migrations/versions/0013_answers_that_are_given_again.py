"""Answers that are given again; lists of the cases that one watches"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "given_answers",
        sa.Column("user", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("sent", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("user", "key", name=op.f("pk_given_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_given_answers_made_at", "given_answers", ["made_at"], unique=False)
    op.create_table(
        "case_watchers",
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_case_watchers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_watchers_user_id", "case_watchers", ["user_id", "started_at", "case_id"], unique=False)
    _fill()


def _fill() -> None:
    """The rows of those who watch already."""
    connection = op.get_bind()
    found = sa.text("SELECT id, started_at, state FROM cases WHERE CAST(state AS TEXT) LIKE '%\"watchers\"%'")
    insert = sa.text("INSERT INTO case_watchers (case_id, user_id, started_at) VALUES (:case, :user, :at)")
    for case, at, state in connection.execute(found).all():
        for user in json.loads(state).get("work", {}).get("watchers", ()):
            connection.execute(insert, {"case": case, "user": user, "at": at})


def downgrade() -> None:
    op.drop_table("case_watchers")
    op.drop_table("given_answers")
