"""The draw of a quality sample: by strata and by lot, so that nobody chooses and anybody can draw it again."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tasks.quality import MOST, Ended, month_before, month_number, month_over, quality_functions
from tasks.registry import BusinessError, Job, Registry


class Cases:
    """A month in which claims and complaints ended: every tenth was late, every fifth refused."""

    def __init__(self, count: int = 100, restricted: frozenset[str] = frozenset()) -> None:
        self.count, self.restricted = count, restricted
        self.asked: list[tuple[str, date, date]] = []

    def ended(self, process: str, first: date, after: date) -> Iterator[Ended]:
        self.asked.append((process, first, after))
        for i in range(self.count):
            id = f"{process}{i}"
            yield Ended(id, f"N-{id}", process, "paid" if i % 5 else "refused", i % 10 == 1)

    def people(self, case: str) -> list[str] | None:
        return None if case in self.restricted else [f"user_{case[-1]}"]


def stratum(process: str = "claims", percent: int = 10, least: int = 0, most: int = 99, **more: Any) -> dict[str, Any]:
    return {"process": process, "percent": percent, "least": least, "most": most, "second": 0, **more}


def draw(plan: list[dict[str, Any]], cases: Cases | None = None, seed: str = "a", month: str = "2026-02") -> Any:
    job = Job(seed, "ZJ-2026-001", "draw", {"month": month, "plan": plan}, "k", 1)
    return quality_functions(cases or Cases(), Registry()).workers["draw_sample"].serve(job)


def numbers(sample: Any) -> list[str]:
    return [case["number"] for case in sample["cases"]]


def test_each_case_belongs_to_the_first_stratum_that_fits() -> None:
    plan = [stratum(end="refused", percent=100), stratum(breached=True, percent=50), stratum(percent=0, least=3)]
    found = draw(plan)
    assert [(one["ended"], one["drawn"]) for one in found["strata"]] == [(20, 20), (10, 5), (70, 3)]
    assert found["count"] == 28 == len(set(numbers(found)))
    assert {case["end"] for case in found["cases"][:20]} == {"refused"}
    assert all(case["breached"] for case in found["cases"][20:25])
    assert not any(case["breached"] or case["end"] == "refused" for case in found["cases"][25:])


def test_the_seed_alone_decides_who_is_drawn() -> None:
    plan = [stratum(), stratum("complaint")]
    first = draw(plan)
    assert first["seed"] == "a" and draw(plan) == first
    assert numbers(draw(plan, seed="b")) != numbers(first)
    fewer = draw([stratum(percent=5), stratum("complaint", percent=5)])
    assert numbers(fewer)[:5] == numbers(first)[:5], "a smaller sample is the beginning of a larger one"


def test_shares_are_rounded_up_and_kept_between_least_and_most() -> None:
    sizes = [(1, 0, 9, 1), (1, 4, 9, 4), (90, 0, 9, 9), (0, 0, 9, 0), (0, 150, 150, 100)]
    for percent, least, most, drawn in sizes:
        assert draw([stratum(percent=percent, least=least, most=most)])["count"] == drawn
    assert draw([stratum(percent=100, most=999)], Cases(MOST + 50))["count"] == MOST
    twice = draw([stratum(percent=10, second=25)])["cases"]
    assert [case["second"] for case in twice] == [True] * 3 + [False] * 7


def test_a_restricted_case_is_passed_over() -> None:
    whole = draw([stratum(least=3, percent=0)])
    first = whole["cases"][0]
    other = draw([stratum(least=3, percent=0)], Cases(restricted=frozenset({first["number"][2:]})))
    assert numbers(other)[:2] == numbers(whole)[1:] and first["number"] not in numbers(other)
    assert first["people"] == [f"user_{first['number'][-1]}"]


def test_a_month_is_what_lies_between_its_days() -> None:
    cases = Cases(0)
    assert draw([stratum(), stratum("complaint"), stratum(end="paid")], cases, month="2026-12")["count"] == 0
    first, after = date(2026, 12, 1), date(2027, 1, 1)
    assert cases.asked == [("claims", first, after), ("complaint", first, after)]
    assert month_before(date(2026, 3, 31)) == "2026-02" and month_before(date(2026, 1, 1)) == "2025-12"
    assert month_number("2026-02") == 2
    assert month_over("2026-02", date(2026, 3, 1)) and not month_over("2026-02", date(2026, 2, 28))


@pytest.mark.parametrize("month", ["2026", "2026-13", "soon", ""])
def test_what_is_no_month_is_an_error_of_the_process(month: str) -> None:
    with pytest.raises(BusinessError, match="expected one as 2026-02") as raised:
        draw([stratum()], month=month)
    assert raised.value.code == "no_month"
