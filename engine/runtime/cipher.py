"""What the key of one case does: encrypts its history, seals its secret fields, marks its commands (R13).

Theory of operation. A case's key is used for nothing but to derive others, by keyed BLAKE2b with a name for
each use (as libsodium's crypto_kdf does), so that none tells anything of another:

- `content`: AES-256-GCM over whole rows, a fresh nonce each, bound to a place (`aad`), so that a row moved
  elsewhere does not open;
- `seal`: AES-SIV over single fields, deterministic and bound to case and path, so that deciding stays pure;
- `payload`: a keyed digest that tells whether a command repeated under the same id is the same (R5). A plain
  hash would let anyone who reads the database try out likely payloads ("which of these phone numbers?"), and
  would go on telling them after the case has been destroyed; under the case's key it dies with the case.
"""

import base64
import hashlib
import os
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

Json = Any

KEY = 32  # bytes of a key
NONCE = 12  # bytes of a nonce for AES-GCM
SEALED = "sealed:1:"

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


class VaultError(Exception):
    """A key is missing, or does not open what it should: the text says what to do."""


class Destroyed(VaultError):
    """The case's key is gone: the case has been destroyed, on purpose and for good."""


class CaseCipher:
    """What the key of one case can do. Cheap to make, and not bound to a transaction."""

    __slots__ = ("_case", "_content", "_root", "_sealer")

    def __init__(self, case: str, root: bytes) -> None:
        self._case = case
        self._root = root
        self._content = AESGCM(_subkey(root, b"content"))
        self._sealer: CaseSealer | None = None

    def encrypt(self, content: bytes, aad: bytes) -> bytes:
        """The content, encrypted; it opens only with the same `aad` (where it belongs)."""
        nonce = os.urandom(NONCE)
        return nonce + self._content.encrypt(nonce, content, aad)

    def decrypt(self, stored: bytes, aad: bytes) -> bytes:
        """Raises VaultError when the bytes were changed, or belong elsewhere."""
        try:
            return self._content.decrypt(stored[:NONCE], stored[NONCE:], aad)
        except (InvalidTag, ValueError) as error:
            raise VaultError(f"case {self._case}: stored content does not open with the case's key") from error

    def payload(self, command: bytes) -> bytes:
        """The digest of a command's canonical JSON that is kept beside its id (R5): 16 bytes."""
        return hashlib.blake2b(command, digest_size=16, key=self._root, person=b"payload").digest()

    def subkey(self, use: bytes) -> bytes:
        """A key that follows from the case's, for one use (at most 16 bytes name it), and is destroyed with it."""
        return _subkey(self._root, use)

    @property
    def sealer(self) -> "CaseSealer":
        """Seals single fields; implements `engine.core.env.Sealer`."""
        if self._sealer is None:
            self._sealer = CaseSealer(self._case, _subkey(self._root, b"seal", 64))
        return self._sealer


class CaseSealer:
    """Seals values of grade secret: the same value at the same path of a case gives the same text."""

    __slots__ = ("_case", "_siv")

    def __init__(self, case: str, key: bytes) -> None:
        self._case = case.encode()
        self._siv = AESSIV(key)

    def seal(self, path: str, value: Json) -> str:
        sealed = self._siv.encrypt(_encode(value), [self._case, path.encode()])
        return SEALED + base64.urlsafe_b64encode(sealed).decode()

    def open(self, path: str, sealed: str) -> Json:
        """Raises VaultError when the text is no seal, was changed, or was moved from another path or case."""
        try:
            if not sealed.startswith(SEALED):
                raise ValueError(sealed)
            content = base64.b64decode(sealed[len(SEALED) :], b"-_", validate=True)
            return _decode(self._siv.decrypt(content, [self._case, path.encode()]))
        except (InvalidTag, ValueError) as error:
            raise VaultError(f"the value at {path} is not one that this case sealed there") from error


def is_sealed(value: Json) -> bool:
    """Whether a value looks sealed. People's input that does must be refused at the door."""
    return isinstance(value, str) and value.startswith(SEALED)


def _subkey(root: bytes, use: bytes, size: int = KEY) -> bytes:
    return hashlib.blake2b(key=root, person=use, digest_size=size).digest()
