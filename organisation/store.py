"""Revisions of the organisation in the database: each load is the next one, none is ever changed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

import msgspec

from engine.runtime.database import Connection, Database
from engine.runtime.tables import micros
from organisation.directory import Directory
from organisation.load import build

NEWEST = "SELECT revision, document FROM directories ORDER BY revision DESC LIMIT 1"
ONE = "SELECT revision, document FROM directories WHERE revision = ?"
THEN = "SELECT revision FROM directories WHERE loaded_at <= ? ORDER BY revision DESC LIMIT 1"
LOADED = "SELECT count(*) FROM directories WHERE loaded_at = ?"
LATEST = "SELECT max(revision) FROM directories"
INSERT = 'INSERT INTO directories (revision, loaded_at, "by", document) VALUES (?, ?, ?, ?)'

encode = msgspec.json.Encoder(order="sorted", decimal_format="string").encode
"""JSON of a document as it is stored."""


def save(connection: Connection, value: Mapping[str, Any], by: str, at: datetime) -> int:
    """Stores a checked document (`load`) as the next revision, within the caller's transaction.

    Returns the revision; a document that is the newest already stays what it is. Two who save at once
    collide: the later one raises Violation and may try again.
    """
    document = encode(value).decode()
    newest = connection.one(NEWEST)
    if newest is not None and newest[1] == document:
        return int(newest[0])
    revision = 1 if newest is None else int(newest[0]) + 1
    connection.run(INSERT, (revision, micros(at), by, document))
    return revision


class Directories:
    """The revisions as deciding needs them: the newest in force, older ones to decide again what they decided.

    A directory is built once and kept. `current` is what `refresh` last found, so that deciding asks no
    database; whoever runs for long calls `refresh` from time to time, and after loading a new revision.
    """

    def __init__(self, database: Database) -> None:
        self._connection = database.connect()
        self._lock = Lock()
        self._kept: dict[int, Directory] = {}
        self._newest = 0
        self.refresh()

    @property
    def current(self) -> Directory | None:
        """The newest revision that `refresh` has seen; None before any was loaded."""
        return self._kept.get(self._newest)

    def refresh(self) -> int:
        """Looks for a newer revision and returns the newest, 0 when there is none."""
        with self._lock:
            found = self._connection.one(LATEST)[0]
            if found is not None and found != self._newest:
                self._read(found)
                self._newest = found
            return self._newest

    def revision(self, number: int) -> Directory | None:
        """The organisation as it was at a revision; None if there never was one of that number."""
        with self._lock:
            return self._kept.get(number) or self._read(number)

    def then(self, at: datetime) -> Directory | None:
        """The organisation as it was at a moment, for deciding again what was decided then."""
        return next(self.thens(at))

    def thens(self, at: datetime) -> Iterator[Directory | None]:
        """As `then`; where revisions were loaded in that very moment, also as it was before each of them, the last
        one first: a moment does not tell which of what fell into it came first."""
        with self._lock:
            row = self._connection.one(THEN, (micros(at),))
            loaded = 0 if row is None else self._connection.one(LOADED, (micros(at),))[0]
        newest = 0 if row is None else int(row[0])
        for number in range(newest, newest - loaded - 1, -1):
            yield self.revision(number) if number else None

    def _read(self, number: int) -> Directory | None:
        row = self._connection.one(ONE, (number,))
        if row is None:
            return None
        self._kept[number] = build(msgspec.json.decode(row[1]), number)
        return self._kept[number]

    def close(self) -> None:
        self._connection.close()
