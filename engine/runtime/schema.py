"""The form of a database: made, and brought up to date, by the migrations."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, inspect, text
from sqlalchemy.exc import DBAPIError

from engine.runtime.database import WORKS_FROM, Database, oldest_of, refuse_newer
from engine.runtime.errors import StoreError
from engine.runtime.statements import quoted
from engine.runtime.tables import SCHEMA, metadata

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
                refuse_newer(found, works_from(connection))
            if found < SCHEMA:
                made = config(connection)
                command.upgrade(made, "head")
                _note(connection, made, SCHEMA)
            connection.commit()
    except DBAPIError as error:
        raise StoreError(
            f"The tables of the database cannot be made or changed: {error.orig}.", "Nothing was changed."
        ) from error


class Loss(NamedTuple):
    """What going back takes away: a table with so many rows, or a column with so many values."""

    table: str
    column: str  # "": all of the table
    values: int


def downgrade(engine: Engine, to: str, dry: bool = False) -> list[Loss]:
    """Brings a database back to the form of an older program, whole, or not at all; what is lost by it. dry: nothing is
    changed, and what would be lost is told all the same.

    Raises StoreError when it is not of this program's form, or there is no such older one.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    try:
        with engine.connect() as connection:
            for statement in _LOCK[engine.dialect.name]:
                connection.exec_driver_sql(statement)
            found, made = version(connection), config(connection)
            older = [one.revision for one in ScriptDirectory.from_config(made).walk_revisions() if one.revision < found]
            if found != SCHEMA or to not in older:
                known = f"{min(older)} to {max(older)}" if found == SCHEMA and older else "no other by this program"
                raise StoreError(
                    f"The database has schema version {found or 'none'} and cannot be brought back to {to}.",
                    f"Expected one of: {known}. Nothing was changed.",
                )
            before = _values(connection)
            command.downgrade(made, to)
            after = _columns(connection)
            if dry:
                connection.rollback()
            else:
                _note(connection, made, to)
                connection.commit()
    except DBAPIError as error:
        raise StoreError(f"The database cannot be brought back: {error.orig}.", "Nothing was changed.") from error
    return [
        Loss(table, column, count)
        for (table, column), count in sorted(before.items())
        if (table, column) not in after and (not column or (table, "") in after)
    ]


def works_from(connection: Connection) -> str:
    """The form whose programs, and newer ones, may work on a database; "" where none but its own."""
    noted = connection.execute(text(f"SELECT value FROM meta WHERE key = '{WORKS_FROM}'")).scalar()
    return oldest_of(version(connection), noted)


def _note(connection: Connection, made: "Config", upto: str) -> None:
    """Writes down which programs may work on the database, by what its migrations say."""
    from alembic.script import ScriptDirectory

    scripts = [one for one in ScriptDirectory.from_config(made).walk_revisions() if one.revision <= upto]
    oldest = max(getattr(one.module, "works_from", one.revision) for one in scripts)
    connection.execute(text(f"DELETE FROM meta WHERE key = '{WORKS_FROM}'"))
    connection.execute(
        text(f"INSERT INTO meta (key, value) VALUES ('{WORKS_FROM}', :oldest)"), {"oldest": f"{upto} {oldest}"}
    )


def _columns(connection: Connection) -> set[tuple[str, str]]:
    """All tables, and all columns of them."""
    found = inspect(connection)
    names = found.get_table_names()
    return {(name, "") for name in names} | {(name, one["name"]) for name in names for one in found.get_columns(name)}


def _values(connection: Connection) -> dict[tuple[str, str], int]:
    """How many rows each table has, and how many values each column that may be empty."""
    columns = _columns(connection)
    counted = {}
    for table, column in columns:
        what = f"count({quoted(column)})" if column else "count(*)"
        counted[table, column] = connection.execute(text(f"SELECT {what} FROM {quoted(table)}")).scalar() or 0
    return counted


def tables_of(database: Database) -> list[Table]:
    """The tables of a database. Raises StoreError where this program does not know one: it might hold anything."""
    there = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    unknown = ", ".join(sorted(there - metadata.tables.keys()))
    if unknown:
        raise StoreError(
            f"The database has tables that are not known here: {unknown}.",
            "Take them out, or use the program they are of.",
        )
    return [table for table in metadata.sorted_tables if table.name in there]


def config(connection: Connection, **attributes: Any) -> "Config":
    """What Alembic needs to find the migrations and run them on this connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes.update(connection=connection, **attributes)
    return made
