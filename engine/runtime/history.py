"""One row per accepted command (R3, R13): how it is written and read.

The runner writes a row with `encode_row`; whoever reads (the case's page, `sla explain`, replay, `verify`)
gets `HistoryRow`s. Command, answer and events stay JSON until the machine, which knows their types, decodes
them.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from engine.runtime.chain import START, header, link
from engine.runtime.cipher import CaseCipher, VaultError
from engine.runtime.database import Connection, Database
from engine.runtime.vault import Vault


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a row keeps encrypted. The rest of it stands in the columns, which the header covers."""

    actor: str
    command: msgspec.Raw  # canonical JSON, as all of these
    answer: msgspec.Raw
    events: msgspec.Raw
    ground: str = ""


class StoredRow(NamedTuple):
    """A row of the table `history`, column by column."""

    case_id: str
    seq: int
    command_id: str
    payload_hash: bytes
    at: int  # microseconds since 1970 UTC
    content: bytes
    hash: bytes


class HistoryRow(NamedTuple):
    """A row, opened. `command`, `answer` and `events` are JSON, for `decode_command` and `decode_events`."""

    case: str
    seq: int
    command_id: str
    at: int  # microseconds since 1970 UTC
    actor: str
    ground: str
    command: bytes
    answer: bytes
    events: bytes


_OF_CASE = f"SELECT {', '.join(StoredRow._fields)} FROM history WHERE case_id = ? ORDER BY seq"
_NEWEST = f"SELECT {', '.join(StoredRow._fields)} FROM history WHERE case_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
_END = 2**62
"""Behind the last row."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def encode_row(
    cipher: CaseCipher,
    previous: bytes,
    case: str,
    seq: int,
    command_id: str,
    at: int,
    *,
    actor: str,
    command: bytes,
    answer: bytes,
    events: bytes,
    ground: str = "",
) -> StoredRow:
    """The row to store after the one whose hash is `previous` (`chain.START` for the first, seq 1).

    `command`, `answer` and `events` are canonical JSON. The row's `hash` becomes the case's `head`.
    """
    payload = cipher.payload(command)
    bound = header(previous, case, seq, command_id, at, payload)
    raw = msgspec.Raw
    content = cipher.encrypt(_encode(Entry(actor, raw(command), raw(answer), raw(events), ground)), bound)
    return StoredRow(case, seq, command_id, payload, at, content, link(bound, content))


def place(previous: bytes, row: StoredRow) -> bytes:
    """The header of a stored row, given the hash of the row before it."""
    return header(previous, row.case_id, row.seq, row.command_id, row.at, row.payload_hash)


def decode_row(cipher: CaseCipher, previous: bytes, row: StoredRow) -> HistoryRow:
    """Opens a stored row. Raises VaultError when it, or where it stands, was changed."""
    plain = cipher.decrypt(row.content, place(previous, row))
    try:
        entry = _decode(plain)
    except msgspec.DecodeError as error:  # it opened, so it is ours: of a newer version
        raise VaultError(f"case {row.case_id}, row {row.seq}: written in a format that is not known") from error
    return HistoryRow(
        row.case_id,
        row.seq,
        row.command_id,
        row.at,
        entry.actor,
        entry.ground,
        bytes(entry.command),
        bytes(entry.answer),
        bytes(entry.events),
    )


def read(database: Database, vault: Vault, case: str, newest: int = 0, before: int = 0) -> list[HistoryRow]:
    """The history of a case, opened, oldest first; empty when there is no such case. newest: only so many of its last
    rows; 0 for all. before: with it, of those before the row of this number; 0 for
    the end.

    Raises Destroyed when the case has been destroyed, VaultError when a row was changed.
    """
    connection = database.connect()
    try:
        found = connection.one("SELECT key FROM cases WHERE id = ?", (case,))
        # One more than asked for: each row is held against the one before it.
        last = (case, before or _END, newest + 1)
        stored = connection.all(_NEWEST, last)[::-1] if newest else connection.all(_OF_CASE, (case,))
    finally:
        connection.close()
    if found is None:
        return []
    kept, previous = list(map(StoredRow._make, stored)), START
    if 0 < newest < len(kept):
        previous = kept.pop(0).hash
    return _opened(vault.cipher(case, found[0]), previous, kept)


def whole(connection: Connection, vault: Vault, case: str) -> list[HistoryRow]:
    """The whole history of a case, as `read`, on a connection of the caller's: for who reads many cases."""
    found = connection.one("SELECT key FROM cases WHERE id = ?", (case,))
    if found is None:
        return []
    kept = map(StoredRow._make, connection.all(_OF_CASE, (case,)))
    return _opened(vault.cipher(case, found[0]), START, kept)


def _opened(cipher: CaseCipher, previous: bytes, kept: Iterable[StoredRow]) -> list[HistoryRow]:
    rows: list[HistoryRow] = []
    for row in kept:
        rows.append(decode_row(cipher, previous, row))
        previous = row.hash
    return rows
