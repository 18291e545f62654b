"""The form of a database: made, and brought up to date, by the migrations."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from engine.runtime.errors import StoreError
from engine.runtime.tables import SCHEMA

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[2] / "migrations"

# One process migrates at a time, in one transaction. On SQLite the engine has begun a reading one.
_LOCK = {
    "sqlite": ("COMMIT", "BEGIN IMMEDIATE"),
    "postgresql": ("SELECT pg_advisory_xact_lock(hashtext('caseway migrations'))",),
}


def version(connection: Connection) -> str:
    """The number of the newest migration of a database, "" for one without any."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def upgrade(engine: Engine) -> None:
    """Brings a database, empty or of an older version, up to date: whole, or not at all.

    Raises StoreError when it is of a newer version or cannot be written; it is left as it was.
    """
    from alembic import command  # takes longer to import than most commands to run

    try:
        with engine.connect() as connection:
            for statement in _LOCK[engine.dialect.name]:
                connection.exec_driver_sql(statement)
            found = version(connection)
            if found > SCHEMA:
                raise StoreError(
                    f"The database has schema version {found}, this program works with {SCHEMA}.",
                    "Install the newer program that wrote it. Nothing was changed.",
                )
            if found < SCHEMA:
                command.upgrade(config(connection), "head")
            connection.commit()
    except DBAPIError as error:
        raise StoreError(
            f"The tables of the database cannot be made or changed: {error.orig}.", "Nothing was changed."
        ) from error


def config(connection: Connection, **attributes: Any) -> "Config":
    """What Alembic needs to find the migrations and run them on this connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes.update(connection=connection, **attributes)
    return made
