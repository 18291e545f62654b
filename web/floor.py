"""The supervisor's floor: how much waits where, what is late and what soon will be, and who has what in hand.

The figures are counted for all supervisors together (`web.rollup`); what one of them sees is cut out of them by
the queues and people that they look after. Every page says of when it is.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from engine.runtime.tables import moment
from tasks.queries import Listed
from tasks.tables import NO_DEADLINE
from web.breaches import Pressed, pressed, supervises
from web.desk import Desk
from web.likely import foreseen
from web.lists import TaskLine, lines
from web.problems import Problem
from web.roles import floor_people, floor_queues
from web.rollup import SHOWN, Rollup

_COLUMNS = "case_id, id, process, number, step, queue, assignee, holder, status, priority, due, opened_at, claimed_at"
_THEIRS = "(holder = ? OR (holder = '' AND assignee = ?))"
"""What somebody has in hand, and what is meant for them."""


class Load(BaseModel):
    """What waits in a queue, or lies with a person."""

    name: str
    title: str
    open: int
    waiting: int
    late: int
    soon: int
    oldest: datetime | None
    people: int = 0
    away: str = ""  # until which day a person is away, for at least some processes
    substitute: str = ""  # who stands in, by name
    gone: bool = False  # a person who is not in service, and whose work still lies there


class Floor(BaseModel):
    """The floor as one supervisor sees it, as it was at `at`."""

    at: datetime
    queues: list[Load]
    people: list[Load]
    late: int  # clocks past their deadline and still open; 1001 means more than 1000
    unacknowledged: int  # of which nobody has said why; 1001 means more than 1000
    incidents: int  # steps that failed and wait for a person, of all cases; 1001 means more than 1000
    breaches: list[Pressed]  # the first of them
    at_risk: list[Pressed]
    likely: list[Pressed]  # of all that are not late the likeliest to be breached, then those of unknown chance

    @property
    def totals(self) -> dict[str, int]:
        return {
            "open": sum(load.open for load in self.queues),
            "waiting": sum(load.waiting for load in self.queues),
            "late": sum(load.late for load in self.queues),
            "soon": sum(load.soon for load in self.queues),
        }


def floor(desk: Desk, rollup: Rollup) -> Floor:
    """The floor of the supervisor. Raises Problem for somebody who is none."""
    supervises(desk)
    figures, directory = rollup.figures(desk.caseway, desk.now), desk.caseway.directory
    queues, people = floor_queues(desk), floor_people(desk)
    pressing = rollup.pressing(desk.caseway, desk.now, queues)
    return Floor(
        at=min(figures.at, pressing.at),
        queues=[
            _load(name, desk.queue(name), figures.queues.get(name), len(directory.members(name)))
            for name in sorted(queues, key=desk.queue)
        ],
        people=[
            _person(desk, name, figures.people.get(name))
            for name in sorted(people, key=lambda name: (-figures.people.get(name, (0,))[0], desk.person(name)))
            if name in figures.people or directory.active(name, directory.today(desk.now))
        ],
        late=pressing.late,
        unacknowledged=pressing.unexplained,
        incidents=figures.incidents,
        breaches=[pressed(desk, row) for row in pressing.breaches],
        at_risk=[foreseen(desk, row, pressing.chances) for row in pressing.at_risk],
        likely=[foreseen(desk, row, pressing.chances) for row in pressing.likely],
    )


def _load(name: str, title: str, row: tuple[Any, ...] | None, people: int = 0) -> Load:
    count, waiting, late, soon, oldest = row or (0, 0, 0, 0, None)
    return Load(
        name=name, title=title, open=count, waiting=waiting or 0, late=late or 0, soon=soon or 0,
        oldest=moment(oldest) if oldest is not None else None, people=people,
    )  # fmt: skip


def _person(desk: Desk, name: str, row: tuple[Any, ...] | None) -> Load:
    """What lies with a person, and whether they are there to do it."""
    directory, load = desk.caseway.directory, _load(name, desk.person(name), row)
    today, user = directory.today(desk.now), directory.users.get(name)
    away = [one for one in user.absences if one.start <= today <= one.end] if user else []
    load.gone = not directory.active(name, today)
    if away:
        load.away = max(one.end for one in away).isoformat()
        load.substitute = ", ".join(dict.fromkeys(desk.person(one.substitute) for one in away if one.substitute))
    return load


class Tasks(BaseModel):
    """A page of open tasks of a queue or a person, the earliest due first."""

    tasks: list[TaskLine]
    next: str | None


def tasks(desk: Desk, *, queue: str = "", person: str = "", after: str = "", limit: int = SHOWN) -> Tasks:
    """Drill down: the open tasks of one queue or one person. Raises Problem for one that is not theirs."""
    supervises(desk)
    if (queue and queue not in floor_queues(desk)) or (person and person not in floor_people(desk)):
        raise Problem(403, "floor", desk.say("floor.not_you"))
    if not queue and not person:
        raise Problem(404, "unknown")
    whose, value = ("queue = ?", [queue]) if queue else (_THEIRS, [person, person])
    where, given = "", list[Any]()
    if after:
        where, given = " AND (due, case_id, id) > (?, ?, ?)", list(_place(after))
    sql = f"SELECT {_COLUMNS} FROM tasks WHERE closed_at IS NULL AND {whose}{where} ORDER BY due, case_id, id LIMIT ?"
    rows = desk.caseway.connection.all(sql, (*value, *given, limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    listed = [Listed._make([*row[:10], None if row[10] == NO_DEADLINE else row[10], *row[11:]]) for row in rows[:limit]]
    return Tasks(tasks=lines(desk, listed), next=f"{last[10]}.{last[0]}.{last[1]}" if last else None)


def _place(text: str) -> tuple[int, str, int]:
    due, _, rest = text.partition(".")
    case, _, task = rest.partition(".")
    if not (due.isdecimal() and task.isdecimal() and len(due) < 18 and len(task) < 18):
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(due), case, int(task)
