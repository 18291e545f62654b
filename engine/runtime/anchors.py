"""Anchors: a daily, signed record of chain heads in a file outside the database (R13).

Theory of operation. The chain proves that nothing within a history was changed, but not that its end was not
cut off, or that a whole case did not vanish, together with every trace in the database. So once a day the
head of every case that has moved since is appended to a file of its own, one line of JSON at a time: number,
moment, the hash of the line before, the heads, and a signature by the installation's key. Every line that names
a case says what its history must hold for ever: a row with that number and that hash.

What was moved since is found by `last_at`, with a day to spare, so a clock that was set does no harm: a head
written twice costs a hundred bytes. The scan reads a snapshot beside the writers. The database keeps the hash
of the day's line in turn, so that a file that was cut shows, too. A line is written before the database
knows of it: a line that it does not know is harmless (a crash between the two), the other way round is not.
Keep copies of the file elsewhere: who can rewrite database, anchors and key file can rewrite everything.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.runtime.clock import new_id
from engine.runtime.database import Connection, Database
from engine.runtime.errors import StoreError
from engine.runtime.tables import micros
from engine.runtime.vault import Vault

FILE = "caseway.anchor"
"""Its name, beside the key file."""
MOST = 10_000
"""Heads on one line; more go on further lines of the same moment."""
SPARE = timedelta(days=1)
START = ""
"""What stands for the hash of the line before the first."""

Head = tuple[str, int, str]  # case, number of rows, hash of the newest in hex


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    installation: str
    number: int  # from 1, without gaps
    at: datetime
    previous: str
    heads: list[Head]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: msgspec.Raw  # as it was signed
    key: str
    signature: bytes


class Anchor(NamedTuple):
    """What was written last. `digest` is worth a note elsewhere: it vouches for all lines up to it."""

    number: int
    at: datetime
    digest: str
    heads: int = 0


class Expected(NamedTuple):
    """What an anchor says of a case."""

    case: str
    seq: int
    head: str
    at: datetime


_encode = msgspec.json.Encoder(order="sorted").encode
_line = msgspec.json.Decoder(Line).decode
_body = msgspec.json.Decoder(Body).decode


def anchor(database: Database, vault: Vault, path: Path, now: datetime) -> Anchor:
    """Appends the heads of all cases that have moved since the last anchor, and returns the new anchor.

    Raises StoreError when the file cannot be written.
    """
    connection = database.connect()
    try:
        last = _last(path)
        heads = _moved(connection, last.at if last and last.at <= now else None)
        if database.unsafe and database.dialect == "sqlite":
            _sync(connection, now)
        connection.begin()
        try:
            made = _record(connection, vault, path, now, heads)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        return made
    finally:
        connection.close()


def _sync(connection: Connection, now: datetime) -> None:
    """Makes durable what was read, or an anchor might know more than the database after a power failure. A
    commit that is synced takes along all that stands before it in the log; a checkpoint would not: readers hold
    it up. What is written must be new, or nothing is."""
    connection.run("PRAGMA synchronous = FULL")
    connection.run(
        "INSERT INTO meta (key, value) VALUES ('synced', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (new_id(now),),
    )


def _moved(connection: Connection, since: datetime | None) -> list[Head]:
    where, given = ("WHERE last_at >= ?", (micros(since - SPARE),)) if since else ("", ())
    rows = connection.all(f"SELECT id, seq, head FROM cases {where} ORDER BY id", given)
    return [(case, seq, bytes(head).hex()) for case, seq, head in rows]


def _record(connection: Connection, vault: Vault, path: Path, now: datetime, heads: list[Head]) -> Anchor:
    day = now.date().isoformat()
    # Whoever holds the day's row is the only one to append.
    connection.run(
        "INSERT INTO anchors (day, cases, digest, signature, written_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (day) DO UPDATE SET written_at = excluded.written_at",
        (day, len(heads), b"", b"", micros(now)),
    )
    last = _last(path)
    number, previous = (last.number, last.digest) if last else (0, START)
    lines: list[bytes] = []
    signature = b""
    for start in range(0, max(1, len(heads)), MOST):
        number += 1
        body = _encode(Body(vault.installation, number, now, previous, heads[start : start + MOST]))
        key, signature = vault.sign(body)
        lines.append(_encode(Line(msgspec.Raw(body), key, signature)))
        previous = digest(lines[-1])
    _append(path, lines)
    connection.run(
        "UPDATE anchors SET cases = ?, digest = ?, signature = ? WHERE day = ?",
        (len(heads), bytes.fromhex(previous), signature, day),
    )
    return Anchor(number, now, previous, len(heads))


def _append(path: Path, lines: list[bytes]) -> None:
    content = b"".join(line + b"\n" for line in lines)
    try:
        with path.open("ab+") as file:
            if file.tell() and _final(path) != b"\n":
                content = b"\n" + content  # a crash has left half a line
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"The file of anchors {path} cannot be written: {error.strerror}.",
            "Make room, or give it to the user who runs this program; the next anchor makes up for this one.",
        ) from error


def _final(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)


def digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _last(path: Path) -> Anchor | None:
    """The last whole line, read from the end of the file."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        size, tail = file.seek(0, os.SEEK_END), b""
        while size:
            step = min(size, 1 << 20)
            size -= step
            file.seek(size)
            tail = file.read(step) + tail
            whole = tail.split(b"\n") if not size else tail.split(b"\n")[1:]
            for line in reversed(whole):
                parsed = _parse(line)
                if parsed:
                    return Anchor(parsed[1].number, parsed[1].at, digest(line), len(parsed[1].heads))
    return None


def _parse(line: bytes) -> tuple[Line, Body] | None:
    try:
        parsed = _line(line)
        return parsed, _body(parsed.body)
    except msgspec.DecodeError:
        return None


class Anchors:
    """The anchors in a file, read and checked, ready to be held against the cases.

    `problems` says what is wrong with the file itself, `notes` what is odd but no sign of tampering.
    The heads wait in a temporary database: there may be many millions.
    """

    def __init__(self, path: Path, vault: Vault, known: list[tuple[str, str]]) -> None:
        """known: day and digest of the lines that the database knows of, oldest first (`known_to`)."""
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.newest: Anchor | None = None
        self._heads = sqlite3.connect("", isolation_level=None)
        self._heads.execute(
            "CREATE TABLE heads (case_id, seq, head, at, PRIMARY KEY (case_id, seq, head)) WITHOUT ROWID"
        )
        self._heads.execute("BEGIN")
        digests = set(self._read(path, vault))
        lost = [day for day, known_digest in known if known_digest not in digests]
        if lost:
            self.problems.append(
                f"{path}: {len(lost)} anchors that the database knows are not in it, the first of {lost[0]}: the file "
                "was cut, rewritten, or is an old copy; restore it from the backup"
            )
        if self.newest is None:
            self.notes.append("there is no anchor yet: whether the end of a history was cut off cannot be told")

    def expected(self, after: str, upto: str | None) -> Iterator[Expected]:
        """What the anchors say of the cases in this range of ids (`upto` None: to the end), in order."""
        where, given = ("AND case_id <= ?", (after, upto)) if upto is not None else ("", (after,))
        rows = self._heads.execute(
            f"SELECT case_id, seq, head, at FROM heads WHERE case_id > ? {where} ORDER BY case_id, seq", given
        )
        for case, seq, head, at in rows:
            yield Expected(case, seq, head, datetime.fromisoformat(at))

    def close(self) -> None:
        self._heads.close()

    def _read(self, path: Path, vault: Vault) -> Iterator[str]:
        if not path.exists():
            return
        previous, number = START, 0
        with path.open("rb") as file:
            for index, raw in enumerate(file, 1):
                line = raw.removesuffix(b"\n")
                parsed = _parse(line)
                if parsed is None:
                    if line:
                        self.notes.append(f"{path}:{index}: half a line, left by a crash")
                    continue
                whole, body = parsed
                self.problems += [f"{path}:{index}: {fault}" for fault in _faults(vault, whole, body, number, previous)]
                previous, number = digest(line), body.number
                self._take(body)
                self.newest = Anchor(number, body.at, previous, len(body.heads))
                yield previous

    def _take(self, body: Body) -> None:
        at = body.at.isoformat()
        self._heads.executemany(
            "INSERT INTO heads VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(case, seq, head, at) for case, seq, head in body.heads],
        )


def _faults(vault: Vault, line: Line, body: Body, number: int, previous: str) -> Iterator[str]:
    if body.installation != vault.installation:
        yield f"an anchor of another installation ({body.installation})"
    elif not vault.signed(line.key, bytes(line.body), line.signature):
        yield "the signature does not hold: the line was changed"
    if body.number != number + 1:
        yield f"anchor {body.number} follows anchor {number}: lines are missing"
    elif body.previous != previous:
        yield "does not follow from the line before: that was changed"


def known_to(connection: Connection) -> list[tuple[str, str]]:
    """Day and digest of the anchors that the database knows of."""
    rows = connection.all("SELECT day, digest FROM anchors ORDER BY day")
    return [(day, bytes(known).hex()) for day, known in rows]
