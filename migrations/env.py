"""Run by Alembic, with the connection that `engine.runtime.schema` (or `python -m migrations`) hands in."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Text, TypeDecorator


def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Migrations name the database's types only: our own types may change, a released migration may not."""
    if kind != "type":
        return False
    if isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return "TEXT" if isinstance(item, Text) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    render_item=render,
    transactional_ddl=True,  # the caller's transaction: all of it, or nothing
)
with context.begin_transaction():
    context.run_migrations()
