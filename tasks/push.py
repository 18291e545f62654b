"""Pushed work: where the organisation says so of a queue (`assign_by`), its tasks are given to its members.

Theory of operation. A task is opened in its queue; this then looks at what such queues offer, in the order of
service, and gives each task to one member by a `TransferTask` of Caseway's own, so that the case's history says to
whom and by which rule, and four eyes and authority hold as for any transfer: who is refused is passed over. Whoever
is away, or has as much in hand as their capacity, is passed over too. What nobody can take stays on offer.

Round robin goes by allocations: next is who got work from this queue the longest ago, not who began or finished
something. The moments are operational rows (`allocations`); losing one costs a turn, nothing else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from engine.core.commands import Command
from engine.runtime.answers import Accepted, Answer, Failed
from engine.runtime.database import Connection
from engine.runtime.tables import micros
from organisation.directory import Directory, Queue
from tasks.commands import TransferTask
from tasks.queries import Listed, load, queue
from tasks.rules import full

PAGE = 100
"""Tasks of a queue that are looked at in one go."""

ALLOCATED = "SELECT user_id, last_at FROM allocations WHERE queue = ?"
ALLOCATE = (
    "INSERT INTO allocations (queue, user_id, last_at) VALUES (?, ?, ?) "
    "ON CONFLICT (queue, user_id) DO UPDATE SET last_at = excluded.last_at"
)


@dataclass(slots=True)
class Member:
    """What the rules look at, of somebody who may be given work."""

    user: str
    load: int  # in hand, or meant for them
    last: int  # microseconds of the last allocation from this queue; 0 for never
    skills: frozenset[str]
    capacity: int | None

    @property
    def free(self) -> bool:
        return not full(self.load, self.capacity)


class Given(NamedTuple):
    """An allocation; `at` in microseconds, later for each next one, so that turns have an order."""

    listed: Listed
    user: str
    at: int


RULES: Mapping[str, Callable[[Member], tuple[int, int, str]]] = {
    "round_robin": lambda member: (member.last, member.load, member.user),
    "least_loaded": lambda member: (member.load, member.last, member.user),
    "skill": lambda member: (member.load, member.last, member.user),
}
"""Who comes first, by each rule; `skill` asks those who have it."""


def push(
    connection: Connection,
    directory: Directory,
    now: datetime,
    ask: Callable[[str, Command], Answer],
    skill: Callable[[str, int], str] = lambda case, task: "",
    write: Callable[[list[tuple[str, str, int]]], object] | None = None,
) -> list[Given]:
    """Gives out what the queues that push offer; returns what was given to whom.

    `ask` submits a command for a case as Caseway itself. `skill` tells what a task asks for. `write` keeps the
    allocations: (queue, user, microseconds).
    """
    given: list[Given] = []
    for one in sorted(directory.queues.values(), key=lambda queue: queue.id):
        if one.assign_by:
            given += _queue(connection, directory, one, now, ask, skill)
    if given and write is not None:
        write([(one.listed.queue, one.user, one.at) for one in given])
    return given


def keep(connection: Connection, allocations: Iterable[tuple[str, str, int]]) -> None:
    """Keeps the allocations, in the caller's transaction."""
    for row in allocations:
        connection.run(ALLOCATE, row)


def _queue(
    connection: Connection,
    directory: Directory,
    one: Queue,
    now: datetime,
    ask: Callable[[str, Command], Answer],
    skill: Callable[[str, int], str],
) -> list[Given]:
    today = directory.today(now)
    last = dict(connection.all(ALLOCATED, (one.id,)))
    members = []
    for user in sorted(one.members):
        if directory.active(user, today):
            known = directory.users[user]
            members.append(Member(user, load(connection, user), last.get(user, 0), known.skills, known.capacity))
    given: list[Given] = []
    moment = max([micros(now), *(member.last + 1 for member in members)])
    for listed in queue(connection, one.id, limit=PAGE):
        wanted = skill(listed.case, listed.task) if one.assign_by == "skill" else ""
        for member in sorted(members, key=RULES[one.assign_by]):
            able = member.free and (not wanted or wanted in member.skills)
            if not able or not directory.there(member.user, today, listed.process):
                continue
            answer = ask(listed.case, TransferTask(listed.task, user=member.user, reason=one.assign_by))
            if isinstance(answer, Failed):
                break
            if isinstance(answer, Accepted):
                member.load, member.last = member.load + 1, moment
                moment += 1
                given.append(Given(listed, member.user, member.last))
                break
    return given
