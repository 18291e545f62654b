"""What is late on the floor, and a supervisor's word why."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from engine.core.model import Text
from engine.runtime.answers import Accepted
from engine.runtime.tables import micros
from sla import reports
from sla.events import AcknowledgeBreach
from sla.keywords import HouseClocks
from sla.model import ORIGINS, PART
from web.commands import submit
from web.desk import Desk
from web.lists import Heat, clock_title, heat
from web.opened import Opened
from web.problems import Problem, refused
from web.roles import floor_queues, sees_floor
from web.rollup import Figures, Rollup

SHOWN = 25
"""Late and endangered clocks on a page."""


class Pressed(BaseModel):
    """A clock that is late or soon will be."""

    number: str
    process: str
    clock: str
    title: str
    clauses: list[str]
    origin: str
    limit: str
    deadline: datetime
    heat: Heat
    run: int
    reason: str  # why it is late, as somebody has acknowledged: a code of the house's; "": nobody has yet
    reason_title: str
    acknowledged_by: str
    acknowledged_by_name: str
    acknowledged_at: datetime | None


def pressed(desk: Desk, row: reports.Listed) -> Pressed:
    return Pressed(
        number=row.number, process=row.process, clock=row.clock, title=clock_title(desk, row.process, row.clock),
        clauses=list(row.clauses), origin=row.origin, limit=row.limit, deadline=row.deadline,
        heat=heat(desk.now, row.deadline, row.since), run=row.run, reason=row.reason,
        reason_title=desk.told(reasons(desk).get(row.reason), row.reason),
        acknowledged_by=row.acknowledged_by,
        acknowledged_by_name=desk.person(row.acknowledged_by) if row.acknowledged_by else "",
        acknowledged_at=row.acknowledged_at,
    )  # fmt: skip


class Breaches(BaseModel):
    """Clocks that are late and still open, the law's first, then the longest late."""

    breaches: list[Pressed]
    next: str | None


def reasons(desk: Desk) -> Mapping[str, Text]:
    """Why a limit may have been missed: the house's reasons by code, with their titles."""
    found = desk.house.parts.get(PART)
    return found.breaches.reasons if isinstance(found, HouseClocks) else {}


def breaches(desk: Desk, rollup: Rollup, after: str = "", limit: int = SHOWN) -> Breaches:
    """A page of what is late on the caller's floor, as it was when it was counted."""
    supervises(desk)
    rows = late(desk, rollup.figures(desk.caseway, desk.now))
    if after:
        place = _place(after)
        rows = [row for row in rows if _order(row) > place]
    more = len(rows) > limit
    return Breaches(
        breaches=[pressed(desk, row) for row in rows[:limit]],
        next=".".join(map(str, _order(rows[limit - 1]))) if more else None,
    )


def acknowledge(
    desk: Desk, rollup: Rollup, number: str, clock: str, run: int, reason: str, note: str, **how: Any
) -> Accepted:
    """Says why a clock of the caller's floor is late. Raises Problem."""
    supervises(desk)
    opened = Opened(desk, number)
    standing = {task.queue for task in opened.state.work.tasks.values() if task.queue}
    if standing and standing.isdisjoint(floor_queues(desk)):
        raise Problem(403, "floor", desk.say("floor.not_you"))
    answer = submit(desk, opened.case, AcknowledgeBreach(clock, reason, note, run), **how)
    if not isinstance(answer, Accepted):
        raise refused(desk, answer, opened.process)
    rollup.forget()
    return answer


def late(desk: Desk, figures: Figures) -> list[reports.Listed]:
    """The late clocks of the caller's floor, the law's first, then the longest late."""
    queues = floor_queues(desk)
    return sorted((row for row in figures.breaches if mine(figures, queues, row)), key=_order)


def mine(figures: Figures, queues: Collection[str], row: reports.Listed) -> bool:
    """Clocks of cases that stand in none of somebody's queues (they wait outside) are everybody's."""
    standing = figures.standing.get(row.case)
    return not standing or not standing.isdisjoint(queues)


def _order(row: reports.Listed) -> tuple[int, int, str, int]:
    return (ORIGINS.index(row.origin), micros(row.deadline), row.case, row.id)


def _place(text: str) -> tuple[int, int, str, int]:
    parts = text.split(".")
    if len(parts) != 4 or not all(parts[index].isdecimal() and len(parts[index]) < 18 for index in (0, 1, 3)):
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(parts[0]), int(parts[1]), parts[2], int(parts[3])


def supervises(desk: Desk) -> None:
    """Raises Problem for somebody who sees no floor."""
    if not sees_floor(desk):
        raise Problem(403, "floor", desk.say("floor.not_you"))
