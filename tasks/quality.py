"""The draw of ended cases whose quality is looked at: which, by strata that the business writes in a table.

Theory of operation. Each case belongs to the first stratum that fits it. Which are drawn of a stratum goes by a rank:
the hash of the seed and the case's id. The seed is the id of the case that draws, which is made when the month is over:
before, nobody can know what will be drawn; afterwards, whoever has it draws the same again; and nobody chooses.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple, Protocol, TypedDict

from tasks.registry import BusinessError, Job, Registry

MOST = 200
"""Cases of one round: each is a task for a person, and tied to the case of the round."""
MONTH = "%Y-%m"


class Ended(NamedTuple):
    """A case that has ended, as the draw sees it."""

    id: str
    number: str
    process: str
    end: str
    breached: bool


class EndedCases(Protocol):
    def ended(self, process: str, first: date, after: date) -> Iterator[Ended]:
        """The cases of a process that ended from the first day until before the other, but not what was cancelled or is
        destroyed."""

    def people(self, case: str) -> list[str] | None:
        """Who had a part in a case or in one that it called; None if it is restricted to a few readers."""


class NoneEnded:
    """Where there is no installation: nothing has ended."""

    def ended(self, process: str, first: date, after: date) -> Iterator[Ended]:
        return iter(())

    def people(self, case: str) -> list[str] | None:
        return None


class Stratum(TypedDict):
    """A row of the plan: of the cases of a process, with one end or any, that missed a limit or not (or either), so
    many in a hundred, but no fewer than `least` and no more than `most`. Of those drawn `second` in a hundred are
    scored by a second person."""

    process: str
    end: str | None
    breached: bool | None
    percent: int
    least: int
    most: int
    second: int


class Drawn(TypedDict):
    number: str
    process: str
    end: str
    breached: bool
    people: list[str]
    second: bool


class Counted(TypedDict):
    """What a stratum came to: how many had ended, and how many of them were drawn."""

    process: str
    end: str | None
    breached: bool | None
    ended: int
    drawn: int


class Sample(TypedDict):
    cases: list[Drawn]
    strata: list[Counted]
    count: int
    seed: str


def month_before(day: date) -> str:
    """The month before that of the day, as 2026-02."""
    return (day.replace(day=1) - timedelta(days=1)).strftime(MONTH)


def month_number(month: str) -> int:
    """Which month of its year a month is: 2 of 2026-02. Raises ValueError."""
    return days_of(month)[0].month


def month_over(month: str, day: date) -> bool:
    """Whether a month is over on that day. Raises ValueError."""
    return days_of(month)[1] <= day


def days_of(month: str) -> tuple[date, date]:
    """The first day of a month written as 2026-02, and the first after it. Raises ValueError."""
    year, _, number = month.partition("-")
    first = date(int(year), int(number), 1)
    return first, (first + timedelta(days=31)).replace(day=1)


def draw(found: Iterable[Ended], cases: EndedCases, plan: list[Stratum], seed: str) -> Sample:
    """The cases that are looked at, and what each stratum came to."""
    groups: list[list[Ended]] = [[] for _ in plan]
    for case in found:
        place = next((place for place, stratum in enumerate(plan) if _fits(case, stratum)), None)
        if place is not None:
            groups[place].append(case)
    drawn: list[Drawn] = []
    strata: list[Counted] = []
    for stratum, group in zip(plan, groups, strict=True):
        chosen = _chosen(group, cases, min(_size(stratum, len(group)), MOST - len(drawn)), seed)
        twice = _share(len(chosen), stratum["second"])
        drawn += [
            {"number": case.number, "process": case.process, "end": case.end, "breached": case.breached,
             "people": people, "second": place < twice}
            for place, (case, people) in enumerate(chosen)
        ]  # fmt: skip
        strata.append(
            {"process": stratum["process"], "end": stratum.get("end"), "breached": stratum.get("breached"),
             "ended": len(group), "drawn": len(chosen)}
        )  # fmt: skip
    return {"cases": drawn, "strata": strata, "count": len(drawn), "seed": seed}


def _fits(case: Ended, stratum: Stratum) -> bool:
    end, breached = stratum.get("end"), stratum.get("breached")
    return case.process == stratum["process"] and end in (None, case.end) and breached in (None, case.breached)


def _size(stratum: Stratum, ended: int) -> int:
    return max(min(max(_share(ended, stratum["percent"]), stratum["least"]), stratum["most"]), 0)


def _share(count: int, percent: int) -> int:
    """So many in a hundred, rounded up."""
    return -(-count * percent // 100)


def _chosen(group: list[Ended], cases: EndedCases, size: int, seed: str) -> list[tuple[Ended, list[str]]]:
    """The first by rank, passing over what only few may read: the list of the round is read by more."""
    chosen: list[tuple[Ended, list[str]]] = []
    for case in sorted(group, key=lambda case: sha256(f"{seed}|{case.id}".encode()).digest()):
        if len(chosen) >= size:
            break
        people = cases.people(case.id)
        if people is not None:
            chosen.append((case, people))
    return chosen


def quality_functions(cases: EndedCases, registry: Registry) -> Registry:
    """Adds the functions of looking at quality, on those cases, to a registry."""
    for function in (month_before, month_number, month_over):
        registry.pure()(function)

    @registry.worker()
    def draw_sample(job: Job, month: str, plan: list[Stratum]) -> Sample:
        """Draws ended cases of a month by the plan; the seed is the id of the case that asks."""
        try:
            first, after = days_of(month)
        except ValueError:
            raise BusinessError("no_month", f"{month} is no month: expected one as 2026-02") from None
        names = dict.fromkeys(stratum["process"] for stratum in plan)
        found = (case for name in names for case in cases.ended(name, first, after))
        return draw(found, cases, plan, job.case)

    return registry
