"""The chain of a case's history (R13): every row is bound to all rows before it.

Theory of operation. The *header* of a row says where it belongs: the hash of the row before it, the case, the
sequence number, and the columns that are stored in the clear. The row's content is encrypted with the header
as associated data, and the row's hash is taken over header and stored content. So the chain verifies without
any key (also after the case has been destroyed), and whoever lacks the key cannot hide a change by hashing
again: once an earlier row differs, the contents of later rows no longer open. What this cannot show is a tail
that was cut off together with the head on the case's row; that is what anchors are for (see `anchors`).
"""

import hashlib
import struct

START = bytes(32)
"""What stands for the hash of the row before the first."""

_pack = struct.Struct(">qqHHH").pack
_sha256 = hashlib.sha256


def header(previous: bytes, case: str, seq: int, command_id: str, at: int, payload: bytes) -> bytes:
    """Where a row belongs: the hash before it, case, sequence number from 1, the command's id, the moment in
    microseconds since 1970, the digest of the command. Lengths go first, so no two rows share a header."""
    one, two = case.encode(), command_id.encode()
    return b"".join((_pack(seq, at, len(one), len(two), len(payload)), previous, one, two, payload))


def link(header: bytes, content: bytes) -> bytes:
    """The row's hash: SHA-256 over its header and its stored (encrypted) content."""
    return _sha256(header + content).digest()
