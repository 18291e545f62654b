"""Where an installation keeps its things, and how one is made."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.language.files import Folder
from engine.runtime import anchors, destroyed, keys, schema
from engine.runtime.cipher import VaultError
from engine.runtime.database import Database, open_database
from engine.runtime.vault import Vault
from notices import channels

SHIPPED = Path(__file__).parents[1] / "processes"
"""The processes that come with the product; `init` copies them."""
SYSTEMS = ("policies.csv", "sanctions.csv", "backups.csv", "agents.csv", "bank_statement.csv", "archive.csv")
"""The tables of the embedded outside systems, which `init` copies, too."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where an installation keeps its things."""

    folder: Path
    url: str = ""  # of the database; "" is the file in the folder

    @property
    def database(self) -> str:
        return self.url or str(self.folder / "caseway.db")

    @property
    def key(self) -> Path:
        return self.folder / "caseway.key"

    @property
    def anchors(self) -> Path:
        return self.folder / anchors.FILE

    @property
    def destroyed(self) -> Path:
        return self.folder / destroyed.FILE

    @property
    def channels(self) -> Path:
        return self.folder / channels.FILE

    @property
    def processes(self) -> Path:
        return self.folder / "processes"

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def systems(self) -> Path:
        return self.folder / "systems"


def create(home: Home) -> Vault:
    """Makes an installation in a folder: key file, database, the shipped processes. What is there stays.

    Raises StoreError or VaultError. A database without its key is not given a new one: that would only hide
    that its cases cannot be read any more.
    """
    home.folder.mkdir(parents=True, exist_ok=True)
    database = open_database(home.database, check=False)
    try:
        schema.upgrade(database.engine)
        vault = _keys(home, database)
    finally:
        database.close()
    if not home.processes.exists():
        ignore = shutil.ignore_patterns("__pycache__", "*.py", "*.db")
        shutil.copytree(SHIPPED, home.processes, ignore=ignore)
    if not home.systems.exists():
        home.systems.mkdir()
        for name in SYSTEMS:
            shutil.copy(SHIPPED / "samples" / name, home.systems / name)
    return vault


def _keys(home: Home, database: Database) -> Vault:
    """The key file that goes with a database, made with it."""
    connection = database.connect()
    try:
        if not home.key.exists() and keys.installation(connection):
            raise VaultError(f"The database is there, but its key file {home.key} is not. Restore it from the backup.")
        vault = Vault.load(home.key) if home.key.exists() else Vault.create(home.key)
        keys.own(connection, vault)
        return vault
    finally:
        connection.close()


def shipped() -> Folder:
    """The processes that come with the product, as files."""
    return Folder(SHIPPED)
