"""The chance of a breach on the floor: shown, gone by, and where too little is known, said so with the reason."""

import pytest

from engine.runtime.tables import micros
from tests.web.conftest import Town

CHANCE = "UPDATE forecast_chances SET chance = ?, why = '' WHERE case_id = (SELECT id FROM cases WHERE number = ?)"


@pytest.fixture
def told(town: Town) -> tuple[Town, list[str]]:
    """Three claims: one hardly likely to be late, one very likely, one of which too little is known."""
    numbers = [town.claim() for _ in range(3)]
    town.settle()
    town.caseway.forecaster.run(town.clock.now())
    for number, chance in zip(numbers, (412, 8765), strict=False):
        town.caseway.connection.run(CHANCE, (chance, number))
    return town, numbers


def order(text: str, numbers: list[str], after: str = "") -> list[str]:
    """The cases in the order in which a page has them, from some words on."""
    part = text[text.index(after) :]
    return sorted((number for number in numbers if number in part), key=part.index)


def test_the_floor_goes_by_chance_and_says_where_too_little_is_known(told: tuple[Town, list[str]]) -> None:
    town, numbers = told
    lin = town.browser("lin_xiaoyan")
    text = lin.get("/floor?by=chance").text
    assert order(text, numbers, 'id="risk"') == [numbers[1], numbers[0], numbers[2]]
    assert "88 %" in text and "4 %" in text and "Chance of breach" in lin.get("/floor/likely").text
    assert "knows too little" in text and "fewer than 200 runs whose deadline has passed" in text
    assert order(lin.get("/floor/likely").text, numbers) == [numbers[1], numbers[0], numbers[2]]
    chinese = town.browser("lin_xiaoyan", "zh").get("/floor?by=chance").text
    assert "逾期概率" in chinese and "所知太少" in chinese and "已到期的计时不足 200 次" in chinese
    assert "by chance" in lin.get("/floor").text and lin.get("/floor?by=nonsense").status_code == 200


def test_programs_get_the_chance_and_the_reason_page_by_page(told: tuple[Town, list[str]]) -> None:
    town, numbers = told
    lin, found, after = town.browser("lin_xiaoyan"), list[dict[str, object]](), ""
    while True:
        page = lin.get(f"/api/floor/likely?limit=2&after={after}").json()
        found += page["clocks"]
        after = page["next"]
        if after is None:
            break
    chances = [float(str(one["chance"])) for one in found if one["chance"] is not None]
    assert chances == sorted(chances, reverse=True) and chances[0] == 0.8765
    assert [one["chance_why"] for one in found[-1:]] == ["few"] and {one["number"] for one in found} == set(numbers)
    assert lin.get("/api/floor").json()["likely"][0]["number"] == numbers[1]
    for wrong in ("nonsense", "0.1.x", "9.9.9.9.9", "a.1.x.1"):
        assert lin.get(f"/api/floor/likely?after={wrong}").status_code == 400
    assert town.browser("chen_wei").get("/api/floor/likely").status_code == 403
    assert town.browser("chen_wei").get("/floor/likely").status_code == 403


def test_a_clock_that_is_held_is_not_called_late(told: tuple[Town, list[str]]) -> None:
    """Its deadline is the one before the pause, and may lie in the past."""
    town, numbers = told
    at = micros(town.clock.now())
    town.caseway.connection.run(
        "UPDATE clocks SET status = 'paused', deadline = ?, paused_since = ? WHERE number = ?",
        (at - 1_000_000, at - 2_000_000, numbers[1]),
    )
    lin = town.browser("lin_xiaoyan")
    (first, *_) = [one for one in lin.get("/api/floor/likely").json()["clocks"] if one["number"] == numbers[1]]
    assert (first["paused"], first["heat"]) == (True, "fine")
    text = lin.get("/floor/likely").text
    assert "paused" in text and "late</span>" not in text
