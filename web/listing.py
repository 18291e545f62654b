"""Looking through tasks: mine, what my queues offer, what my team has, narrowed and searched, in two orders."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel

from engine.core.model import Human
from engine.runtime.tables import micros
from tasks import listing
from tasks.listing import Filter, Scope
from tasks.queries import MOST
from tasks.search import terms
from web.desk import Desk
from web.lists import SHORT, TaskLine, lines, read_cursor, write_cursor
from web.roles import floor_queues, sees_floor
from workbench.reading import sights

PAGE = 25
EVERY = 5_000
"""More tasks than a search by words looks at for one page."""
Whose = Literal["mine", "queues", "team"]
Order = Literal["", "service", "due"]


class TaskList(BaseModel):
    """A page of tasks. `count`: how many there are, counted no further than 1000 and with filters from this page on;
    `more`: there may be more."""

    tasks: list[TaskLine]
    next: str | None
    count: int
    more: bool

    @property
    def text(self) -> str:
        return f"{self.count}+" if self.more else str(self.count)


def listed(
    desk: Desk, whose: Whose = "mine", *, queue: str = "", process: str = "", step: str = "", overdue: bool = False,
    soon: bool = False, priority: int = 0, words: str = "", order: Order = "", after: str = "", limit: int = PAGE,
) -> TaskList:  # fmt: skip
    """The tasks of a scope that pass the filters. Raises Problem for a place that is none.

    soon: late, or near its deadline. priority: at least this. order: of service, or by deadline; "" is that of
    service, and of a team by deadline, which is its only one.
    """
    wanted, scope = terms(words), scope_of(desk, whose, queue)
    if words.strip() and not wanted:
        return TaskList(tasks=[], next=None, count=0, more=False)
    before = micros(desk.now + (SHORT if soon else timedelta())) if overdue or soon else 0
    only = Filter(process, step, before, tuple(wanted), priority)
    by: Literal["service", "due"] = "due" if order == "due" or not scope.free else "service"
    most = EVERY if wanted else limit
    found = listing.page(desk.caseway.connection, scope, by, only, read_cursor(after), most)
    if not wanted:
        next = write_cursor(found.next) if found.next else None
        return TaskList(tasks=lines(desk, found.tasks), next=next, count=found.found, more=found.more)
    # What is masked is not found by its words, nor told by where a page ends (see `web.search`).
    seen = sights(desk.caseway, desk.user, list({row.case for row in found.tasks}), desk.now)
    rows = [row for row in found.tasks if row.case in seen and seen[row.case].reads("internal")]
    place = rows[limit - 1].after if len(rows) > limit else found.next
    return TaskList(
        tasks=lines(desk, rows[:limit]), next=write_cursor(place) if place else None, count=min(len(rows), MOST),
        more=found.next is not None or len(rows) > MOST,
    )  # fmt: skip


def scope_of(desk: Desk, whose: Whose, queue: str = "") -> Scope:
    """Whose tasks; `queue` narrows to one of the queues that there are for the user. A team's are the open tasks of
    the queues that a supervisor looks after, whoever has them; everybody else has none."""
    serving = desk.caseway.directory.serving(desk.user)
    if whose == "mine":
        absent = tuple((user, tuple(sorted(away.processes))) for user, away in desk.stands_for.items())
        return Scope(people=(desk.user,), absent=absent)
    if whose == "queues":
        return Scope(queues=tuple(one for one in serving if queue in ("", one)))
    if not sees_floor(desk):
        return Scope(free=False)
    queues = tuple(sorted(one for one in floor_queues(desk) if queue in ("", one)))
    return Scope(queues=queues, free=False)


def steps(desk: Desk, process: str) -> list[tuple[str, str]]:
    """The people's steps of a process, to choose from."""
    found = desk.caseway.definitions.process(process) if process else None
    nodes = found.nodes.values() if found is not None else ()
    return [(node.id, desk.step(process, node.id)) for node in nodes if isinstance(node.spec, Human)]
