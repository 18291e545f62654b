"""Which files are taken in, what they are called, and how they lie in the store."""

import contextlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.cipher import VaultError
from engine.runtime.vault import Vault
from papers.media import LONGEST_NAME, NotTaken, check, disposition, endings, file_name
from papers.model import Intake
from papers.store import BLOCK, Store, digest_of
from tests.support.samples import BAD, GOOD, PDF


@pytest.mark.parametrize("name", GOOD)
def test_what_is_taken_in(name: str) -> None:
    content = io.BytesIO(GOOD[name])
    found = check(content, name, len(GOOD[name]), Intake())
    assert found.startswith(name.rpartition(".")[2].lower()[:3]) or (name, found) == ("a.jpeg", "jpg")
    assert content.tell() == 0


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_taken_in(name: str) -> None:
    content, code = BAD[name]
    with pytest.raises(NotTaken) as caught:
        check(io.BytesIO(content), name, len(content), Intake())
    assert caught.value.code == code and set(caught.value.text) == {"zh", "en"}


def test_the_house_says_how_large_and_which() -> None:
    small = replace(Intake(), largest=20, types=("png",))
    for name, code in (("a.png", "file_large"), ("a.pdf", "file_large"), ("b.txt", "file_type")):
        with pytest.raises(NotTaken) as caught:
            check(io.BytesIO(GOOD[name]), name, len(GOOD[name]), small)
        assert caught.value.code == code
    assert endings(("pdf", "jpg")) == ".pdf,.jpg,.jpeg"


@given(st.binary(max_size=300), st.sampled_from(sorted({name.rpartition(".")[2] for name in [*GOOD, *BAD]})))
def test_any_bytes_are_taken_in_or_refused(content: bytes, ending: str) -> None:
    with contextlib.suppress(NotTaken):
        check(io.BytesIO(content), f"x.{ending}", len(content), Intake())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"), ("C:\\Users\\x\\扫描 件.pdf", "扫描 件.pdf"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("fdp.\u202egpj.pdf", "fdp.gpj.pdf"), ("", "file"), ("...", "file"), (".pdf", "pdf"),
        ('a"b;c<d>.pdf', "a_b_c_d_.pdf"),
        ("x" * 300 + ".pdf", "x" * (LONGEST_NAME - 4) + ".pdf"), ("\ud800.pdf", "pdf"),
    ],
)  # fmt: skip
def test_what_files_are_called(given: str, kept: str) -> None:
    assert file_name(given) == kept


@given(st.text())
def test_a_name_is_harmless_wherever_it_stands(name: str) -> None:
    kept = file_name(name)
    assert kept == file_name(kept) and 0 < len(kept) <= LONGEST_NAME
    assert not set(kept) & set('/\\<>:"|?*;\r\n\x00') and kept not in (".", "..")
    header = disposition(kept, inline=False)
    assert header.isascii() and header.startswith('attachment; filename="') and "\n" not in header


# --- the store --------------------------------------------------------------------------------------------


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "key")


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_content_comes_back(tmp_path: Path, vault: Vault, size: int) -> None:
    store, cipher = Store(tmp_path / "files"), vault.cipher("c1", vault.new_key("c1"))
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    digest, counted = digest_of(io.BytesIO(content))
    assert counted == size
    assert store.put("c1", cipher, digest, io.BytesIO(content))
    assert not store.put("c1", cipher, digest, io.BytesIO(content))
    assert b"".join(store.open("c1", cipher, digest)) == content
    store.remove("c1", cipher, digest)
    assert not store.holds("c1", cipher, digest)


def test_cases_share_nothing(tmp_path: Path, vault: Vault) -> None:
    store = Store(tmp_path / "files")
    ciphers = {case: vault.cipher(case, vault.new_key(case)) for case in ("c1", "../c2")}
    digest, _ = digest_of(io.BytesIO(PDF))
    for case, cipher in ciphers.items():
        assert store.put(case, cipher, digest, io.BytesIO(PDF))
    files = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(files) == 2 and len({path.name for path in files}) == 2
    for path in files:
        assert PDF[:8] not in path.read_bytes() and digest not in str(path)
    store.forget("c1")
    assert not store.holds("c1", ciphers["c1"], digest) and store.holds("../c2", ciphers["../c2"], digest)


def test_what_was_changed_does_not_open(tmp_path: Path, vault: Vault) -> None:
    store, cipher = Store(tmp_path / "files"), vault.cipher("c1", vault.new_key("c1"))
    content = b"x" * (2 * BLOCK + 10)
    digest, _ = digest_of(io.BytesIO(content))
    store.put("c1", cipher, digest, io.BytesIO(content))
    (path,) = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    whole, head = path.read_bytes(), 31
    block = BLOCK + 16
    changed = {
        "flipped": whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        "cut": whole[:-5],
        "cut at a block": whole[: head + 2 * block],
        "blocks exchanged": whole[:head] + whole[head + block : head + 2 * block] + whole[head : head + block]
        + whole[head + 2 * block :],
        "longer": whole + b"x",
        "empty": b"",
    }  # fmt: skip
    for stored in changed.values():
        path.write_bytes(stored)
        with pytest.raises(VaultError):
            b"".join(store.open("c1", cipher, digest))
    path.unlink()
    with pytest.raises(VaultError, match="backup"):
        store.open("c1", cipher, digest)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, vault: Vault) -> None:
    store, cipher = Store(tmp_path / "files"), vault.cipher("c1", vault.new_key("c1"))

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        store.put("c1", cipher, "d" * 64, Broken())
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
