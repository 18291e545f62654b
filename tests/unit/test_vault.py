"""Keys of cases, sealed fields, the key file and its faults."""

import json
from pathlib import Path

import pytest

from engine.runtime.cipher import Destroyed, VaultError, is_sealed
from engine.runtime.vault import Vault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "caseway.key"


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault.create(path)


def test_content_opens_only_where_it_belongs(vault: Vault) -> None:
    wrapped = vault.new_key("c1")
    stored = vault.cipher("c1", wrapped).encrypt(b"history", b"c1/1")
    assert b"history" not in stored
    assert vault.cipher("c1", wrapped).decrypt(stored, b"c1/1") == b"history"
    with pytest.raises(VaultError):
        vault.cipher("c1", wrapped).decrypt(stored, b"c1/2")
    with pytest.raises(VaultError):
        vault.cipher("c1", wrapped).decrypt(stored[:-1] + bytes((stored[-1] ^ 1,)), b"c1/1")
    with pytest.raises(VaultError):
        vault.cipher("c1", wrapped).decrypt(b"", b"c1/1")
    with pytest.raises(VaultError, match="c2"):
        vault.cipher("c2", wrapped)
    with pytest.raises(VaultError):
        vault.cipher("c2", vault.new_key("c2")).decrypt(stored, b"c1/1")


def test_equal_content_is_never_stored_equal(vault: Vault) -> None:
    cipher = vault.cipher("c1", vault.new_key("c1"))
    assert cipher.encrypt(b"same", b"") != cipher.encrypt(b"same", b"")


@pytest.mark.parametrize("value", [None, True, 7, "", "王小明", "12345678901234567.89", ["a", 1], {"b": {"a": None}}])
def test_a_seal_is_repeatable_and_opens_to_the_same_value(vault: Vault, value: object) -> None:
    wrapped = vault.new_key("c1")
    sealed = vault.cipher("c1", wrapped).sealer.seal("payee.account", value)
    assert is_sealed(sealed) and sealed.isascii()
    assert sealed == vault.cipher("c1", wrapped).sealer.seal("payee.account", value)
    assert vault.cipher("c1", wrapped).sealer.open("payee.account", sealed) == value


def test_a_seal_opens_only_at_its_path_in_its_case(vault: Vault) -> None:
    one, other = (vault.cipher(case, vault.new_key(case)).sealer for case in ("c1", "c2"))
    sealed = one.seal("account", "6222")
    assert sealed != other.seal("account", "6222") != one.seal("phone", "6222") != sealed
    for sealer, path, text in [
        (other, "account", sealed),
        (one, "phone", sealed),
        (one, "account", sealed[:-4] + "AAAA"),
        (one, "account", sealed + "*"),
        (one, "account", "sealed:1:"),
        (one, "account", "sealed:1:账号"),
        (one, "account", "6222"),
    ]:
        with pytest.raises(VaultError, match=path):
            sealer.open(path, text)


def test_the_payload_digest_is_the_cases_own(vault: Vault) -> None:
    wrapped = vault.new_key("c1")
    digest = vault.cipher("c1", wrapped).payload(b"{}")
    assert digest == vault.cipher("c1", wrapped).payload(b"{}")
    assert digest != vault.cipher("c1", wrapped).payload(b"{ }")
    assert digest != vault.cipher("c2", vault.new_key("c2")).payload(b"{}")


@pytest.mark.parametrize("wrapped", [None, b""])
def test_a_destroyed_case_says_so(vault: Vault, wrapped: bytes | None) -> None:
    with pytest.raises(Destroyed, match="c1 has been destroyed"):
        vault.cipher("c1", wrapped)


def test_the_file_is_for_its_owner_only_and_is_read_again(vault: Vault, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    wrapped = vault.new_key("c1")
    stored = vault.cipher("c1", wrapped).encrypt(b"x", b"")
    again = Vault.load(path)
    assert again.warnings == () and again.installation == vault.installation
    assert again.cipher("c1", wrapped).decrypt(stored, b"") == b"x"
    assert again.signed(*signed(vault, b"anchor"))


def signed(vault: Vault, content: bytes) -> tuple[str, bytes, bytes]:
    key, signature = vault.sign(content)
    return key, content, signature


def test_a_file_open_to_others_is_a_warning(vault: Vault, path: Path) -> None:
    path.chmod(0o644)
    (warning,) = Vault.load(path).warnings
    assert "0644" in warning and "chmod 600" in warning


def test_a_second_init_never_replaces_the_keys(vault: Vault, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(VaultError, match="exists already"):
        Vault.create(path)
    assert path.read_bytes() == before


def test_a_lost_file_names_the_remedy(path: Path) -> None:
    with pytest.raises(VaultError, match="restore it from the backup"):
        Vault.load(path)


def edited(path: Path, edit: str, value: object) -> bytes:
    file = json.loads(path.read_bytes())
    where = file
    *parents, last = edit.split("/")
    for parent in parents:
        where = where[parent]
    where[last] = value
    return json.dumps(file).encode()


@pytest.mark.parametrize(
    ("edit", "value", "says"),
    [
        ("format", "caseway-key-9", "caseway-key-9"),
        ("master/current", "m7", "current master key"),
        ("signing/current", "s7", "current signing key"),
        ("master/keys/m1", "AAAA", "32 bytes"),
        ("master/keys/m1", "?", "damaged"),
        ("master/keys/x", "A" * 43 + "=", "'x' is no id"),
        ("other", 1, "unknown field"),
    ],
)
def test_a_damaged_file_is_refused(vault: Vault, path: Path, edit: str, value: object, says: str) -> None:
    path.write_bytes(edited(path, edit, value))
    with pytest.raises(VaultError, match=says):
        Vault.load(path)


@pytest.mark.parametrize("content", [b"", b"\xff", b"key", b"[]", b"{}"])
def test_something_else_is_no_key_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(VaultError, match="backup"):
        Vault.load(path)


def test_another_installations_file_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    other = Vault.create(tmp_path / "other.key")
    with pytest.raises(VaultError, match="another installation"):
        other.cipher("c1", vault.new_key("c1"))
    assert not other.signed(*signed(vault, b"anchor"))


def test_keys_rotate(vault: Vault, path: Path) -> None:
    old = vault.new_key("c1")
    stored = vault.cipher("c1", old).encrypt(b"x", b"")
    signature = signed(vault, b"anchor")
    running = Vault.load(path)  # another process, from before the rotation
    assert vault.rotate() == "m2"
    assert path.stat().st_mode & 0o777 == 0o600
    assert vault.cipher("c1", old).decrypt(stored, b"") == b"x"
    new = vault.rewrap("c1", old)
    assert new is not None and new != old and vault.rewrap("c1", new) is None
    assert running.cipher("c1", new).decrypt(stored, b"") == b"x"
    assert vault.forget() == ["m1"]
    for one in (vault, Vault.load(path)):
        assert one.cipher("c1", new).decrypt(stored, b"") == b"x"
        assert one.signed(*signature) and one.signed(*signed(vault, b"new"))
        assert not one.signed(signature[0], b"other", signature[2])
        assert not one.signed("s9", b"anchor", signature[2])
        with pytest.raises(VaultError, match="'m1'"):
            one.cipher("c1", old)


def test_a_rotation_that_was_cut_off_leaves_the_old_file(vault: Vault, path: Path) -> None:
    path.with_name("new-caseway.key").write_bytes(b"{")
    assert Vault.load(path).installation == vault.installation
    assert vault.rotate() == "m2"
    assert [p.name for p in path.parent.iterdir()] == ["caseway.key"]
