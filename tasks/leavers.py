"""Leavers: what somebody who is no longer in service had in hand goes on at once.

A task with a queue goes back to it, with its draft; one without goes to the nearest above who is there. Cases that
they own go to the nearest above too. Each move is a command of Caseway's own, in the history of its case.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.core.commands import Command
from engine.runtime.answers import Accepted, Answer
from engine.runtime.database import Connection
from organisation.directory import Directory
from tasks.commands import ReleaseTask, SetOwner, TransferTask, WithdrawReview
from tasks.lifecycle import OPEN, REVIEW
from tasks.queries import Listed, my_work
from tasks.tables import GIVEN, HELD

REASON = "no longer in service"
PAGE = 200

WITH_WORK = f"SELECT DISTINCT holder FROM tasks WHERE {HELD} UNION SELECT DISTINCT assignee FROM tasks WHERE {GIVEN}"
OWNED = "SELECT id FROM cases WHERE owner = ? AND status <> 'ended' AND id > ? ORDER BY id LIMIT ?"


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing that was to move: a task (or 0, the case itself), where to, and what came of it."""

    case: str
    task: int
    to: str
    answer: Answer

    @property
    def done(self) -> bool:
        return isinstance(self.answer, Accepted)


def leavers(connection: Connection, directory: Directory, now: datetime) -> list[str]:
    """Everybody who has tasks and is not in service."""
    today = directory.today(now)
    found = (row[0] for row in connection.all(WITH_WORK))
    return sorted(user for user in found if user and not directory.active(user, today))


def hand_over(
    connection: Connection,
    directory: Directory,
    now: datetime,
    user: str,
    ask: Callable[[str, Command], Answer],
    reason: str = REASON,
) -> list[Moved]:
    """Moves all that a user holds, is meant to do, was asked, or owns; an answer for each.

    `ask` submits a command for a case as Caseway itself.
    """
    above = _above(directory, now, user)
    moved = [_move(listed, user, above, ask, reason) for listed in _tasks(connection, user)]
    for case in _cases(connection, user):
        if above:
            moved.append(Moved(case, 0, above, ask(case, SetOwner(above, reason))))
    return moved


def _move(listed: Listed, user: str, above: str, ask: Callable[[str, Command], Answer], reason: str) -> Moved:
    if listed.status == REVIEW and listed.holder != user:
        return Moved(listed.case, listed.task, listed.holder, ask(listed.case, WithdrawReview(listed.task)))
    if not listed.queue:
        return Moved(
            listed.case, listed.task, above, ask(listed.case, TransferTask(listed.task, user=above, reason=reason))
        )
    command: Command = ReleaseTask(listed.task, reason)
    if listed.status == OPEN or not listed.holder:
        command = TransferTask(listed.task, queue=listed.queue, reason=reason)
    return Moved(listed.case, listed.task, listed.queue, ask(listed.case, command))


def _above(directory: Directory, now: datetime, user: str) -> str:
    today = directory.today(now)
    return next((one for one in directory.line(user) if directory.there(one, today)), "")


def _tasks(connection: Connection, user: str) -> Iterator[Listed]:
    """Read to the end before anything moves: the list would shift under the hand."""
    found: list[Listed] = []
    while page := my_work(connection, user, found[-1].after if found else None, PAGE):
        found += page
    yield from found


def _cases(connection: Connection, user: str) -> Iterator[str]:
    found: list[str] = []
    while rows := connection.all(OWNED, (user, found[-1] if found else "", PAGE)):
        found += [row[0] for row in rows]
    yield from found
