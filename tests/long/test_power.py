"""The power fails again and again while a branch works on SQLite: at FULL every answer is there afterwards, at
NORMAL (`--unsafe`) the newest may be missing, and what is there is whole."""

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from bootstrap import Caseway, Home, create
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from engine.runtime.errors import StoreError
from engine.runtime.tables import moment
from tests.support.branch import MONDAY, settle_in
from tests.support.bustle import Book, Bustle
from tests.support.judge import faults
from tests.support.power import Power, PowerDatabase

pytestmark = pytest.mark.long

THREADS = 3
FAILURES = 10
"""Power failures that one installation goes through."""


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation before its first case."""
    folder = tmp_path_factory.mktemp("settled")
    create(Home(folder))
    with Caseway(Home(folder), VirtualClock(MONDAY)) as app:
        settle_in(app)
    return folder


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A runner without a disk has much to say, and says it to its callers too."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def now(home: Home) -> VirtualClock:
    """A clock that goes on where the history ends."""
    with Caseway(home, VirtualClock(MONDAY)) as app:
        last = app.connection.one("SELECT max(last_at) FROM cases")[0]
    return VirtualClock(MONDAY if last is None else max(MONDAY, moment(last)))


def live(home: Home, unsafe: bool, random: Random, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Book], Power]:
    """Works until the power goes; what each of those at work was answered."""
    clock = now(home)
    power = Power(f"power-{home.folder.name}", random)
    with monkeypatch.context() as patch:
        patch.setattr("bootstrap.caseway.open_database", lambda *_: PowerDatabase(Path(home.database), power, unsafe))
        app = Caseway(home, clock, unsafe=unsafe)
    cases = [row[0] for row in app.connection.all("SELECT id FROM cases ORDER BY last_at")]
    numbers = [row[0] for row in app.connection.all("SELECT number FROM cases")]
    books = [Book() for _ in range(THREADS)]
    for book in books:
        book.cases, book.numbers = cases, numbers
    bustles = [Bustle(app, Random(random.random()), book) for book in books]
    failed: list[BaseException] = []

    def work(bustle: Bustle) -> None:
        try:
            while not power.gone:
                bustle.step()
        except StoreError:
            pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(bustle,)) for bustle in bustles]
    # Sometimes at once, sometimes after a checkpoint or two of the log, which come every thousand pages.
    power.fuse = int(random.expovariate(1 / random.choice((100, 1000, 5000))))
    for thread in threads:
        thread.start()
    try:
        while not power.gone:
            app.sweep()
            app.work()
            if random.random() < 0.3:
                app.anchor()
    except StoreError:
        assert power.gone
    for thread in threads:
        thread.join()
    assert not failed, failed
    for bustle in bustles:
        bustle.close()
    close(app)
    return books, power


def close(app: Caseway) -> None:
    """A process without power does not say goodbye; here its files must be let go."""
    with suppress(StoreError, apsw.Error):
        app.close()


def restored(home: Home, power: Power, folder: Path) -> Home:
    """The installation as it is found when the power is back."""
    folder.mkdir()
    shutil.copytree(home.systems, folder / "systems")
    for file in (home.key, home.anchors):
        if file.exists():
            shutil.copy(file, folder)
    power.image(folder)
    return Home(folder)


def answered(book: Book) -> list[tuple[str, tuple[str, int]]]:
    found = ((ident, book.answers[ident][1]) for ident in book.order)
    return [(ident, (answer.case, answer.revision)) for ident, answer in found if isinstance(answer, Accepted)]


@pytest.mark.parametrize("seed", range(8))
def test_what_was_answered_outlives_the_power(
    settled: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    home = Home(settled)
    for number in range(FAILURES):
        home = copied(home, tmp_path / f"{number}")
        books, power = live(home, False, random, monkeypatch)
        home = restored(home, power, tmp_path / f"{number}-after")
        with Caseway(home, VirtualClock(MONDAY)) as app:
            found = faults(app, dict(pair for book in books for pair in answered(book)))
            assert not found, (seed, number, found[:5])


@pytest.mark.parametrize("seed", range(6))
def test_unsafe_loses_the_newest_and_nothing_else(
    settled: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(100 + seed)
    home = Home(settled)
    lost = 0
    for number in range(FAILURES):
        home = copied(home, tmp_path / f"{number}")
        books, power = live(home, True, random, monkeypatch)
        home = restored(home, power, tmp_path / f"{number}-after")
        with Caseway(home, VirtualClock(MONDAY)) as app:
            there = {row[0] for row in app.connection.all("SELECT command_id FROM history")}
            for book in books:
                kept = [(ident in there, ident, place) for ident, place in answered(book)]
                lost += sum(not is_there for is_there, _, _ in kept)
                assert [one[0] for one in kept] == sorted((one[0] for one in kept), reverse=True), "the newest only"
            found = faults(app, {i: place for book in books for i, place in answered(book) if i in there})
            assert not found, (seed, number, found[:5])
    assert lost, "this test would not notice if nothing were ever lost"


class Worst(Random):
    """Nothing that was not synced is left."""

    def choice(self, values: Any) -> Any:
        return values[0]


def test_an_anchor_never_runs_ahead_of_what_the_power_leaves(
    settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under --unsafe, too, and while somebody reads, so that the log cannot be written back."""
    home, power = copied(Home(settled), tmp_path / "before"), Power("power-anchor", Worst())
    monkeypatch.setattr("bootstrap.caseway.open_database", lambda *_: PowerDatabase(Path(home.database), power, True))
    app = Caseway(home, VirtualClock(MONDAY), unsafe=True)
    reader = app.database.connect()
    for _ in range(3):
        reader.run("BEGIN")
        reader.one("SELECT count(*) FROM cases")
        app.start(StartCase("order", {"who": "Li Si", "kind": "plain"}), "li")
        app.anchor()
        app.start(StartCase("order", {"who": "Li Si", "kind": "plain"}), "li")
        app.anchor()
        reader.rollback()
    power.fuse = 0
    with pytest.raises(StoreError):
        app.start(StartCase("order", {"who": "Li Si", "kind": "plain"}), "li")
    reader.close()
    close(app)
    monkeypatch.undo()
    with Caseway(restored(home, power, tmp_path / "after"), VirtualClock(MONDAY)) as found:
        report = found.verify()
        assert report.clean and report.cases == 6, (report.findings, report.problems)


def copied(home: Home, folder: Path) -> Home:
    shutil.copytree(home.folder, folder)
    return Home(folder)
