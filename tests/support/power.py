"""A disk that forgets what was not synced: SQLite's file layer, watched, and cut off at a given operation.

Theory of operation. `Power` is a VFS of SQLite that passes everything on to the real files, and keeps beside each
file what a disk is bound to remember: its content at the last sync, and what has been done to it since. When the
power goes, `image` writes what might be found afterwards: of the operations since the last sync some are there,
some are not, some in part, sector by sector, in no order. From then on nothing can be written any more.

`PowerDatabase` lets a runner work on such files: the connection of `engine.runtime.database` over apsw.
"""

import sqlite3
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import apsw

from engine.runtime.database import Row
from engine.runtime.errors import Collision, StoreError, Violation
from engine.runtime.sqlite import CURES, FAILED, PRAGMAS

SECTOR = 512


class Platter:
    """What a disk remembers of one file: `safe` for certain (None: no such file), `loose` perhaps."""

    def __init__(self, content: bytes | None) -> None:
        self.safe = None if content is None else bytearray(content)
        self.loose: list[tuple[str, int, bytes]] = []  # write at, truncate to, delete

    def sync(self) -> None:
        for operation in self.loose:
            self.safe = _done(self.safe, *operation)
        self.loose.clear()

    def remains(self, random: Random) -> bytes | None:
        """What may be there after the power has gone."""
        content = None if self.safe is None else bytearray(self.safe)
        share = random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for kind, place, data in self.loose:
            if kind == "write":
                for start, piece in _sectors(place, data):
                    if random.random() < share:
                        content = _done(content, kind, start, piece)
            elif random.random() < share:
                content = _done(content, kind, place, data)
            elif kind == "delete":
                break  # the old file is back, what was written to a new one is not
        return None if content is None else bytes(content)


def _done(content: bytearray | None, kind: str, place: int, data: bytes) -> bytearray | None:
    if kind == "delete":
        return None
    content = bytearray() if content is None else content
    if kind == "truncate":
        del content[place:]
        return content
    content.extend(bytes(max(0, place - len(content))))
    content[place : place + len(data)] = data
    return content


def _sectors(place: int, data: bytes) -> list[tuple[int, bytes]]:
    first = SECTOR - place % SECTOR
    cuts = [0, *range(first, len(data), SECTOR), len(data)]
    return [(place + a, data[a:b]) for a, b in pairwise(cuts) if a < b]


class Power(apsw.VFS):
    """The file layer of one folder. The power goes before operation number `fuse` from now, if that is set."""

    def __init__(self, name: str, random: Random) -> None:
        super().__init__(name, base="")
        self.name = name
        self.random = random
        self.lock = threading.RLock()
        self.fuse = -1
        self.gone = False
        self.found: dict[str, bytes | None] = {}  # what is there afterwards
        self.platters: dict[str, Platter] = {}

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "PowerFile":
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        with self.lock:
            if path not in self.platters:
                file = Path(path)
                self.platters[path] = Platter(file.read_bytes() if file.exists() else None)
        return PowerFile(self, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.pulse(filename, "delete")
        super().xDelete(filename, syncdir)
        if syncdir:
            with self.lock:
                self.platters[filename].sync()

    def pulse(self, path: str, kind: str, place: int = 0, data: bytes = b"") -> None:
        """Notes an operation that is about to be done, unless the power has gone."""
        with self.lock:
            if self.fuse == 0 and not self.gone:
                self.gone = True
                self.found = {path: one.remains(self.random) for path, one in self.platters.items()}
            if self.gone:
                raise apsw.IOError("the power is gone")
            self.fuse -= 1
            if kind == "sync":
                return
            self.platters.setdefault(path, Platter(None)).loose.append((kind, place, data))

    def synced(self, path: str) -> None:
        with self.lock:
            if not self.gone:
                self.platters[path].sync()

    def image(self, folder: Path) -> None:
        """Writes what is there after the power has gone into a folder."""
        assert self.gone
        for path, content in self.found.items():
            if content is not None:
                (folder / Path(path).name).write_bytes(content)


class PowerFile(apsw.VFSFile):
    def __init__(self, power: Power, path: str, name: Any, flags: list[int]) -> None:
        self._power = power
        self._path = path
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        self._power.pulse(self._path, "write", offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._power.pulse(self._path, "truncate", newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._power.pulse(self._path, "sync")
        # The real file is not synced: only what is noted here counts, and that is a good deal faster.
        self._power.synced(self._path)


class PowerDatabase:
    """See `engine.runtime.database.Database`."""

    dialect = "sqlite"

    def __init__(self, path: Path, power: Power, unsafe: bool = False) -> None:
        self.path = path
        self.power = power
        self.unsafe = unsafe

    @property
    def engine(self) -> NoReturn:
        raise NotImplementedError("cold queries do not go through this file layer")

    def connect(self, hot: bool = False) -> "PowerConnection":
        connection = apsw.Connection(str(self.path), vfs=self.power.name)
        for pragma in (*PRAGMAS, f"PRAGMA synchronous = {'NORMAL' if self.unsafe else 'FULL'}"):
            connection.execute(pragma).fetchall()
        return PowerConnection(connection)

    def close(self) -> None: ...


class PowerConnection:
    """See `engine.runtime.database.Connection`."""

    def __init__(self, raw: apsw.Connection) -> None:
        self.raw = raw

    def begin(self) -> None:
        self.run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.run("COMMIT")

    def rollback(self) -> None:
        if self.raw.in_transaction:
            try:
                self.raw.execute("ROLLBACK")
            except apsw.Error:
                self.raw.close(True)

    def others(self) -> int:
        number: int = self.one("PRAGMA data_version")[0]
        return number

    def one(self, sql: str, parameters: Row = ()) -> Any:
        found = self.all(sql, parameters)
        return found[0] if found else None

    def all(self, sql: str, parameters: Row = ()) -> list[Any]:
        try:
            return self.raw.execute(sql, tuple(parameters)).fetchall()
        except apsw.Error as error:
            complain(error)

    def run(self, sql: str, parameters: Row = ()) -> int:
        before = self.raw.total_changes()
        self.all(sql, parameters)
        return self.raw.total_changes() - before

    def bulk(self, sql: str, rows: Sequence[Row], exactly: bool = False) -> None:
        before = self.raw.total_changes()
        try:
            self.raw.executemany(sql, [tuple(row) for row in rows]).fetchall()
        except apsw.Error as error:
            complain(error)
        if exactly and self.raw.total_changes() - before != len(rows):
            raise Collision("a row has been moved by another writer")

    def close(self) -> None:
        self.raw.close(True)


def complain(error: apsw.Error) -> NoReturn:
    """What `engine.runtime.sqlite` makes of the same errors."""
    if isinstance(error, apsw.ConstraintError | apsw.MismatchError):
        raise Violation(str(error)) from error
    code = getattr(error, "extendedresult", 0)
    if code == sqlite3.SQLITE_BUSY_SNAPSHOT:
        raise Collision(str(error)) from error
    text, cure = CURES.get(code & 0xFF, FAILED)
    raise StoreError(f"{text} ({error})", cure) from error
