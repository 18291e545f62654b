"""Documents in the database: written with the command that sends them, read a page at a time.

Theory of operation. A document is kept whole, words and letterhead, compressed and encrypted with its case's key and
bound to its place. So it stays what it was whatever is deployed later, nobody reads it in the database, and it goes
with its case: destroying deletes the row and the key.
"""

import zlib
from typing import Any

import msgspec

from engine.core.events import NoticeRequested
from engine.runtime.cipher import CaseCipher
from engine.runtime.database import Connection
from engine.runtime.projection import table_of
from engine.runtime.statements import Statements
from notices.making import Maker
from notices.model import Document, Kept
from notices.tables import DocumentRow

COLUMNS = ("case_id", "revision", "place", "content")
NEWEST = (
    "SELECT revision, place, content FROM documents WHERE case_id = ? AND (revision, place) < (?, ?) "
    "ORDER BY revision DESC, place DESC LIMIT ?"
)
ONE = "SELECT revision, place, content FROM documents WHERE case_id = ? AND revision = ? AND place = ?"
LAST = 1 << 53
PAGE = 50

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Document).decode
Row = tuple[Any, ...]


class Documents:
    """Writes what goes out: the seam is `engine.runtime.outgoing.Documenting`."""

    def __init__(self, maker: Maker, dialect: str) -> None:
        self._maker = maker
        self._insert = Statements(dialect).insert_new(table_of(DocumentRow), COLUMNS)

    def row(
        self, event: NoticeRequested, flow: Any, case: str, revision: int, place: int, cipher: CaseCipher
    ) -> Row | None:
        """The row of what a notice of this case is as a document, if it is one."""
        made = self._maker.make(event, flow)
        if made is None:
            return None
        return case, revision, place, cipher.encrypt(zlib.compress(_encode(made)), _aad(revision, place))

    def write(self, connection: Connection, rows: list[Row]) -> None:
        connection.bulk(self._insert, rows)


def newest(connection: Connection, case: str, cipher: CaseCipher, before: str = "", limit: int = PAGE) -> list[Kept]:
    """The documents of a case, newest first, those before an id. Raises VaultError."""
    start = _place(before) or (LAST, 0)
    return [_kept(row, cipher) for row in connection.all(NEWEST, (case, *start, limit))]


def document(connection: Connection, case: str, cipher: CaseCipher, id: str) -> Kept | None:
    """One of them, None when there is none with this id. Raises VaultError."""
    place = _place(id)
    row = connection.one(ONE, (case, *place)) if place is not None else None
    return _kept(row, cipher) if row is not None else None


def _place(id: str) -> tuple[int, int] | None:
    revision, _, place = id.partition("-")
    known = all(part.isascii() and part.isdecimal() and len(part) < 16 for part in (revision, place))
    return (int(revision), int(place)) if known else None


def _kept(row: Any, cipher: CaseCipher) -> Kept:
    revision, place, content = row
    return Kept(f"{revision}-{place}", _decode(zlib.decompress(cipher.decrypt(bytes(content), _aad(revision, place)))))


def _aad(revision: int, place: int) -> bytes:
    return f"document {revision} {place}".encode()
