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
    """See `engine.runtime.database.Connection`. Connects again by itself after a failure."""

    def __init__(self, database: Postgres) -> None:
        self._database = database
        self.raw = database.open()
        self._cursor = self.raw.cursor(binary=True)
        self._texts: dict[str, bytes] = {}

    def begin(self) -> None:
        if self.raw.closed:
            self.raw = self._database.open()
            self._cursor = self.raw.cursor(binary=True)
        self.run("BEGIN")

    def commit(self) -> None:
        self.run("COMMIT")

    def rollback(self) -> None:
        try:
            self.raw.rollback()
        except psycopg.Error:
            self.raw.close()  # its transaction ends with it

    def one(self, sql: str, parameters: Row = ()) -> Any:
        return self._do(sql, parameters).fetchone()

    def all(self, sql: str, parameters: Row = ()) -> list[Any]:
        return self._do(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Row = ()) -> int:
        return self._do(sql, parameters).rowcount

    def bulk(self, sql: str, rows: Sequence[Row]) -> int:
        return self._do(sql, [list(column) for column in zip(*rows, strict=True)]).rowcount

    def close(self) -> None:
        self.raw.close()

    def _do(self, sql: str, parameters: Row) -> psycopg.Cursor[Any]:
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.replace("?", "%b").encode()  # binary: arrays are dear as text
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
