"""PostgreSQL: many writers, on many machines."""

from collections.abc import Sequence
from typing import Any, NoReturn

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure
from sqlalchemy import Engine, create_engine

from engine.runtime.database import Row
from engine.runtime.errors import Collision, StoreError, Violation

# By class of SQLSTATE: what it means, and what to do about it.
CURES = {
    "53": ("it has run out of disk, memory or connections", "Make room there, then try again."),
    "25": ("it may not be written", "Connect to the primary server, or end its read-only mode."),
    "42": (
        "it does not have our tables, or not for this user",
        "Run `caseway init`, check the user's rights.",
    ),
    "57": ("it is shutting down, or cut us off", "Try again when it is up."),
}
LOST = (
    "the connection failed",
    "Check the URL, and that the server runs; a command may be repeated with the same id.",
)


class Postgres:
    """A database on a PostgreSQL server, by its URL."""

    dialect = "postgresql"
    unsafe = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(self)

    def connect(self) -> "PostgresConnection":
        return PostgresConnection(self)

    def close(self) -> None:
        self.engine.dispose()

    def open(self) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(self.url, autocommit=True)
        except psycopg.Error as error:
            complain(error)
        connection.prepare_threshold = 0
        connection.prepared_max = 500
        return connection


class PostgresConnection:
    """See `engine.runtime.database.Connection`. After a failure it connects again by itself, with the next
    statement outside of a transaction: what is left of a transaction fails until it is rolled back."""

    def __init__(self, database: Postgres) -> None:
        self._database = database
        self._texts: dict[str, bytes] = {}
        self._begun = self._ended = False
        self._connect()

    def _connect(self) -> None:
        self.raw = self._database.open()
        self._cursor = self.raw.cursor(binary=True)

    def begin(self) -> None:
        self.run("BEGIN")
        self._begun = True

    def commit(self) -> None:
        self.run("COMMIT")
        self._begun = False

    def rollback(self) -> None:
        self._begun = False
        try:
            self.raw.rollback()
        except psycopg.Error:
            self.raw.close()  # its transaction ends with it

    def others(self) -> None:
        return None

    def one(self, sql: str, parameters: Row = ()) -> Any:
        return self._do(sql, parameters).fetchone()

    def all(self, sql: str, parameters: Row = ()) -> list[Any]:
        return self._do(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Row = ()) -> int:
        return self._do(sql, parameters).rowcount

    def bulk(self, sql: str, rows: Sequence[Row]) -> int:
        return self._do(sql, [list(column) for column in zip(*rows, strict=True)]).rowcount

    def close(self) -> None:
        self._ended = True
        self.raw.close()

    def _do(self, sql: str, parameters: Row) -> psycopg.Cursor[Any]:
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.replace("?", "%b").encode()  # binary: arrays are dear as text
        if self.raw.closed and not self._begun and not self._ended:
            self.raw.close()  # lost; now it is let go
            self._connect()
        try:
            return self._cursor.execute(text, parameters or None)
        except psycopg.Error as error:
            complain(error)


def complain(error: psycopg.Error) -> NoReturn:
    """Raises what the error means to the runner, or to a reader."""
    if isinstance(error, psycopg.IntegrityError | psycopg.DataError):
        raise Violation(str(error)) from error
    if isinstance(error, SerializationFailure | DeadlockDetected | LockNotAvailable):
        raise Collision(str(error)) from error
    text, cure = CURES.get((error.sqlstate or "")[:2], LOST)
    raise StoreError(f"The database cannot be used: {text} ({str(error).strip()}).", cure) from error


def _engine(database: Postgres) -> Engine:
    def connect() -> psycopg.Connection[Any]:
        connection = database.open()
        connection.autocommit = False
        return connection

    return create_engine("postgresql+psycopg://", creator=connect)
