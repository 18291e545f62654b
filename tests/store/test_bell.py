"""Who waits for work hears of it at once: in the same program, and on PostgreSQL in every other."""

import threading
from collections.abc import Callable, Iterator

import pytest

from bootstrap import Caseway, Home, create
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from engine.runtime.bell import Bell
from engine.runtime.clock import VirtualClock
from engine.runtime.database import Database, open_database
from tests.store.conftest import Town, fresh
from tests.store.test_keys_shared import ORDER
from tests.support.branch import MONDAY, settle_in

SOON = 10.0
"""Seconds within which a busy machine has surely passed it on."""


@pytest.fixture
def bells() -> Iterator[Callable[[Database], tuple[Bell, threading.Event]]]:
    made: list[Bell] = []

    def bell(database: Database) -> tuple[Bell, threading.Event]:
        one, heard = Bell(), threading.Event()
        one.hear(heard.set)
        one.connect(database)
        made.append(one)
        assert database.dialect == "sqlite" or heard.wait(SOON)  # it rings once when its line is there
        heard.clear()
        return one, heard

    yield bell
    for one in made:
        one.close()


def test_a_bell_is_heard_by_other_programs(
    town: Town, bells: Callable[[Database], tuple[Bell, threading.Event]]
) -> None:
    (one, here), (_, there) = bells(town.database), bells(town.database)
    one.ring()
    assert here.is_set()
    if town.database.dialect == "postgresql":
        assert there.wait(SOON)


@pytest.fixture
def shared(server: str) -> Iterator[Database]:
    with fresh(server) as url:
        database = open_database(url, check=False)
        yield database
        database.close()


def test_a_lost_line_is_found_again(
    shared: Database, bells: Callable[[Database], tuple[Bell, threading.Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runtime.bell.AGAIN", 0.01)
    (one, here), (_, there) = bells(shared), bells(shared)
    connection = shared.connect()
    connection.all("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    connection.close()
    assert here.wait(SOON) and there.wait(SOON), "each looks once when its line is there again"
    there.clear()
    one.ring()
    assert there.wait(SOON)


def test_only_what_leaves_work_behind_rings(home: Home) -> None:
    create(home)
    rings = 0

    def count() -> None:
        nonlocal rings
        rings += 1

    with Caseway(home, VirtualClock(MONDAY)) as caseway:
        settle_in(caseway)
        caseway.bell.hear(count)
        assert isinstance(caseway.start(StartCase("order", dict(ORDER)), "li"), Accepted)
        quiet = rings
        assert not isinstance(caseway.start(StartCase("order", {}), "li"), Accepted)
        assert rings == quiet
        assert caseway.receive("m1", "reply", "nobody", {}, "customer") is None
        assert rings == quiet + 1
