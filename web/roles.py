"""What a role opens on the pages: who sees the floor and how much of it, who may act on a whole case.

What may be done with a task is `tasks.rules`'; this is about pages, and about commands on a case as a whole.
"""

from engine.core.model import Process
from engine.runtime.errors import StoreError
from tasks.ground import Ground, Look
from tasks.starting import why_not
from tasks.steering import EVERY_CASE, closed
from web.desk import Desk
from workbench import late, reading
from workbench.late import LEADS
from workbench.proposals import DESIGNS

EVERYTHING = EVERY_CASE
"""Roles that see all queues and may act on any case."""
ARRANGES = frozenset({"admin"})
"""Roles that change the organisation, close and open accounts, and revoke tokens."""


def floor_queues(desk: Desk) -> frozenset[str]:
    """The queues that the user looks after: those they manage, and those that people below them serve."""
    return late.floor_queues(desk.caseway.directory, desk.user)


def floor_people(desk: Desk) -> frozenset[str]:
    """The people whose work the user looks after: everybody who serves one of those queues, or stands below."""
    directory = desk.caseway.directory
    found = {other for other in directory.users if directory.above(desk.user, other)}
    for queue in floor_queues(desk):
        found |= directory.members(queue)
    return frozenset(found)


def sees_floor(desk: Desk) -> bool:
    return late.supervises(desk.caseway.directory, desk.user)


def sees_processes(desk: Desk) -> bool:
    """Whether the user may look at definitions: who leads people, and who designs."""
    return bool(desk.roles & (LEADS | DESIGNS))


def designs(desk: Desk) -> bool:
    return bool(desk.roles & DESIGNS)


def arranges(desk: Desk) -> bool:
    return bool(desk.roles & ARRANGES)


def sees_admin(desk: Desk) -> bool:
    """Whether any page of the administration is open to the user: absences and incidents are for all who lead."""
    return bool(desk.roles & (LEADS | ARRANGES))


def may_steer(case: Ground, user: str, action: str) -> bool:
    """Whether the user may do that with the case as a whole: `tasks.steering` says who."""
    return closed(case, user, action) is None


def by_hand(process: Process) -> bool:
    """Whether people start the process: it names them, or nothing else starts it."""
    start = process.start
    return bool(start.by) or not (start.message or start.every)


def may_start(desk: Desk, process: Process) -> bool:
    return not why_not(Look(process, None, desk.caseway.env()), desk.user)


def startable(desk: Desk) -> list[Process]:
    """The processes in force that the user may start by hand, by title."""
    found = []
    for name in desk.caseway.definitions.names():
        try:
            process = desk.caseway.definitions.process(name)
        except StoreError:
            continue  # a version that does not compile any more is told on the page of processes
        if process is not None and by_hand(process) and may_start(desk, process):
            found.append(process)
    return sorted(found, key=lambda process: desk.process(process.name))


def reviews(desk: Desk) -> bool:
    """Whether broken glass, and the list of looks at secrets, are the user's affair."""
    return reading.reviews(desk.caseway, desk.user, desk.now)
