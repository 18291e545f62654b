"""The files of a definition as they are stored: immutable, under the hash of their names and contents."""

from collections.abc import Iterator, Mapping

import msgspec

from engine.language.files import version_of
from engine.runtime.database import Connection
from engine.runtime.errors import StoreError

LANGUAGE = 1
"""The version of the language that this program compiles; every bundle carries the one it was written in."""

Key = tuple[str, str, str]
"""Kind (process, house, calendar), name and version."""


class Sources(msgspec.Struct, frozen=True):
    """A definition as it is stored. Files that are not text are kept in base64."""

    language: int
    path: str
    texts: dict[str, str]
    others: dict[str, bytes] = {}

    @classmethod
    def of(cls, path: str, used: Mapping[str, bytes]) -> "Sources":
        """The definition whose main file is at `path`, of all the files that it uses."""
        texts: dict[str, str] = {}
        others: dict[str, bytes] = {}
        for name, content in used.items():
            try:
                texts[name] = content.decode()
            except UnicodeDecodeError:
                others[name] = content
        return cls(LANGUAGE, path, texts, others)

    @property
    def contents(self) -> dict[str, bytes]:
        return {**{name: text.encode() for name, text in self.texts.items()}, **self.others}


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Sources).decode

_ONE = "SELECT sources FROM definitions WHERE kind = ? AND name = ? AND version = ?"
_ALL = "SELECT kind, name, version FROM definitions ORDER BY kind, name, version"
_INSERT = "INSERT INTO definitions (kind, name, version, sources) VALUES (?, ?, ?, ?)"


def load(connection: Connection, key: Key) -> Sources | None:
    """A stored definition. Raises StoreError when it was changed, or needs a newer program."""
    row = connection.one(_ONE, key)
    if row is None:
        return None
    kind, name, version = key
    sources = _whole(row[0], version)
    if sources is None:
        raise StoreError(
            f"The stored files of {kind} {name} are not those of version {version}: they were changed.",
            "Restore them from the backup.",
        )
    if sources.language > LANGUAGE:
        raise StoreError(
            f"Version {version} of {name} is written in version {sources.language} of the language.",
            f"This program knows version {LANGUAGE}: install the newer one that deployed it.",
        )
    return sources


def save(connection: Connection, key: Key, sources: Sources) -> bool:
    """Stores a definition within the caller's transaction; False when it is there already."""
    if connection.one(_ONE, key) is not None:
        return False
    connection.run(_INSERT, (*key, _encode(sources).decode()))
    return True


def changed(connection: Connection) -> Iterator[str]:
    """The definitions whose files are not those of their version, in words; for `verify`."""
    for kind, name, version in connection.all(_ALL):
        row = connection.one(_ONE, (kind, name, version))
        if row is None or _whole(row[0], version) is None:
            yield f"{kind} {name}, version {version}: its stored files are not those of this version"


def _whole(stored: str, version: str) -> Sources | None:
    try:
        sources = _decode(stored)
    except msgspec.DecodeError:
        return None
    return sources if version_of(sources.contents) == version else None
