"""The list of what was destroyed, in a file outside the database: a backup that is older than a destruction brings the
case back, and the list takes it away again.

One line of JSON each, signed by the installation's key, written before the destruction is done for good. So a line may
be there twice, or of a case whose destruction was then cut off: that was approved all the same, and is tried again. A
line that was itself cut off is of nothing that was done. The list says no more than a destroyed case's row does. Keep
copies of it where those of the anchors are.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from engine.runtime import keys
from engine.runtime.database import Database
from engine.runtime.errors import StoreError
from engine.runtime.vault import Vault

FILE = "caseway.destroyed"
"""Its name, beside the key file."""


class Destruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case that was destroyed: its id and number, when, and by which decision."""

    case: str
    number: str
    at: datetime
    by: str


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: msgspec.Raw  # as it was signed
    key: str
    signature: bytes


_encode = msgspec.json.Encoder(order="sorted").encode
_line = msgspec.json.Decoder(Line).decode
_body = msgspec.json.Decoder(Destruction).decode


def note(path: Path, vault: Vault, destruction: Destruction) -> None:
    """Adds a line, durably. Raises StoreError when it cannot be written."""
    body = _encode(destruction)
    key, signature = vault.sign(body)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # Begun anew, whatever a line that was cut off before has left.
            os.write(descriptor, b"\n" + _encode(Line(msgspec.Raw(body), key, signature)) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"The list {path} cannot be written: {error.strerror}.", "Nothing was destroyed.") from error


def read(path: Path, vault: Vault) -> list[Destruction]:
    """What the list says; nothing where there is none. Raises StoreError naming the first line that this installation
    has not written."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"The list {path} cannot be read: {error.strerror}.") from error
    found = []
    for number, content in enumerate(lines, 1):
        if not content.endswith(b"}"):
            continue  # empty, or cut off
        try:
            line = _line(content)
            good, body = vault.signed(line.key, bytes(line.body), line.signature), _body(line.body)
        except msgspec.DecodeError:
            good, body = False, None
        if not good or body is None:
            raise StoreError(
                f"Line {number} of {path} is not of this installation, or was changed.", "Take another copy of it."
            )
        found.append(body)
    return found


def again(database: Database, vault: Vault, path: Path, forget: Callable[[str], None]) -> int:
    """Destroys again what the list says and is there; how many. `forget`: takes away a case's files. Raises
    StoreError."""
    connection = database.connect()
    try:
        done = 0
        for case in {one.case: None for one in read(path, vault)}:
            row = connection.one("SELECT key FROM cases WHERE id = ?", (case,))
            if row is not None and row[0] is not None:
                done += keys.destroy(database, case, again=True)
            forget(case)
        return done
    finally:
        connection.close()
