"""What is laid aside stands apart; what the absent have stands in the inbox of who stands in for them."""

import pytest

from tasks import commands as work
from tests.web.conftest import Town
from tests.web.test_api import Program
from web.desk import Desk
from web.listing import listed
from web.lists import inbox


def away(town: Town, user: str, substitute: str, processes: tuple[str, ...] = ()) -> None:
    body = {"user": user, "from": "2026-03-02", "to": "2026-03-06", "substitute": substitute, "reason": "ill"}
    answer = Program(town, "dong_lei").post(
        "/admin/absences", {**body, **({"processes": list(processes)} if processes else {})}
    )
    assert answer.status_code < 300, answer.text
    town.caseway.refresh()


def test_what_is_laid_aside_stands_apart_with_the_day_it_comes_back(town: Town) -> None:
    number, other = town.claim(), town.claim(policy_number="PM2026000002")
    visitor = town.browser("chen_wei")
    for one in (number, other):
        visitor.post(f"/tasks/{one}/{town.task_of(one)}/claim")
    visitor.post(f"/tasks/{number}/{town.task_of(number)}/follow_up", until="2026-03-05T09:00", reason="abroad")
    found = Program(town, "chen_wei").get("/inbox").json()
    assert [line["number"] for line in found["mine"]] == [other]
    assert [(line["number"], line["back"]) for line in found["parked"]] == [(number, "2026-03-05T01:00:00Z")]
    text = visitor.get("/").text
    assert "Laid aside" in text and "2026-03-05 09:00" in text
    assert "03-05 09:00" in visitor.get("/tasks").text


@pytest.mark.parametrize(("processes", "sees"), [((), True), (("claims",), True), (("complaint",), False)])
def test_what_the_absent_hold_is_found_by_who_stands_in(town: Town, processes: tuple[str, ...], sees: bool) -> None:
    number = town.claim()
    path = f"/tasks/{number}/{town.task_of(number)}"
    town.browser("chen_wei").post(f"{path}/claim")
    away(town, "chen_wei", "liu_yang", processes)
    desk = Desk(town.caseway, "liu_yang", "en")
    found = inbox(desk).mine
    assert [line.number for line in found] == ([number] if sees else [])
    mine = listed(desk, "mine")
    assert [line.number for line in mine.tasks] == ([number] if sees else []) and mine.count == len(found)
    assert [line.number for line in listed(desk, "mine", words=number).tasks] == ([number] if sees else [])
    assert not inbox(Desk(town.caseway, "ma_chao", "en")).mine
    if sees:
        assert (found[0].behalf_name, found[0].behalf_until) == ("Chen Wei", "2026-03-06")
        visitor = town.browser("liu_yang")
        assert "for Chen Wei until 2026-03-06" in visitor.get("/").text
        assert visitor.post(f"{path}/claim").status_code == 303


def test_what_the_absent_gave_away_or_what_stands_still_is_not_the_substitutes(town: Town) -> None:
    number = town.claim()
    case = town.caseway.connection.one("SELECT id FROM cases WHERE number = ?", (number,))[0]
    task = town.task_of(number)
    town.caseway.ask(case, work.ClaimTask(task), "chen_wei")
    town.caseway.ask(case, work.SuspendTask(task, "wait"), "lin_xiaoyan")
    away(town, "chen_wei", "liu_yang")
    assert not inbox(Desk(town.caseway, "liu_yang", "en")).mine
