"""The keys of an installation: its key file, one wrapped key per case, signatures (R13).

Theory of operation. The key file holds *master keys*, which only wrap, and *signing keys*, which only sign
anchors. Every case has a random key of its own (see `cipher`), kept wrapped by a master key on the case's
row; whoever deletes the wrapped key has destroyed the case, whatever backups of its rows remain.

Keys rotate: a new master key becomes the current one, every case's key is wrapped again (the case's rows stay
as they are), then the old master key may be forgotten.

Unwrapped keys are kept at hand, under what was wrapped: who has destroyed a case has taken away what would find its
key here, in every process at once. What lies in memory all the same goes, and the key file is read again if it was
changed, whenever a process refreshes: once a second where it works for others.
"""

import os
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.runtime.cipher import KEY, NONCE, CaseCipher, Destroyed, VaultError

FORMAT = "caseway-key-1"
CIPHERS = 1024
"""Ciphers of cases that are kept at hand."""

_encode = msgspec.json.Encoder(order="sorted").encode


class KeyRing(msgspec.Struct, forbid_unknown_fields=True):
    """Keys of one use, by id; `current` is the one that new work takes."""

    current: str
    keys: dict[str, bytes]


class KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    installation: str  # id of the installation; anchors carry it
    master: KeyRing
    signing: KeyRing  # private Ed25519 keys
    signed: dict[str, bytes] = {}  # public halves of signing keys that are no longer used


class Vault:
    """The keys of an installation, from its key file."""

    def __init__(self, file: KeyFile, path: Path | None = None, warnings: tuple[str, ...] = ()) -> None:
        self.path = path
        self.warnings = warnings  # for whoever opens the vault to show
        self._use(file)

    def refresh(self) -> None:
        """Lets go of the unwrapped keys, and takes in a rotation by another process."""
        self._ciphers.cache_clear()
        if self.path is None or self._stamp == _stamp(self.path):
            return
        with suppress(VaultError):  # what is loaded works on; who starts now is told what is wrong with the file
            stamp = _stamp(self.path)
            self._use(self.load(self.path)._file, stamp)

    @property
    def kept(self) -> int:
        """How many cases' keys lie unwrapped in memory."""
        return self._ciphers.cache_info().currsize

    def _use(self, file: KeyFile, stamp: tuple[int, ...] = ()) -> None:
        self._file = file
        self._stamp = stamp or _stamp(self.path)
        # Unwrapping and deriving takes longer than all else that a command does with its case's key; most cases
        # are acted on again soon. The wrapped key is part of the place: a case destroyed since is not found here.
        self._ciphers = lru_cache(maxsize=CIPHERS)(self._open)
        self._masters = {name: AESGCM(key) for name, key in file.master.keys.items()}
        self._signer = Ed25519PrivateKey.from_private_bytes(file.signing.keys[file.signing.current])

    @property
    def current(self) -> str:
        """The id of the master key that new work takes."""
        return self._file.master.current

    @property
    def installation(self) -> str:
        return self._file.installation

    # --- the file ---------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path) -> "Vault":
        """Makes the key file of a new installation. Raises VaultError when there is one already."""
        file = KeyFile(
            format=FORMAT,
            installation=str(uuid.uuid4()),
            master=KeyRing("m1", {"m1": os.urandom(KEY)}),
            signing=KeyRing("s1", {"s1": os.urandom(KEY)}),
        )
        try:
            _write(path, file, os.O_EXCL)
        except FileExistsError:
            raise VaultError(f"{path} exists already: a second key file would not open the first one's cases") from None
        except OSError as error:
            raise VaultError(f"The key file {path} cannot be written: {error.strerror}") from error
        return cls(file, path)

    @classmethod
    def load(cls, path: Path) -> "Vault":
        """Reads the key file. Raises VaultError, with the remedy, when it is missing or damaged."""
        try:
            content = path.read_bytes()
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            raise VaultError(
                f"The key file {path} is missing. Without it the history and the secret fields of every case "
                "are lost for good: restore it from the backup. A new one would not open them."
            ) from None
        except OSError as error:
            raise VaultError(f"The key file {path} cannot be read: {error.strerror}") from error
        open_to_others = os.name == "posix" and mode & 0o077
        warnings = (
            (f"The key file {path} can be read by others (mode {mode:04o}); expected 0600: chmod 600 {path}",)
            if open_to_others
            else ()
        )
        return cls(_parse(path, content), path, warnings)

    def rotate(self) -> str:
        """Adds a new current master key and a new signing key, saves the file, returns the master key's id.

        Older master keys stay until `forget`: cases wrapped by them still open, and `rewrap` moves them.
        """
        file = self._file
        master, signing = _next_id("m", file.master.keys), _next_id("s", [*file.signing.keys, *file.signed])
        retired = {name: _public(key) for name, key in file.signing.keys.items()}
        self._save(
            KeyFile(
                format=FORMAT,
                installation=file.installation,
                master=KeyRing(master, {**file.master.keys, master: os.urandom(KEY)}),
                signing=KeyRing(signing, {signing: os.urandom(KEY)}),
                signed={**file.signed, **retired},
            )
        )
        return master

    def rotated(self, now: datetime) -> datetime:
        """When the key file was last written, in so far as its older keys are still there."""
        if self.path is None or len(self._file.master.keys) == 1:
            return datetime.min.replace(tzinfo=UTC)
        return min(now, datetime.fromtimestamp(self.path.stat().st_mtime, UTC))

    def forget(self) -> list[str]:
        """Drops the master keys that are not current and returns their ids: only when every case has been
        wrapped again, and no process runs any more that loaded the file before the rotation."""
        ring = self._file.master
        gone = sorted(set(ring.keys) - {ring.current})
        kept = KeyRing(ring.current, {ring.current: ring.keys[ring.current]})
        self._save(msgspec.structs.replace(self._file, master=kept))
        return gone

    def _save(self, file: KeyFile) -> None:
        if self.path is not None:
            new = self.path.with_name(f"new-{self.path.name}")
            new.unlink(missing_ok=True)  # left by a rotation that was cut off
            _write(new, file, os.O_EXCL)
            os.replace(new, self.path)
            _sync_folder(self.path.parent)
        self._use(file)

    # --- the keys of cases ------------------------------------------------------------------------

    def new_key(self, case: str) -> bytes:
        """A random key for a case, wrapped: what the case's row keeps."""
        return self._wrap(case, os.urandom(KEY))

    def cipher(self, case: str, wrapped: bytes | None) -> CaseCipher:
        """Raises Destroyed when there is no key any more, VaultError when none of ours opens it."""
        return self._ciphers(case, wrapped)

    def _open(self, case: str, wrapped: bytes | None) -> CaseCipher:
        return CaseCipher(case, self._unwrap(case, wrapped))

    def rewrap(self, case: str, wrapped: bytes) -> bytes | None:
        """The case's key under the current master key; None when that holds it already."""
        if _key_id(wrapped) == self._file.master.current:
            return None
        return self._wrap(case, self._unwrap(case, wrapped))

    def _wrap(self, case: str, key: bytes) -> bytes:
        current = self._file.master.current
        nonce = os.urandom(NONCE)
        ciphertext = self._masters[current].encrypt(nonce, key, case.encode())
        return bytes((len(current),)) + current.encode() + nonce + ciphertext

    def _unwrap(self, case: str, wrapped: bytes | None) -> bytes:
        if not wrapped:
            raise Destroyed(f"Case {case} has been destroyed")
        name = _key_id(wrapped)
        if name not in self._masters and self.path is not None:
            self._use(self.load(self.path)._file)  # another process may have rotated the keys
        master = self._masters.get(name)
        if master is None:
            raise VaultError(
                f"The key of case {case} is wrapped by master key {name!r}, which the key file {self.path} "
                "does not hold: this is not this database's key file, or an old copy of it. "
                "Restore the newest from the backup."
            )
        start = 1 + wrapped[0]
        try:
            return master.decrypt(wrapped[start : start + NONCE], wrapped[start + NONCE :], case.encode())
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                f"The key of case {case} does not open with master key {name!r}: the row was changed, or the "
                f"key file {self.path} belongs to another installation"
            ) from error

    # --- signatures -------------------------------------------------------------------------------

    def sign(self, content: bytes) -> tuple[str, bytes]:
        """The id of the signing key, and its signature."""
        return self._file.signing.current, self._signer.sign(content)

    def signed(self, key: str, content: bytes, signature: bytes) -> bool:
        """Whether this installation's key of that id made the signature."""
        private = self._file.signing.keys.get(key)
        public = self._file.signed.get(key) if private is None else _public(private)
        if public is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
        except InvalidSignature:
            return False
        return True


def _stamp(path: Path | None) -> tuple[int, ...]:
    """What changes with the file."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        found = None
    return () if found is None else (found.st_ino, found.st_mtime_ns, found.st_size)


def _key_id(wrapped: bytes) -> str:
    return wrapped[1 : 1 + wrapped[0]].decode("ascii", "replace")


def _next_id(prefix: str, taken: Iterable[str]) -> str:
    return prefix + str(1 + max(int(name[1:]) for name in taken))


def _public(private: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _parse(path: Path, content: bytes) -> KeyFile:
    try:
        file = msgspec.json.decode(content, type=KeyFile)
    except msgspec.DecodeError as error:
        raise VaultError(f"{path} is no key file, or a damaged one ({error}): restore it from the backup") from None
    for fault in _faults(file):
        raise VaultError(f"{path} cannot be used as a key file: {fault}. Restore it from the backup.")
    return file


def _faults(file: KeyFile) -> Iterator[str]:
    if file.format != FORMAT:
        yield f"its format is {file.format!r}, expected {FORMAT!r}"
    for ring, what in ((file.master, "master"), (file.signing, "signing")):
        if ring.current not in ring.keys:
            yield f"its current {what} key is not in it"
    for name, key in [*file.master.keys.items(), *file.signing.keys.items(), *file.signed.items()]:
        if not name[1:].isdecimal():
            yield f"{name!r} is no id of a key, such as m1 or s1"
        if len(key) != KEY:
            yield f"key {name!r} is not {KEY} bytes long"


def _write(path: Path, file: KeyFile, flags: int) -> None:
    """Durably, and never readable by others, not even for a moment."""
    content = msgspec.json.format(_encode(file), indent=2) + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
