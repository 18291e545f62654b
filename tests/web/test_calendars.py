"""Calendars are changed on their page: days are tried, proposed by one, put in force by another, and counted again."""

import re

import pytest

from tests.web.conftest import Town

AT = "/admin/calendars/insurer/2026"
OFF = {"first": "2026-03-05", "last": "2026-03-06", "hours": "closed", "own": "", "title": "Works outing"}


def test_days_are_tried_proposed_approved_and_counted_again(town: Town) -> None:
    number = town.claim()
    town.settle()
    designer, lead, boss = (town.browser(name) for name in ("dong_lei", "lin_xiaoyan", "gu_mingyuan"))
    assert "Change days" in designer.get(AT).text and "Change days" not in lead.get(AT).text
    tried = designer.post(f"{AT}/days", what="try", **OFF)
    assert tried.status_code == 200 and "Days that change: 2." in tried.text and number in tried.text
    assert 'value="Works outing"' in tried.text, "nothing is typed twice"
    assert designer.post(f"{AT}/days", what="propose", **OFF).status_code == 422  # no reason
    made = designer.post(f"{AT}/days", what="propose", reason="the outing", **OFF)
    place = made.headers["location"].partition("?")[0]
    assert "2026-03-05" in boss.get(place).text
    assert designer.post(f"{place}/approve").status_code == 409, "one does not approve one's own"
    assert boss.post(f"{place}/approve").status_code == 303
    page = lead.get(AT).text
    older = re.search(r"([0-9]+) open clocks are still counted on an older version", page)
    assert older and int(older[1]) > 0 and "Works outing" in page
    assert lead.post(f"{AT}/recount").status_code == 303
    assert "are counted on this version" in lead.get(AT).text
    assert "counted again" in lead.get(f"/cases/{number}").text


def test_a_day_may_have_hours_of_its_own_and_be_as_any_other_again(town: Town) -> None:
    designer = town.browser("dong_lei")
    half = {**OFF, "last": "", "hours": "own", "own": "09:00-12:00"}
    assert "Days that change: 1." in designer.post(f"{AT}/days", what="try", **half).text
    back = {"first": "2026-12-31", "last": "", "hours": "as_others", "own": "", "title": ""}
    assert "Days that change: 1." in designer.post(f"{AT}/days", what="try", **back).text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"first": ""}, "Give a day at least"),
        ({"first": "5 March"}, "is no day"),
        ({"last": "2026-03-01"}, "the first day comes first"),
        ({"last": "2027-03-01"}, "the first day comes first"),
        ({"title": ""}, "say what it is"),
        ({"hours": "own", "own": "9-12"}, "That cannot be"),
        ({"hours": "own", "own": ""}, "write the hours"),
        ({"hours": "as_others", "title": ""}, "That cannot be"),
        ({"title": "x" * 101}, "too long"),
        ({"ical": "no calendar"}, "no iCalendar file"),
    ],
)
def test_what_cannot_be_is_told(town: Town, change: dict[str, str], told: str) -> None:
    answer = town.browser("dong_lei").post(f"{AT}/days", what="try", **{**OFF, **change})
    assert answer.status_code == 422 and told in answer.text


def test_an_unknown_calendar_is_none(town: Town) -> None:
    assert town.browser("dong_lei").post("/admin/calendars/nowhere/2026/days", **OFF).status_code == 404
    assert town.browser("lin_xiaoyan").post("/admin/calendars/nowhere/2026/recount").status_code == 404
