"""Lists of tasks as people read them: titles for names, how the deadline stands and which clock sets it."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel

from engine.core.model import Process
from engine.runtime.database import Connection
from engine.runtime.errors import StoreError
from engine.runtime.tables import moment
from sla.model import clock_of
from tasks import queries
from tasks.lifecycle import PARKED
from tasks.queries import After, Listed
from web.desk import Desk
from web.problems import Problem
from workbench.reading import sights
from workbench.story import MASK

PAGE = 25
"""Tasks on a page."""
SHARE, SHORT = 5, timedelta(hours=4)
"""A deadline is near when less than this part of its time is left, or less than this."""

Heat = Literal["fine", "soon", "late"]


class Due(BaseModel):
    """A deadline, how it stands, and the clock that sets it."""

    at: datetime
    heat: Heat
    clock: str = ""
    clock_title: str = ""
    origin: str = ""
    clauses: list[str] = []
    limit: str = ""
    since: datetime | None = None
    provisional: bool = False


class TaskLine(BaseModel):
    """A task in a list."""

    case: str
    number: str
    task: int
    process: str
    process_title: str
    step: str
    title: str
    queue: str
    queue_title: str
    holder: str
    holder_name: str
    assignee: str
    assignee_name: str
    status: str
    priority: int
    opened_at: datetime
    due: Due | None
    subject: str  # what the case is about: customer, policy
    back: datetime | None = None  # when it comes back, where it is laid aside
    behalf_name: str = ""  # who is away and has it, where the user stands in for them; until the day
    behalf_until: str = ""
    votes: bool = False  # it is decided by votes, and nobody claims it

    @property
    def href(self) -> str:
        return f"/tasks/{self.number}/{self.task}"


class QueueCount(BaseModel):
    """How much a queue offers, counted no further than 1000."""

    queue: str
    title: str
    offered: int

    @property
    def text(self) -> str:
        return f"{self.offered}+" if self.offered >= queries.MOST else str(self.offered)


class Inbox(BaseModel):
    """A user's work: what they hold or is meant for them, and what those have who are away and for whom they stand in;
    what they have laid aside, the first to come back first; and a page of what their queues offer."""

    mine: list[TaskLine]
    parked: list[TaskLine]
    queues: list[QueueCount]
    offered: list[TaskLine]
    next: str | None  # where the next page begins


def inbox(desk: Desk, only: str = "", after: str = "", limit: int = PAGE) -> Inbox:
    """The user's inbox. `only` narrows to one of their queues. Raises Problem for a place that is none."""
    connection = desk.caseway.connection
    serving = desk.caseway.directory.serving(desk.user)
    if only and only not in serving:
        raise Problem(404, "unknown_queue")
    mine = queries.my_work(connection, desk.user) + queries.stood_in(
        connection, [(user, sorted(away.processes)) for user, away in desk.stands_for.items()]
    )
    offered = queries.queues(connection, (only,) if only else serving, read_cursor(after), limit + 1)
    shown = [*mine, *offered[:limit]]
    made = lines(desk, shown)
    own = made[: len(mine)]
    return Inbox(
        mine=[line for line in own if line.status != PARKED],
        parked=sorted((line for line in own if line.status == PARKED), key=lambda line: line.back or line.opened_at),
        queues=[
            QueueCount(queue=name, title=desk.queue(name), offered=queries.count(connection, name)) for name in serving
        ],
        offered=made[len(mine) :],
        next=write_cursor(offered[limit - 1].after) if len(offered) > limit else None,
    )


def lines(desk: Desk, rows: Sequence[Listed]) -> list[TaskLine]:
    """The tasks with their titles and deadlines, a few queries for all of them; what a case is about is masked to whom
    the case is."""
    cases = list(dict.fromkeys(row.case for row in rows))
    subjects, clocks = _subjects(desk.caseway.connection, cases), _clocks(desk.caseway.connection, cases)
    seen = sights(desk.caseway, desk.user, cases, desk.now)
    for case in subjects:
        if case not in seen or not seen[case].reads("internal"):
            subjects[case] = MASK
    back = queries.returns(desk.caseway.connection, rows)
    made = [_line(desk, row, subjects.get(row.case, ""), clocks.get(row.case, ())) for row in rows]
    for line in made:
        due_back, away = back.get((line.case, line.task)), desk.stands_for.get(line.holder or line.assignee)
        line.back = moment(due_back) if line.status == PARKED and due_back is not None else None
        if away is not None:
            line.behalf_name, line.behalf_until = line.holder_name or line.assignee_name, away.end.isoformat()
    return made


def _line(desk: Desk, row: Listed, subject: str, clocks: Iterable[Sequence[Any]]) -> TaskLine:
    return TaskLine(
        case=row.case, number=row.number, task=row.task, process=row.process, process_title=desk.process(row.process),
        step=row.step, title=desk.step(row.process, row.step), queue=row.queue, queue_title=desk.queue(row.queue),
        holder=row.holder, holder_name=desk.person(row.holder) if row.holder else "",
        assignee=row.assignee, assignee_name=desk.person(row.assignee) if row.assignee else "",
        status=row.status, priority=row.priority, opened_at=moment(row.opened_at),
        due=due(desk, row, clocks), subject=subject, votes=desk.votes(row.process, row.step),
    )  # fmt: skip


def due(desk: Desk, row: Listed, clocks: Iterable[Sequence[Any]]) -> Due | None:
    """The deadline of a task: the earliest of the running clocks of its case and its step."""
    if row.due is None:
        return None
    at = moment(row.due)
    for _, clock, token, deadline, clauses, origin, term, since, provisional in clocks:
        if deadline == row.due and token in (0, row.task):
            began = moment(since)
            return Due(
                at=at, heat=heat(desk.now, at, began), clock=clock, clock_title=clock_title(desk, row.process, clock),
                origin=origin, clauses=clauses.split(), limit=term, since=began, provisional=bool(provisional),
            )  # fmt: skip
    return Due(at=at, heat=heat(desk.now, at, None))


def heat(now: datetime, at: datetime, since: datetime | None) -> Heat:
    """late: past; soon: less than a fifth of the time is left, or less than four hours; fine: otherwise."""
    if at < now:
        return "late"
    near = at - now < SHORT or (since is not None and (at - now) * SHARE < at - since)
    return "soon" if near else "fine"


def clock_title(desk: Desk, process: str, clock: str) -> str:
    """What a clock is called; a step's limit is called as the step."""
    try:
        found: Process | None = desk.caseway.definitions.process(process)
        return desk.told(clock_of(found, clock).title, "") or desk.step(process, clock) if found else clock
    except (KeyError, StoreError):
        return clock


def _subjects(connection: Connection, cases: Sequence[str]) -> dict[str, str]:
    """What each case is about, as its process says: never a secret."""
    if not cases:
        return {}
    sql = f"SELECT id, search FROM cases WHERE id IN ({', '.join('?' * len(cases))})"
    return {id: about or "" for id, about in connection.all(sql, cases)}


def _clocks(connection: Connection, cases: Sequence[str]) -> dict[str, list[Sequence[Any]]]:
    if not cases:
        return {}
    sql = (
        "SELECT case_id, clock, token, deadline, clauses, origin, term, since, provisional FROM clocks "
        f"WHERE case_id IN ({', '.join('?' * len(cases))}) AND status = 'running'"
    )
    found: dict[str, list[Sequence[Any]]] = {}
    for row in connection.all(sql, cases):
        found.setdefault(row[0], []).append(row)
    return found


# --- where a page begins ----------------------------------------------------------------------------


def write_cursor(after: After) -> str:
    """A place in a list as a link carries it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(after))).decode().rstrip("=")


Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A number that a place in a list may hold: the database keeps no larger one."""


def read_cursor(text: str) -> After | None:
    """Raises Problem for what is no place."""
    if not text:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return After(*msgspec.json.decode(raw, type=tuple[Whole, Whole, str, Whole]))
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}") from error
