"""What is late on the floor, and a supervisor's word why."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from engine.core.model import Text
from engine.runtime.answers import Accepted
from engine.runtime.tables import micros
from sla import reports
from sla.events import AcknowledgeBreach
from sla.keywords import HouseClocks
from sla.model import PART
from web.commands import submit
from web.desk import Desk
from web.lists import Heat, clock_title, heat
from web.opened import Opened
from web.problems import Problem, refused
from web.roles import floor_queues, sees_floor
from web.rollup import SHOWN, Rollup
from workbench import late


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
    closed_at: datetime | None  # when it closed late
    run: int
    reason: str  # why it is late, as somebody has acknowledged: a code of the house's; "": nobody has yet
    reason_title: str
    acknowledged_by: str
    acknowledged_by_name: str
    acknowledged_at: datetime | None
    paused: bool = False  # in time, and held: its deadline is the one before the pause
    chance: Decimal | None = None  # that it is breached, from 0 to 1; None: too little is known, or it is late
    chance_why: str = ""  # why there is none: a code
    chance_says: str = ""  # the same in words
    chance_at: datetime | None = None  # when it was told


def pressed(desk: Desk, row: reports.Listed) -> Pressed:
    return Pressed(
        number=row.number, process=row.process, clock=row.clock, title=clock_title(desk, row.process, row.clock),
        clauses=list(row.clauses), origin=row.origin, limit=row.limit, deadline=row.deadline,
        heat=heat(desk.now, row.deadline, row.since), closed_at=row.closed_at, run=row.run, reason=row.reason,
        reason_title=desk.told(reasons(desk).get(row.reason), row.reason),
        acknowledged_by=row.acknowledged_by,
        acknowledged_by_name=desk.person(row.acknowledged_by) if row.acknowledged_by else "",
        acknowledged_at=row.acknowledged_at,
    )  # fmt: skip


class Breaches(BaseModel):
    """A page of clocks that are late, or were."""

    breaches: list[Pressed]
    next: str | None


Which = Literal["open", "closed"]
"""Late and still open; or closed late, with nobody having said why."""


def reasons(desk: Desk) -> Mapping[str, Text]:
    """Why a limit may have been missed: the house's reasons by code, with their titles."""
    found = desk.house.parts.get(PART)
    return found.breaches.reasons if isinstance(found, HouseClocks) else {}


def breaches(desk: Desk, which: Which = "open", after: str = "", limit: int = SHOWN) -> Breaches:
    """A page of what is late on the caller's floor, the law's first, then the longest late; or of what has closed
    late and unexplained, the latest first. Raises Problem."""
    supervises(desk)
    connection, queues = desk.caseway.connection, floor_queues(desk)
    if which == "open":
        rows = late.late(connection, desk.now, queues, after=_place(after) if after else None, limit=limit + 1)
    else:
        begin = _place(after)[1:] if after else None
        rows = late.unexplained(connection, desk.now, queues, after=begin, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    place = late.place(last) if last is not None else None
    if place is not None and last is not None and last.closed_at is not None:
        place = (place[0], micros(last.closed_at), *place[2:])
    return Breaches(
        breaches=[pressed(desk, row) for row in rows[:limit]],
        next=".".join(map(str, place)) if place else None,
    )


def acknowledge(
    desk: Desk, rollup: Rollup, number: str, clock: str, run: int, reason: str, note: str, **how: Any
) -> Accepted:
    """Says why a clock of the caller's floor is late. Raises Problem."""
    supervises(desk)
    opened = Opened(desk, number)
    if not late.in_charge(desk.caseway.connection, desk.caseway.directory, desk.user, opened.case):
        raise Problem(403, "floor", desk.say("floor.not_you"))
    answer = submit(desk, opened.case, AcknowledgeBreach(clock, reason, note, run), **how)
    if not isinstance(answer, Accepted):
        raise refused(desk, answer, opened.process)
    rollup.forget()
    return answer


def _place(text: str) -> late.Place:
    parts = text.split(".")
    if len(parts) != 4 or not all(parts[index].isdecimal() and len(parts[index]) < 18 for index in (0, 1, 3)):
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(parts[0]), int(parts[1]), parts[2], int(parts[3])


def supervises(desk: Desk) -> None:
    """Raises Problem for somebody who sees no floor."""
    if not sees_floor(desk):
        raise Problem(403, "floor", desk.say("floor.not_you"))
