"""Where the files of cases lie: by their content, encrypted with the key of their case (R13).

Theory of operation. A file's place is a keyed digest of its content, below a folder for its case: the same bytes in
one case are stored once, in two cases twice, and a place tells nobody without the key what lies there. Content is
written in blocks, each authenticated with its number and whether it is the last (the STREAM construction), under a
key made for this file alone, so that it can be written and read without holding it all, and nothing can be cut off,
exchanged or moved. It is written beside its place, synced, and then given its name: what has a name is whole.
Destroying a case's key makes all of it unreadable; `forget` takes it away as well.

On several machines the folder must be one that all of them see.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.runtime.cipher import CaseCipher, VaultError

BLOCK = 1 << 16
"""Bytes of plain content in one block."""
_TAG = 16
_SALT = 16
_MARK = b"caseway-file-1\n"


def digest_of(content: BinaryIO) -> tuple[str, int]:
    """SHA-256 of the whole content in hex, and its size in bytes."""
    content.seek(0)
    found, size = hashlib.sha256(), 0
    while block := content.read(BLOCK):
        found.update(block)
        size += len(block)
    content.seek(0)
    return found.hexdigest(), size


class Store:
    """The files below a folder. May be used from any thread, by several programs at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, case: str, cipher: CaseCipher, digest: str, content: BinaryIO) -> bool:
        """Keeps the content under its digest; False if the case has it already. Durable when it returns.

        Raises OSError when it cannot be written; then nothing is left of it.
        """
        place = self._place(case, cipher, digest)
        if place.exists():
            os.utime(place)  # whoever takes away what no case names leaves what is young
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix="new-", dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                for piece in _sealed(cipher, content):
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
        for folder in (place.parent, place.parent.parent, self.folder):
            _sync(folder)
        return True

    def open(self, case: str, cipher: CaseCipher, digest: str) -> Iterator[bytes]:
        """The content, block by block; each is what was stored, or VaultError is raised. The first block is
        read at once, so that a file that is not there is known before anything is answered."""
        blocks = _read(cipher, self._place(case, cipher, digest), case)
        next(blocks)  # so far it opens the file and reads the first block
        return blocks

    def remove(self, case: str, cipher: CaseCipher, digest: str) -> None:
        """Takes the content away; what is not there is no matter."""
        self._place(case, cipher, digest).unlink(missing_ok=True)

    def forget(self, case: str) -> None:
        """Takes away all files of a case, as when it is destroyed."""
        shutil.rmtree(self._of(case), ignore_errors=True)

    def holds(self, case: str, cipher: CaseCipher, digest: str) -> bool:
        return self._place(case, cipher, digest).exists()

    def files(self, case: str) -> list[Path]:
        """What lies in a case's folder, halves of what was cut off while it was written included."""
        return self.below(self.folder_of(case))

    def folders(self) -> list[str]:
        """The folders of all cases that have or had files."""
        return sorted(f"{one.parent.name}/{one.name}" for one in self.folder.glob("??/*") if one.is_dir())

    def below(self, folder: str) -> list[Path]:
        place = self.folder / folder
        return sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else []

    def name(self, cipher: CaseCipher, digest: str) -> str:
        """How the content is called in its case's folder."""
        return hashlib.blake2b(digest.encode(), key=cipher.subkey(b"file names"), digest_size=32).hexdigest()

    def _place(self, case: str, cipher: CaseCipher, digest: str) -> Path:
        return self._of(case) / self.name(cipher, digest)

    def _of(self, case: str) -> Path:
        return self.folder / self.folder_of(case)

    @staticmethod
    def folder_of(case: str) -> str:
        """A case's folder, below the store's. An id may be any text, so that its digest is the name."""
        name = hashlib.sha256(case.encode()).hexdigest()
        return f"{name[:2]}/{name[2:]}"


def _sealed(cipher: CaseCipher, content: BinaryIO) -> Iterator[bytes]:
    salt = os.urandom(_SALT)
    yield _MARK + salt
    key = _key(cipher, salt)
    content.seek(0)
    block, number = content.read(BLOCK), 0
    while True:
        following = content.read(BLOCK)
        yield key.encrypt(_nonce(number, not following), block, _MARK)
        if not following:
            return
        block, number = following, number + 1


def _read(cipher: CaseCipher, place: Path, case: str) -> Iterator[bytes]:
    """Nothing once the first block has been read, then every block. The file closes with the iterator."""
    try:
        stream = place.open("rb")
    except OSError as error:
        raise VaultError(f"case {case}: an attachment is not in its place: restore it from the backup") from error
    with stream:
        blocks = _opened(cipher, stream, case)
        first = next(blocks)
        yield b""
        yield first
        yield from blocks


def _opened(cipher: CaseCipher, stream: BinaryIO, case: str) -> Iterator[bytes]:
    head = stream.read(len(_MARK) + _SALT)
    key = _key(cipher, head[len(_MARK) :])
    block, number = stream.read(BLOCK + _TAG), 0
    while True:
        following = stream.read(BLOCK + _TAG)
        try:
            yield key.decrypt(_nonce(number, not following), block, head[: len(_MARK)])
        except (InvalidTag, ValueError) as error:
            raise VaultError(f"case {case}: an attachment does not open: it was changed, or cut off") from error
        if not following:
            return
        block, number = following, number + 1


def _key(cipher: CaseCipher, salt: bytes) -> AESGCM:
    return AESGCM(hashlib.blake2b(salt, key=cipher.subkey(b"files"), digest_size=32).digest())


def _nonce(number: int, last: bool) -> bytes:
    """The number of the block, and whether it is the last: with a key for each file no nonce comes twice."""
    return number.to_bytes(11, "big") + bytes([last])


def _sync(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
