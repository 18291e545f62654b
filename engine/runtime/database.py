"""The door to a database: one small interface over SQLite and PostgreSQL.

The hot path speaks SQL with `?` for parameters through a `Connection`: no ORM and no SQLAlchemy in it. Cold
queries use the SQLModel tables through `Database.engine`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, inspect

from engine.runtime.errors import StoreError as StoreError
from engine.runtime.tables import SCHEMA

Row = Sequence[Any]
RETIRED = "moved"
"""The key of `meta` under which a retired database says where its cases went."""
WORKS_FROM = "works_from"
"""The key of `meta` that says of a form which is that of the oldest programs that may work on it: `0017 0016`."""
RETIREMENT = "Start this program again with --database of where they are."


class Connection(Protocol):
    """One connection, used by one thread at a time. Its errors are those of `engine.runtime.errors`."""

    def begin(self) -> None:
        """Starts a writing transaction; on SQLite it holds the database's write lock."""

    def commit(self) -> None: ...

    def rollback(self) -> None:
        """Ends the transaction, if there is one, without its changes. Never raises."""

    def others(self) -> int | None:
        """A number that stays the same for as long as no other connection writes; None where none can be told."""

    def one(self, sql: str, parameters: Row = ()) -> Any:
        """The first row, or None."""

    def all(self, sql: str, parameters: Row = ()) -> list[Any]: ...

    def run(self, sql: str, parameters: Row = ()) -> int:
        """Executes, and returns how many rows it touched."""

    def bulk(self, sql: str, rows: Sequence[Row], exactly: bool = False) -> None:
        """Executes a bulk statement of `Statements` for all rows, now or together with what is asked next or committed:
        what it raises may come only then. exactly: Collision unless it touches as many rows as it is given."""

    def close(self) -> None: ...


class Database(Protocol):
    """A place where cases live."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""

    @property
    def unsafe(self) -> bool:
        """What was answered may be lost when the machine fails (R6); shown in health."""

    @property
    def engine(self) -> Engine:
        """For cold queries through the SQLModel tables."""

    def connect(self, hot: bool = False) -> Connection:
        """hot: for a runner's batches, which only ask for what an index finds."""

    def close(self) -> None: ...


def open_database(url: str, unsafe: bool = False, check: bool = True) -> Database:
    """The database at a URL: a path or `sqlite:///path`, or `postgresql://...`.

    unsafe: SQLite answers before the disk has the data (R6). check: False for whoever makes its tables.
    Raises StoreError, with the cure, when it cannot be opened or is not of this program's version.
    """
    database: Database
    if url.startswith(("postgresql://", "postgres://")):
        from engine.runtime.postgres import Postgres  # psycopg takes a while to import

        database = Postgres(url)
    else:
        from engine.runtime.sqlite import SQLite

        database = SQLite(Path(url.removeprefix("sqlite:///")), unsafe)
    if check:
        try:
            check_schema(database)
        except BaseException:
            database.close()
            raise
    return database


def check_schema(database: Database) -> None:
    """Raises StoreError unless this program may work on the database: it has this program's form, or a newer one that
    says that programs of this form may still work on it, while an upgrade is under way."""
    with database.engine.connect() as connection:
        known = inspect(connection).has_table("alembic_version")
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first() if known else None
        said = connection.exec_driver_sql("SELECT key, value FROM meta").all() if known else []
    if row is None:
        raise StoreError("This is no database of ours yet.", "`caseway init` makes its tables.")
    meta = {key: value for key, value in said}
    if row[0] > SCHEMA:
        refuse_newer(row[0], oldest_of(row[0], meta.get(WORKS_FROM)))
    if row[0] < SCHEMA:
        raise StoreError(
            f"The database has the older schema version {row[0]}, this program works with {SCHEMA}.",
            "Back it up, then let `caseway init` bring it up to date.",
        )
    if RETIRED in meta:
        raise StoreError(
            f"The cases of this database were moved to {meta[RETIRED]}.",
            f"Use them there: --database {meta[RETIRED]}",
        )


def oldest_of(found: str, noted: str | None) -> str:
    """The form of the oldest programs that may work on a database of a form, by what is noted there; "": unknown."""
    form, _, oldest = (noted or "").partition(" ")
    return oldest if form == found else ""


def refuse_newer(found: str, works_from: str) -> None:
    """Raises StoreError unless a database of that newer form says that programs of ours may work on it."""
    if works_from and works_from <= SCHEMA:
        return
    upto = f" Programs from {works_from} on may work on it." if works_from else ""
    raise StoreError(
        f"The database has schema version {found}, this program works with {SCHEMA}.{upto}",
        "Install the newer program that wrote it, or go back with it: `caseway database downgrade`.",
    )
