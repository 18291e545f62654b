"""The chain of history rows: what it covers, and that it cannot be hashed again without the key."""

from pathlib import Path

import pytest

from engine.runtime.chain import START, header, link
from engine.runtime.cipher import CaseCipher, VaultError
from engine.runtime.history import StoredRow, decode_row, encode_row
from engine.runtime.vault import Vault


@pytest.fixture
def cipher(tmp_path: Path) -> CaseCipher:
    vault = Vault.create(tmp_path / "caseway.key")
    return vault.cipher("c1", vault.new_key("c1"))


def rows(cipher: CaseCipher, count: int) -> list[StoredRow]:
    made: list[StoredRow] = []
    for seq in range(1, count + 1):
        previous = made[-1].hash if made else START
        made.append(
            encode_row(
                cipher, previous, "c1", seq, f"id-{seq}", seq * 1000,
                actor="wang", command=b'{"type":"ClaimTask"}', answer=b"{}", events=b"[]", ground="A-4.4",
            )
        )  # fmt: skip
    return made


def rehash(row: StoredRow, previous: bytes) -> StoredRow:
    """What somebody without the key can do to make the chain look whole."""
    place = header(previous, row.case_id, row.seq, row.command_id, row.at, row.payload_hash)
    return row._replace(hash=link(place, row.content))


def test_a_row_is_read_as_it_was_written(cipher: CaseCipher) -> None:
    first, second = rows(cipher, 2)
    row = decode_row(cipher, first.hash, second)
    assert (row.case, row.seq, row.command_id, row.at) == ("c1", 2, "id-2", 2000)
    assert (row.actor, row.ground) == ("wang", "A-4.4")
    assert (row.command, row.answer, row.events) == (b'{"type":"ClaimTask"}', b"{}", b"[]")
    assert b"wang" not in second.content and b"ClaimTask" not in second.content
    assert second == rehash(second, first.hash)


@pytest.mark.parametrize(
    "change",
    [
        {"case_id": "c2"},
        {"seq": 3},
        {"command_id": "id-9"},
        {"at": 2001},
        {"payload_hash": b"0123456789abcdef"},
        {"content": b"0" * 60},
    ],
)
def test_every_column_is_covered(cipher: CaseCipher, change: dict[str, object]) -> None:
    first, second = rows(cipher, 2)
    changed = second._replace(**change)  # type: ignore[arg-type]  # the columns differ in type
    assert rehash(changed, first.hash).hash != second.hash
    with pytest.raises(VaultError):
        decode_row(cipher, first.hash, changed)


def test_a_chain_hashed_again_does_not_open(cipher: CaseCipher) -> None:
    first, second, third = rows(cipher, 3)
    dropped = rehash(third._replace(seq=2), first.hash)
    with pytest.raises(VaultError):
        decode_row(cipher, first.hash, dropped)
    moved = rehash(third, rehash(second._replace(at=0), first.hash).hash)
    with pytest.raises(VaultError):
        decode_row(cipher, rehash(second._replace(at=0), first.hash).hash, moved)


def test_fields_that_run_together_differ() -> None:
    assert header(START, "ab", 1, "c", 0, b"") != header(START, "a", 1, "bc", 0, b"")
    assert header(START, "a", 1, "b", 0, b"c") != header(START, "a", 1, "bc", 0, b"")
