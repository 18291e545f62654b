"""An installation's copy for the bad day, made while it works, and an installation made from one.

Theory of operation. A backup is a folder: the database as one SQLite file, whichever kind it was made of, so that it
can be restored into either; what else lies in the installation's folder, files of cases included; and a manifest with
the digest of each. The anchors are copied first, then the database in one snapshot, then the files: so the database has
all that the anchors know, and every file that the database names is there. The key file is never in it: who has
both can read everything.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from bootstrap.caseway import Caseway
from bootstrap.home import Home
from engine.runtime import anchors, destroyed, schema, traces
from engine.runtime.database import Database, open_database
from engine.runtime.errors import StoreError
from engine.runtime.tables import SCHEMA
from engine.runtime.transfer import Told, transfer
from engine.runtime.vault import Vault
from engine.runtime.verify import Report
from papers.store import Store

FORMAT = "caseway-backup-1"
MANIFEST = "backup.json"
DATABASE = "caseway.db"
LEFT = ("caseway.db*", "caseway.key*", MANIFEST, anchors.FILE, ".*")
"""What of an installation's folder is not copied as it lies there."""


class Part(msgspec.Struct, frozen=True):
    """A file of a backup: its size in bytes, its SHA-256 in hex."""

    size: int
    digest: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. `key`: the id of the installation, whose key file opens it."""

    format: str
    key: str
    made_at: datetime
    schema: str
    cases: int
    rows: int  # of history
    files: dict[str, Part]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(part.size for part in self.files.values())


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Manifest).decode


def move(home: Home, url: str, told: Told = lambda table, rows: None) -> int:
    """Carries the installation's cases over into another, empty database, and takes the old one out of service; how
    many rows. Nobody can write into it meanwhile. Raises StoreError; then all is as it was."""
    source = open_database(home.database)
    try:
        return _carry(source, url, told, retire=shown(url))
    finally:
        source.close()


def shown(url: str) -> str:
    """A database's URL without its password."""
    scheme, found, rest = url.partition("://")
    user, at, where = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}@{where}" if found and at else url


def backup(caseway: Caseway, folder: Path) -> Manifest:
    """Makes a backup in a folder that is not there yet. Raises StoreError, OSError; then nothing is left of it."""
    if folder.exists():
        raise StoreError(f"{folder} is there already.", "Name a folder that is not, such as one of today's date.")
    with _beside(folder) as place:
        if caseway.home.anchors.exists():
            _copy(caseway.home.anchors, place / anchors.FILE)
        _copy_database(caseway.database, place / DATABASE)
        shutil.copytree(caseway.home.folder, place, ignore=_left(place), copy_function=_copy, dirs_exist_ok=True)
        made = _manifest(caseway, place)
        (place / MANIFEST).write_bytes(_encode(made))
    return made


def read_backup(folder: Path) -> Manifest:
    """The manifest of a backup of which every file is as it was written. Raises StoreError: what is not."""
    try:
        found = _decode((folder / MANIFEST).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"{folder} is no backup: {MANIFEST} cannot be read there ({error}).") from error
    if found.schema > SCHEMA:
        raise StoreError(
            f"The backup has schema version {found.schema}, this program works with {SCHEMA}.",
            "Install the newer program that wrote it.",
        )
    there = _parts(folder, found.files)
    for name, part in found.files.items():
        if there.get(name) != part:
            fault = "was changed" if name in there else "is not there"
            raise StoreError(f"{folder / name} {fault} since the backup was made.", "Take another backup.")
    return found


def restore(
    folder: Path,
    key: Path,
    home: Home,
    told: Told = lambda table, rows: None,
    gone: Path | None = None,
) -> Report:
    """Makes an installation from a backup and its key file, and proves it. `gone`: the newest list of what was
    destroyed; that goes again. Raises StoreError, VaultError, OSError; then there is no such installation."""
    manifest, vault = read_backup(folder), Vault.load(key)
    if vault.installation != manifest.key:
        raise StoreError(
            f"The key file {key} is of installation {vault.installation}, the backup of {manifest.key}.",
            "Restore the backup with the key file that was in use when it was made.",
        )
    if home.folder.exists() and any(home.folder.iterdir()):
        raise StoreError(f"{home.folder} is not empty.", "Name a folder that is, or that is not there yet.")
    with _beside(home.folder) as place:
        for name in manifest.files:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, place / name)
        made = Home(place)
        shutil.copy2(key, made.key)
        made.key.chmod(0o600)
        if gone is not None:
            shutil.copy2(gone, made.destroyed)
        source = open_database(made.database, check=False)
        try:
            schema.upgrade(source.engine)
            if destroyed.again(source, vault, made.destroyed, Store(made.files).forget):
                traces.wipe(source)
            if home.url:
                _carry(source, home.url, told)
        finally:
            source.close()
        if home.url:
            (place / DATABASE).unlink()
    with Caseway(home) as caseway:
        return caseway.verify()


def _copy_database(source: Database, path: Path) -> None:
    """As an SQLite file, in one snapshot. What was deleted before is not in it, not even its traces."""
    if source.dialect != "sqlite":
        _carry(source, str(path))
        return
    connection = source.connect()
    try:
        connection.run("VACUUM INTO ?", (str(path),))
    finally:
        connection.close()


def _carry(source: Database, url: str, told: Told = lambda table, rows: None, retire: str = "") -> int:
    target = open_database(url, check=False)
    try:
        schema.upgrade(target.engine)
        return transfer(source, target, schema.tables_of(source), told, retire)
    finally:
        target.close()


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder that only its owner can read, which gets that name, durably, when all went well; and else goes away."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield place
        for path in [*place.rglob("*"), place]:
            _sync(path)
        if folder.exists():
            folder.rmdir()
        place.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _left(place: Path) -> Callable[[str, list[str]], set[str]]:
    """What `shutil.copytree` leaves: what is copied otherwise, the key, and a backup within the installation."""
    patterns = shutil.ignore_patterns(*LEFT)

    def left(folder: str, names: list[str]) -> set[str]:
        return set(patterns(folder, names)) | {
            name for name in names if (path := Path(folder, name) / MANIFEST).exists() or path.parent == place
        }

    return left


def _copy(source: str | Path, target: str | Path) -> None:
    """A file that has gone meanwhile is none that the database names: what it names stays."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def _manifest(caseway: Caseway, place: Path) -> Manifest:
    database = open_database(str(place / DATABASE))
    connection = database.connect()
    try:
        cases, rows = (connection.one(f"SELECT count(*) FROM {table}")[0] for table in ("cases", "history"))
    finally:
        connection.close()
        database.close()
    names = [str(path.relative_to(place)) for path in sorted(place.rglob("*")) if path.is_file()]
    return Manifest(FORMAT, caseway.vault.installation, caseway.clock.now(), SCHEMA, cases, rows, _parts(place, names))


def _parts(folder: Path, names: Collection[str]) -> dict[str, Part]:
    """Those of the files that are there."""
    return {name: _part(folder / name) for name in names if (folder / name).is_file()}


def _part(path: Path) -> Part:
    with path.open("rb") as file:
        return Part(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
