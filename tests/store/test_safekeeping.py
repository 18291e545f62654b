"""What is backed up, restored or moved is all there; what cannot be is refused, and nothing is left half done."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bootstrap import Caseway, Home, create
from bootstrap.backup import MANIFEST, backup, move, read_backup, restore, shown
from engine.core.commands import CancelCase, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from engine.runtime.database import open_database
from engine.runtime.errors import StoreError
from engine.runtime.statements import quoted
from migrations import tables
from tests.store.conftest import fresh
from tests.store.test_keys_shared import ORDER
from tests.support.branch import MONDAY, settle_in

DISPATCH = """INSERT INTO dispatches (id, notice, case_id, number, template, recipient, channel, digest, urgent,
    created, state, lot, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def caseway(home: Home) -> Iterator[Caseway]:
    create(home)
    with Caseway(home, VirtualClock(MONDAY)) as made:
        settle_in(made)
        for _ in range(3):
            assert isinstance(made.start(StartCase("order", dict(ORDER)), "li"), Accepted)
        assert not isinstance(made.start(StartCase("order", {}), "li"), Accepted), "a refusal is a row that counts"
        made.runner.write(lambda connection: connection.run(DISPATCH, ("d1", *"ncntwm", True, False, 1, "sent", "", 0)))
        made.anchor()
        (made.home.files / "ab").mkdir(parents=True)
        (made.home.files / "ab" / "file").write_bytes(b"sealed")
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that nobody has used."""
    if request.param == "sqlite":
        yield str(tmp_path / "other.db")
    else:
        with fresh(request.getfixturevalue("server")) as url:
            yield url


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    database = open_database(url, check=False)
    connection = database.connect()
    found = {
        table.name: sorted(tuple(row) for row in connection.all(f"SELECT * FROM {quoted(table.name)}"))
        for table in tables.metadata().sorted_tables
        if table.name != "meta"
    }
    connection.close()
    database.close()
    return found


def test_a_backup_restored_is_the_installation(caseway: Caseway, empty: str, tmp_path: Path) -> None:
    made = backup(caseway, tmp_path / "copy")
    assert (made.cases, made.files["files/ab/file"].size) == (3, 6)
    assert not list((tmp_path / "copy").rglob("*.key"))
    before = rows(caseway.home.database)
    again = Home(tmp_path / "again", empty)
    report = restore(tmp_path / "copy", caseway.home.key, again)
    assert report.clean and report.whole == 3
    assert rows(empty) == before and (again.files / "ab" / "file").read_bytes() == b"sealed"
    with Caseway(again, VirtualClock(LATER)) as restored:
        (case,) = restored.connection.one("SELECT min(id) FROM cases")
        assert isinstance(restored.ask(case, CancelCase("x"), "sun"), Accepted)
        assert not isinstance(restored.start(StartCase("order", {}), "li"), Accepted)
        assert restored.verify().clean


def test_moved_cases_go_on_there_and_nowhere_else(caseway: Caseway, empty: str) -> None:
    before, old = rows(caseway.home.database), caseway.home.database
    told: dict[str, int] = {}
    moved = move(caseway.home, empty)
    assert moved == sum(map(len, before.values())) + len(told) + 2, "whose database it is, and of which form"
    assert rows(empty) == before
    with Caseway(Home(caseway.home.folder, empty), VirtualClock(LATER)) as other:
        (case,) = other.connection.one("SELECT min(id) FROM cases")
        assert isinstance(other.ask(case, CancelCase("x"), "sun"), Accepted)
        assert other.verify().clean
    with pytest.raises(StoreError, match="out of service"):
        caseway.ask(case, CancelCase("x"), "sun")
    with pytest.raises(StoreError, match="moved to"):
        open_database(old)


def test_what_cannot_be_moved_stays_in_service(caseway: Caseway, empty: str, tmp_path: Path) -> None:
    create(Home(tmp_path / "used", empty))
    with pytest.raises(StoreError, match="not empty: there are rows in meta"):
        move(caseway.home, empty)
    assert isinstance(caseway.start(StartCase("order", dict(ORDER)), "li"), Accepted)


def test_a_backup_that_was_touched_is_refused(caseway: Caseway, tmp_path: Path) -> None:
    place, key = tmp_path / "copy", caseway.home.key
    backup(caseway, place)
    other = Home(tmp_path / "other")
    create(other)
    with pytest.raises(StoreError, match="is of installation"):
        restore(place, other.key, Home(tmp_path / "again"))
    with pytest.raises(StoreError, match="not empty"):
        restore(place, key, other)
    with pytest.raises(StoreError, match="is there already"):
        backup(caseway, place)
    (place / "files/ab/file").write_bytes(b"Sealed")
    with pytest.raises(StoreError, match="was changed"):
        read_backup(place)
    (place / "files/ab/file").unlink()
    with pytest.raises(StoreError, match="is not there"):
        restore(place, key, Home(tmp_path / "again"))
    manifest = json.loads((place / MANIFEST).read_bytes())
    (place / MANIFEST).write_text(json.dumps(manifest | {"schema": "9999"}))
    with pytest.raises(StoreError, match="newer program"):
        read_backup(place)
    (place / MANIFEST).unlink()
    with pytest.raises(StoreError, match="is no backup"):
        read_backup(place)
    assert not (tmp_path / "again").exists() and not list(tmp_path.glob(".*"))


def test_a_password_is_shown_to_nobody() -> None:
    assert shown("postgresql://caseway:secret@db.example/caseway") == "postgresql://caseway@db.example/caseway"
    assert shown("/srv/caseway.db") == "/srv/caseway.db"
