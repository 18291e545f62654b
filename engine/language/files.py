"""The files that a definition is made of: from a folder, or from what a stored version keeps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Protocol


class Files(Protocol):
    """Files by their path from the root, with forward slashes: "schemas/claim.yaml"."""

    def read(self, path: str) -> bytes:
        """The content. Raises OSError if it cannot be had."""

    def names(self) -> Iterator[str]:
        """Every path there is, for the nearest name."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on disk; what lies outside it is not there."""

    root: Path
    limit: int = 5_000_000  # bytes of one file

    def read(self, path: str) -> bytes:
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root.resolve()):
            raise FileNotFoundError(2, "outside the folder of the processes", path)
        with target.open("rb") as stream:
            return stream.read(self.limit + 1)

    def names(self) -> Iterator[str]:
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.root).as_posix()


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files held in memory: a stored version, or a test."""

    contents: Mapping[str, bytes]

    def read(self, path: str) -> bytes:
        try:
            return self.contents[PurePosixPath(path).as_posix()]
        except KeyError:
            raise FileNotFoundError(2, "there is no such file", path) from None

    def names(self) -> Iterator[str]:
        return iter(sorted(self.contents))


@dataclass(frozen=True, slots=True)
class Recorded:
    """Files, and which of them were read: what a version consists of (R25)."""

    files: Files
    used: dict[str, bytes] = field(default_factory=dict)

    @property
    def unrecorded(self) -> Files:
        """For looking at what the version does not consist of."""
        return self.files.unrecorded if isinstance(self.files, Recorded) else self.files

    def read(self, path: str) -> bytes:
        name = PurePosixPath(path).as_posix()
        if name not in self.used:
            self.used[name] = self.files.read(name)
        return self.used[name]

    def names(self) -> Iterator[str]:
        return self.files.names()


def version_of(contents: Mapping[str, bytes]) -> str:
    """The version that these files are: a hash over their names and contents, 32 hexadecimal digits."""
    digest = sha256()
    for name in sorted(contents):
        for part in (name.encode(), contents[name]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()[:32]
