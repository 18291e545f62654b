"""PostgreSQL: many writers, on many machines."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import DeadlockDetected, DivisionByZero, LockNotAvailable, SerializationFailure
from sqlalchemy import Engine, create_engine

from engine.runtime.database import RETIREMENT, Row
from engine.runtime.errors import Collision, StoreError, Violation

# By class of SQLSTATE: what it means, and what to do about it.
CURES = {
    "53": ("it has run out of disk, memory or connections", "Make room there, then try again."),
    "25": ("it may not be written", "Connect to the primary server, or end its read-only mode."),
    "42": (
        "it does not have our tables, or not for this user",
        "Run `caseway init`, check the user's rights.",
    ),
    "P0": ("it is out of service", RETIREMENT),
    "57": ("it is shutting down, or cut us off", "Try again when it is up."),
}
LOST = (
    "the connection failed",
    "Check the URL, and that the server runs; a command may be repeated with the same id.",
)


NOTICES: Mapping[str, int] = {
    "connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip
"""How soon a line that is dead is noticed (seconds, but for the last: milliseconds), where the URL does not say."""


def noticing(url: str) -> str:
    """How to connect, so that a dead line is noticed. Raises psycopg.Error for what is no URL."""
    given: Mapping[str, Any] = conninfo_to_dict(url)
    return make_conninfo(**{**NOTICES, **given})


class Postgres:
    """A database on a PostgreSQL server, by its URL."""

    dialect = "postgresql"
    unsafe = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(self)

    def connect(self, hot: bool = False) -> "PostgresConnection":
        return PostgresConnection(self, f"{BY_INDEX}; {SHORT}" if hot else "")

    def close(self) -> None:
        self.engine.dispose()

    def open(self) -> psycopg.Connection[Any]:
        try:
            connection = psycopg.connect(noticing(self.url), autocommit=True)
        except psycopg.Error as error:
            complain(error)
        connection.prepare_threshold = 0
        connection.prepared_max = 500
        return connection


BY_INDEX = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
"""What a batch asks is found by an index. A plan made while a table was still small would read it whole, and prepared
statements keep their plans: a new installation grew slower by the minute until it was first analysed."""
SHORT = (
    "SET idle_in_transaction_session_timeout = '5s'; "
    "SELECT set_config(name, '20s', false) FROM pg_settings WHERE name = 'transaction_timeout'"
)
"""A batch never waits within its transaction. A program that is stopped, or whose line carries nothing any more, would
hold its locks, and with them all other programs, until somebody ends its connection: the server does. The second, of
PostgreSQL 17 and later, also where the line died in the middle of a pipeline, which is not idle to the server."""
BEGIN: tuple[str, Row] = ("BEGIN", ())
EXACTLY = "WITH touched AS ({} RETURNING 1) SELECT 1 / (count(*) = ?)::int FROM touched"
"""Divides by zero unless so many rows were touched: told from all other errors, and without a trip to ask."""


class PostgresConnection:
    """See `engine.runtime.database.Connection`. After a failure it connects again by itself, with the next
    statement outside of a transaction: what is left of a transaction fails until it is rolled back.

    Theory of operation. What costs time here is the way to the server and back. So what begins a transaction, and the
    bulk statements, wait until something is asked for or committed, and go there with it, in one pipeline: a batch
    takes a way for what it reads, and one for all that it writes.
    """

    def __init__(self, database: Postgres, settings: str = "") -> None:
        self._database = database
        self._settings = settings
        self._texts: dict[str, bytes] = {}
        self._waiting: list[tuple[str, Row]] = []
        self._begun = self._ended = False
        self._connect()

    def _connect(self) -> None:
        self.raw = self._database.open()
        if self._settings:
            try:
                self.raw.execute(self._settings, prepare=False)
            except psycopg.Error as error:
                self.raw.close()
                complain(error)
        self._cursor = self.raw.cursor(binary=True)
        self._sending = self.raw.cursor(binary=True)

    def begin(self) -> None:
        self._waiting = [BEGIN]

    def commit(self) -> None:
        if self._waiting == [BEGIN]:
            self._waiting = []  # nobody has asked or written anything
        else:
            self.run("COMMIT")
        self._begun = False

    def rollback(self) -> None:
        self._begun = False
        self._waiting = []
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

    def bulk(self, sql: str, rows: Sequence[Row], exactly: bool = False) -> None:
        columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]
        if exactly:
            sql, columns = EXACTLY.replace("{}", sql), [*columns, len(rows)]
        if self._begun or self._waiting:
            self._waiting.append((sql, columns))
        else:
            self._do(sql, columns)

    def close(self) -> None:
        self._ended = True
        self.raw.close()

    def _do(self, sql: str, parameters: Row) -> psycopg.Cursor[Any]:
        if self.raw.closed and not self._begun and not self._ended:
            self.raw.close()  # lost; now it is let go
            self._connect()
        waiting, self._waiting = self._waiting, []
        try:
            if not waiting:
                return self._cursor.execute(self._text(sql), parameters or None)
            self._begun = True
            with self.raw.pipeline():
                for before, given in waiting:
                    self._sending.execute(self._text(before), given or None)
                return self._cursor.execute(self._text(sql), parameters or None)
        except psycopg.Error as error:
            complain(error)

    def _text(self, sql: str) -> bytes:
        text = self._texts.get(sql)
        if text is None:
            text = self._texts[sql] = sql.replace("?", "%b").encode()  # binary: arrays are dear as text
        return text


def complain(error: psycopg.Error) -> NoReturn:
    """Raises what the error means to the runner, or to a reader."""
    if isinstance(error, DivisionByZero):  # see EXACTLY: no statement of ours divides otherwise
        raise Collision("a row has been moved by another writer") from error
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
