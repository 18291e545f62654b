"""The door to a database: one small interface over SQLite and PostgreSQL, and its errors in words.

The hot path speaks SQL with `?` for parameters through a `Connection`; no ORM and no SQLAlchemy in it.
Cold queries use the SQLModel tables through `Database.engine`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine

from engine.runtime.tables import SCHEMA

Row = Sequence[Any]


class StoreError(Exception):
    """The database cannot do what was asked; nothing was written. `cure` says how to mend it."""

    def __init__(self, text: str, cure: str) -> None:
        super().__init__(f"{text} {cure}")
        self.text = text
        self.cure = cure


class Violation(Exception):  # noqa: N818  (told from other errors by the runner, never seen by callers)
    """A row collides with one that is there, or a value does not fit: this batch cannot be written."""


class Collision(Exception):  # noqa: N818  (as above)
    """Another writer was faster (serialization, deadlock, a stale revision): load again and retry."""


class Connection(Protocol):
    """One connection, used by one thread at a time. Errors come out as the three classes above."""

    def begin(self) -> None:
        """Starts a writing transaction; on SQLite it holds the database's write lock."""

    def commit(self) -> None: ...

    def rollback(self) -> None:
        """Ends the transaction, if there is one, without its changes. Never raises."""

    def one(self, sql: str, parameters: Row = ()) -> Any:
        """The first row, or None."""

    def all(self, sql: str, parameters: Row = ()) -> list[Any]: ...

    def run(self, sql: str, parameters: Row = ()) -> int:
        """Executes and returns how many rows it touched."""

    def bulk(self, sql: str, rows: Sequence[Row]) -> int:
        """Executes a statement of `statements` once for all rows; returns how many rows it touched."""

    def close(self) -> None: ...


class Database(Protocol):
    """A place where cases live."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""

    @property
    def unsafe(self) -> bool:
        """An answered command may be lost when the machine fails (R6)."""

    @property
    def engine(self) -> Engine:
        """For cold queries through the SQLModel tables."""

    def connect(self) -> Connection: ...

    def close(self) -> None: ...


def open_database(url: str, unsafe: bool = False) -> Database:
    """The database at a URL: `sqlite:///path` or a bare path, or `postgresql://...`.

    unsafe: SQLite may answer before the disk has the data (R6). Raises StoreError.
    """
    if url.startswith(("postgresql://", "postgres://")):
        from engine.runtime.postgres import Postgres

        return Postgres(url)
    from engine.runtime.sqlite import SQLite

    return SQLite(Path(url.removeprefix("sqlite:///")), unsafe)


def check_schema(connection: Connection, where: str) -> None:
    """Raises StoreError unless the database has the schema that this program writes."""
    try:
        found = connection.one("SELECT value FROM meta WHERE key = 'schema'")
    except Violation:
        found = None
    if found is None:
        raise StoreError(f"{where} is no database of Caseway yet.", "Run `caseway init` to create it.")
    if found[0] != SCHEMA:
        newer = _number(found[0]) > _number(SCHEMA)
        raise StoreError(
            f"{where} has schema version {found[0]}, this program works with {SCHEMA}.",
            "Install the newer program that wrote it."
            if newer
            else "Run `caseway init` to bring it up to date.",
        )


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0


def transact(connection: Connection, statements: Iterable[tuple[str, Row]]) -> None:
    """Runs the statements in one transaction: all or nothing."""
    connection.begin()
    try:
        for sql, parameters in statements:
            connection.run(sql, parameters)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
