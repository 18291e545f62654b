"""Databases that cannot be used: said clearly, with the cure, and nothing half done."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from engine.core.commands import CompleteTask, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import new_id
from engine.runtime.database import open_database
from engine.runtime.errors import StoreError
from engine.runtime.sqlite import SQLite, SQLiteConnection
from engine.runtime.tables import metadata
from engine.runtime.vault import Vault
from tests.store.conftest import BEGIN, Town


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cases.db"
    database = SQLite(path)
    metadata.create_all(database.engine)
    database.close()
    return path


def town_on(path: Path, vault: Vault) -> Town:
    return Town(SQLite(path), vault)


def raw_of(town: Town) -> sqlite3.Connection:
    connection = town.runner._connection
    assert isinstance(connection, SQLiteConnection)
    return connection.raw


def test_a_full_disk(path: Path, vault: Vault) -> None:
    town = town_on(path, vault)
    case = town.start("two")
    pages = raw_of(town).execute("PRAGMA page_count").fetchone()[0]
    raw_of(town).execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"disk is full.*Make room"):
        for _ in range(50):
            town.do(new_id(BEGIN), StartCase("two", {"note": "x" * 5000}))
    cases, rows = (town.rows(f"SELECT count(*) FROM {t}")[0][0] for t in ("cases", "history"))
    assert cases == rows, "nothing half done"
    raw_of(town).execute("PRAGMA max_page_count = 1000000")
    assert isinstance(town.do(case, CompleteTask(town.task(case))), Accepted)
    town.close()


def test_a_locked_database(path: Path, vault: Vault) -> None:
    town = town_on(path, vault)
    raw_of(town).execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"another program holds it"):
        town.start("two")
    other.execute("ROLLBACK")
    town.start("two")
    other.close()
    town.close()


def test_a_database_that_may_only_be_read(path: Path, vault: Vault) -> None:
    town = town_on(path, vault)
    raw_of(town).execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=r"may not be written.*Give the file"):
        town.start("two")
    town.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_without_the_right_to_write(path: Path, vault: Vault) -> None:
    path.chmod(stat.S_IRUSR)
    with pytest.raises(StoreError, match="may not be written"):
        town_on(path, vault).start("two")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be opened.*folder exists"):
        open_database(str(tmp_path / "nowhere" / "cases.db"))


def test_no_database_at_all(tmp_path: Path) -> None:
    (tmp_path / "cases.db").write_bytes(b"This is a letter, not a database. " * 100)
    with pytest.raises(StoreError, match="no SQLite database"):
        open_database(str(tmp_path / "cases.db"))


def test_a_damaged_database(path: Path, vault: Vault) -> None:
    town = town_on(path, vault)
    for _ in range(50):
        town.start("two", note="x" * 2000)
    town.close()
    town.database.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(StoreError, match=r"it is damaged.*Restore it from the backup"):
        town_on(path, vault).start("two")


def test_safe_unless_asked_otherwise(path: Path) -> None:
    for unsafe, level in ((False, 2), (True, 1)):
        database = open_database(f"sqlite:///{path}", unsafe, check=False)
        connection = database.connect()
        assert connection.one("PRAGMA synchronous")[0] == level and database.unsafe is unsafe
        assert connection.one("PRAGMA journal_mode")[0] == "wal"
        connection.close()
        database.close()


def test_no_server(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Check the URL, and that the server runs"):
        open_database(f"postgresql://nobody@/none?host={tmp_path}", check=False).connect()


def test_no_such_database(server: str) -> None:
    with pytest.raises(StoreError, match=r"nowhere.*Check the URL"):
        open_database(server.replace("/postgres?", "/nowhere?"), check=False).connect()


def test_a_server_that_cuts_us_off(town: Town) -> None:
    """The next command connects again."""
    if town.database.dialect != "postgresql":
        pytest.skip("a server only")
    case = town.start("two")
    task = town.task(case)
    town.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with pytest.raises(StoreError):
        town.do(case, CompleteTask(task))
    assert isinstance(town.do(case, CompleteTask(task)), Accepted)
