"""What somebody is to a case: the parties that `organisation.reading` holds its table against."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from organisation.directory import Directory
from organisation.reading import (
    ABOVE,
    HOLDER,
    MANAGER,
    NAMED,
    OWNER,
    QUEUE,
    STAFF,
    STARTER,
    WORKED,
)
from tasks.state import Task, WorkState


def parties(people: Directory, user: str, state: Any, now: datetime, stood_in: Collection[str] = ()) -> frozenset[str]:
    """What the user is to the case in that state; nothing for who is not in service.

    stood_in: the queues in which the case has had tasks that are closed, which its state no longer knows.
    """
    today = people.today(now)
    if not people.active(user, today):
        return frozenset()
    found = {STAFF, *(f"role.{role}" for role in people.roles(user))}
    found.update(f"queue.{queue}" for queue in people.serving(user))
    work: WorkState = state.work
    open_in = {task.queue for task in work.tasks.values() if task.queue}
    if user == state.flow.starter:
        found.add(STARTER)
    if work.owner and user == work.owner:
        found.add(OWNER)
    if any(_holds(people, task, user, today, state.flow.process) for task in work.tasks.values()):
        found.add(HOLDER)
    if any(user in users for users in work.done_by.values()):
        found.add(WORKED)
    if any(people.serves(user, queue) or people.manages(user, queue) for queue in {*open_in, *stood_in}):
        found.add(QUEUE)
    if any(people.manages(user, queue) for queue in open_in):
        found.add(MANAGER)
    if any(people.above(user, other) for other in _answering(work)):
        found.add(ABOVE)
    if not found.isdisjoint(work.readers) or f"user.{user}" in work.readers:
        found.add(NAMED)
    return frozenset(found)


def _holds(people: Directory, task: Task, user: str, today: Any, process: str) -> bool:
    """Whether the task is the user's to work on, or that of somebody away for whom the user stands in."""
    theirs = [one for one in (task.holder, task.assignee, task.reviewer, task.delegator) if one]
    return user in theirs or any(people.stand_in(one, today, process) == user for one in theirs)


def _answering(work: WorkState) -> Iterator[str]:
    """Who answers for the case and its open tasks."""
    tasks: Iterable[Task] = work.tasks.values()
    yield from dict.fromkeys(one for one in (work.owner, *(t.holder or t.assignee for t in tasks)) if one)
