"""SQLite: one file, one writer at a time, readers beside it (WAL)."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine, QueuePool, create_engine, event

from engine.runtime.database import RETIREMENT, Row
from engine.runtime.errors import Collision, StoreError, Violation

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA busy_timeout = 5000",  # milliseconds that a writer waits for another (R8)
    "PRAGMA cache_size = -65536",  # KiB
    "PRAGMA wal_autocheckpoint = 8000",  # pages, 32 MB: a page written over and over goes home less often
    "PRAGMA foreign_keys = OFF",
    "PRAGMA temp_store = MEMORY",
)

# What is neither number nor text, sqlite3 first asks for an adapter, which takes longer than to bind it: so here are
# two for what needs none.
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(type(None), {}.get)  # type: ignore[arg-type]  # gives None for None

# By the result code of SQLite: what it means, and what to do about it.
CURES = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Make room, then try again: nothing was lost."),
    sqlite3.SQLITE_READONLY: (
        "it may not be written",
        "Give the file and its folder to the user who runs this program.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "Check the path, and that the folder exists and may be written.",
    ),
    sqlite3.SQLITE_PERM: ("it may not be opened", "Give the file to the user who runs this program."),
    sqlite3.SQLITE_BUSY: (
        "another program holds it for more than 5 seconds",
        "End that program, or try again later.",
    ),
    sqlite3.SQLITE_NOTADB: ("it is no SQLite database", "Check the path."),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "Restore it from the backup."),
    sqlite3.SQLITE_IOERR: ("the disk does not read or write", "Check the disk, then try again."),
}
FAILED = ("it failed", "Nothing was written; try again, and look into the log if it stays.")


class SQLite:
    """A database in one file. `unsafe` leaves syncing to the system: faster, and the last answers may be
    lost in a power failure."""

    dialect = "sqlite"

    def __init__(self, path: Path, unsafe: bool = False) -> None:
        self.path = path
        self.unsafe = unsafe
        self.engine = _engine(self)

    def connect(self, hot: bool = False) -> "SQLiteConnection":
        return SQLiteConnection(self._open(), str(self.path))

    def close(self) -> None:
        self.engine.dispose()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, cached_statements=512
            )
            for pragma in PRAGMAS:
                connection.execute(pragma)
            connection.execute(f"PRAGMA synchronous = {'NORMAL' if self.unsafe else 'FULL'}")
        except sqlite3.Error as error:
            complain(error, str(self.path))
        return connection


class SQLiteConnection:
    """See `engine.runtime.database.Connection`. Statements are prepared once and kept by sqlite3."""

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        self.raw = connection
        self._where = where
        self._execute = connection.execute
        self._executemany = connection.executemany

    def begin(self) -> None:
        self.run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.run("COMMIT")

    def rollback(self) -> None:
        if self.raw.in_transaction:
            self.raw.rollback()

    def others(self) -> int:
        number: int = self.one("PRAGMA data_version")[0]
        return number

    def one(self, sql: str, parameters: Row = ()) -> Any:
        try:
            return self._execute(sql, parameters).fetchone()
        except sqlite3.Error as error:
            complain(error, self._where)

    def all(self, sql: str, parameters: Row = ()) -> list[Any]:
        try:
            return self._execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            complain(error, self._where)

    def run(self, sql: str, parameters: Row = ()) -> int:
        try:
            return self._execute(sql, parameters).rowcount
        except sqlite3.Error as error:
            complain(error, self._where)

    def bulk(self, sql: str, rows: Sequence[Row], exactly: bool = False) -> None:
        try:
            # One row most often, and sooner done.
            done = self._execute(sql, rows[0]) if len(rows) == 1 else self._executemany(sql, rows)
        except sqlite3.Error as error:
            complain(error, self._where)
        if exactly and done.rowcount != len(rows):
            raise Collision("a row has been moved by another writer")

    def close(self) -> None:
        self.raw.close()


def complain(error: sqlite3.Error, where: str) -> NoReturn:
    """Raises what the error means to the runner, or to a reader."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_CONSTRAINT_TRIGGER:  # we have only those of a retired database
        raise StoreError(f"The database {where} is out of service: {error}.", RETIREMENT) from error
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.InterfaceError):
        raise Violation(str(error)) from error
    if code == sqlite3.SQLITE_BUSY_SNAPSHOT:
        raise Collision(str(error)) from error
    text, cure = CURES.get(code & 0xFF, FAILED)
    raise StoreError(f"The database {where} cannot be used: {text} ({error}).", cure) from error


def _engine(database: SQLite) -> Engine:
    engine = create_engine("sqlite://", creator=database._open, poolclass=QueuePool)

    # sqlite3 is in autocommit here, so that SQLAlchemy itself has to begin; DDL is then transactional too.
    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
