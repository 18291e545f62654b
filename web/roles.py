"""What a role opens on the pages: who sees the floor and how much of it, who may act on a whole case.

What may be done with a task is `tasks.rules`'; this is about pages, and about commands on a case as a whole.
"""

from typing import Any

from web.desk import Desk

EVERYTHING = frozenset({"director", "admin", "compliance"})
"""Roles that see all queues and may act on any case."""
LEADS = frozenset({"supervisor", "manager"}) | EVERYTHING


def floor_queues(desk: Desk) -> frozenset[str]:
    """The queues that the user looks after: those they manage, and those that people below them serve."""
    directory = desk.caseway.directory
    if desk.roles & EVERYTHING:
        return frozenset(directory.queues)
    managed = {queue for queue in directory.queues if directory.manages(desk.user, queue)}
    below = {
        queue for other in directory.users if directory.above(desk.user, other) for queue in directory.serving(other)
    }
    return frozenset(managed | below)


def floor_people(desk: Desk) -> frozenset[str]:
    """The people whose work the user looks after: everybody who serves one of those queues, or stands below."""
    directory = desk.caseway.directory
    found = {other for other in directory.users if directory.above(desk.user, other)}
    for queue in floor_queues(desk):
        found |= directory.members(queue)
    return frozenset(found)


def sees_floor(desk: Desk) -> bool:
    return bool(desk.roles & LEADS) and bool(floor_queues(desk))


def may_steer(desk: Desk, state: Any) -> bool:
    """Whether the user may suspend, resume or cancel the case, or hand it to another owner: its owner, somebody
    above the owner, whoever manages a queue in which it stands, or a role that may act on any case."""
    directory, owner = desk.caseway.directory, state.work.owner
    if desk.roles & EVERYTHING or (owner and (owner == desk.user or directory.above(desk.user, owner))):
        return True
    return any(directory.manages(desk.user, task.queue) for task in state.work.tasks.values() if task.queue)
