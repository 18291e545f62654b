"""The inbox narrowed and sorted, by page and by program; the address carries all of it, and bulk stays in it."""

import re

import pytest

from tests.web.conftest import Town
from tests.web.test_api import Program


def numbers(text: str) -> list[str]:
    part = text[text.index('id="open"') :]
    return list(dict.fromkeys(re.findall(r'name="task" value="(LP-2026-\d+)/', part)))


@pytest.fixture
def claims(town: Town) -> tuple[str, str, str]:
    """One of long ago, one that is urgent, and one of somebody else."""
    late = town.claim(policy_number="PM2026000001", reported_at="2026-02-24T09:30:00+08:00")
    urgent = town.claim(policy_number="PM2026000002")
    other = town.claim(policy_number="PM2026000003", customer_name="孙晓梅")
    boss = town.browser("lin_xiaoyan")
    assert boss.post(f"/tasks/{urgent}/{town.task_of(urgent)}/priority", priority="90", reason="x").status_code == 303
    return late, urgent, other


def test_filters_and_order(town: Town, claims: tuple[str, str, str]) -> None:
    late, urgent, other = claims
    chen, program = town.browser("chen_wei"), Program(town, "chen_wei")
    for asked, expected in {
        "": {late, urgent, other}, "priority=90": {urgent}, "q=孙晓梅": {other}, "q=PM2026000002": {urgent},
        "process=complaint": set(), "process=claims&queue=intake": {late, urgent, other}, "state=late": {late},
        "state=soon&q=孙晓梅": set(), "q=孙晓梅&priority=90": set(),
    }.items():  # fmt: skip
        assert set(numbers(chen.get(f"/?{asked}").text)) == expected, asked
        found = program.get(f"/inbox?{asked}").json()["offered"]
        assert {one["number"] for one in found} == expected, asked
    assert numbers(chen.get("/").text)[0] == urgent and numbers(chen.get("/?order=due").text)[0] == late
    assert chen.get("/?queue=nowhere&q=x").status_code == 404 and chen.get("/?priority=much").status_code == 200


def test_the_address_carries_the_filters_and_bulk_keeps_them(town: Town, claims: tuple[str, str, str]) -> None:
    _, urgent, other = claims
    chen = town.browser("chen_wei", "zh")
    page = chen.get("/?q=孙晓梅&order=due&state=&priority=1").text
    assert 'value="孙晓梅"' in page and 'value="due" selected' in page
    assert "queue=intake&amp;priority=1&amp;q=%E5%AD%99" in page  # the tabs of queues lead on with them
    done = chen.post(
        "/", action="comment", text="a word", task=f"{other}/{town.task_of(other)}", q="孙晓梅", priority="1"
    )
    assert done.status_code == 200 and numbers(done.text) == [other] and urgent not in numbers(done.text)


def test_a_restricted_task_is_not_told_by_where_a_page_of_words_ends(town: Town, claims: tuple[str, str, str]) -> None:
    late, urgent, _ = claims
    for number in (late, urgent):
        assert town.browser("gu_mingyuan").post(f"/cases/{number}/restrict", reason="x").status_code == 303
    found = Program(town, "chen_wei").get("/inbox?q=王小明&limit=1").json()
    assert found["offered"] == [] and found["next"] is None
    assert Program(town, "chen_wei").get("/tasks?whose=queues&q=王小明&limit=1").json()["count"] == 0
