"""The cases that somebody watches are a list of theirs, on both databases; the rows are derived."""

from typing import Any

from engine.runtime import schema
from tasks import find
from tasks.commands import Unwatch, Watch
from tasks.search import terms
from tests.store.test_find import House, house

__all__ = ["house"]  # the fixture


def test_whoever_watches_finds_their_cases_newest_first(house: House) -> None:
    caseway = house.caseway
    numbers = [house.claim(name, f"PM202600000{place}") for place, name in enumerate(("王一", "王二", "王三"))]
    ids = [caseway.connection.one("SELECT id FROM cases WHERE number = ?", (one,))[0] for one in numbers]

    def watched(user: str = "chen_wei", query: str = "", **more: Any) -> list[str | None]:
        page = find.watched(caseway.connection, user, terms(query), **more)
        return [one.number for one in page.cases]

    for id in ids:
        caseway.ask(id, Watch(), "chen_wei")
    caseway.ask(ids[1], Watch(), "lu_yao")
    assert watched() == numbers[::-1] and watched("lu_yao") == [numbers[1]] and watched("fang_qi") == []
    first = find.watched(caseway.connection, "chen_wei", limit=2)
    assert first.next is not None and watched(after=first.next) == [numbers[0]]
    assert watched(query="王二") == [numbers[1]] and watched(status="ended") == [] == watched(processes=("complaint",))
    caseway.ask(ids[2], Unwatch(), "chen_wei")
    assert watched() == [numbers[1], numbers[0]]
    assert caseway.verify().clean


def test_those_who_watched_before_there_was_a_list_are_on_it(house: House) -> None:
    caseway = house.caseway
    number = house.claim("王一", "PM2026000001")
    caseway.ask(caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0], Watch(), "chen_wei")
    schema.downgrade(caseway.database.engine, "0012")
    schema.upgrade(caseway.database.engine)
    assert [one.number for one in find.watched(caseway.connection, "chen_wei").cases] == [number]
    assert caseway.verify().clean
