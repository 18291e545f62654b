"""What has happened to the tasks of a case, and to who owns it.

Who was looked up in the organisation is recorded resolved, with the directory's revision: deciding again
needs nothing else (DESIGN §10).
"""

from datetime import datetime
from typing import Any

import msgspec

from engine.core.events import Event

Json = Any


class TaskOpened(Event, frozen=True):
    """A person's step was entered. `note` says why it did not go where the step says; `behalf` is who is away,
    where the assignee stands in."""

    token: int
    step: str
    at: datetime
    queue: str = ""
    assignee: str = ""
    priority: int = 0
    revision: int = 0
    note: str = ""
    behalf: str = ""
    skill: str = ""  # that it asks for


class TaskClaimed(Event, frozen=True):
    """`behalf` is who is away, where who claims stands in for them."""

    token: int
    by: str
    at: datetime
    revision: int = 0
    behalf: str = ""


class TaskReleased(Event, frozen=True):
    """Nobody holds the task any more; an assignee's task goes to its queue."""

    token: int
    by: str
    at: datetime
    reason: str = ""


class TaskTransferred(Event, frozen=True):
    """The task stands in this queue, for this user or for anyone there, and nobody holds it."""

    token: int
    by: str  # who moved it: a user, or the step or rung whose act it was
    at: datetime
    queue: str = ""
    assignee: str = ""
    revision: int = 0
    reason: str = ""
    behalf: str = ""  # who is away, where the assignee stands in
    over: tuple[int, int] | None = None  # tasks the assignee had and may have, where they got it all the same


class TaskStarted(Event, frozen=True):
    """Who holds the task is at work on it."""

    token: int
    by: str
    at: datetime


class TaskDelegated(Event, frozen=True):
    """The task is in another's hands, who acts on behalf of who held it."""

    token: int
    by: str
    at: datetime
    to: str
    revision: int = 0
    reason: str = ""
    over: tuple[int, int] | None = None  # as in TaskTransferred


class TaskReturned(Event, frozen=True):
    """The delegated task is again in the hands of who delegated it."""

    token: int
    by: str
    at: datetime
    reason: str = ""


class TaskParked(Event, frozen=True):
    token: int
    by: str
    at: datetime
    until: datetime
    reason: str = ""


class TaskTakenUp(Event, frozen=True):
    """The parked task is back with its holder; `by` is empty when its time had come."""

    token: int
    at: datetime
    by: str = ""


class TaskSuspended(Event, frozen=True):
    token: int
    by: str
    at: datetime
    reason: str = ""


class TaskResumed(Event, frozen=True):
    token: int
    by: str
    at: datetime
    reason: str = ""


class ReviewAsked(Event, frozen=True):
    """Its holder wants somebody's view, and waits for it."""

    token: int
    by: str
    at: datetime
    of: str
    question: str
    revision: int = 0


class ReviewAnswered(Event, frozen=True):
    token: int
    by: str
    at: datetime
    answer: str
    agrees: bool


class ReviewWithdrawn(Event, frozen=True):
    token: int
    by: str
    at: datetime


class DraftSaved(Event, frozen=True):
    """The draft as it now stands; secrets in it are sealed."""

    token: int
    by: str
    at: datetime
    data: dict[str, Json] = msgspec.field(default_factory=dict)
    outcome: str = ""  # that has been chosen so far
    reason: str = ""


class VoteCast(Event, frozen=True):
    """One approver's word on a step that several decide."""

    token: int
    by: str
    at: datetime
    outcome: str
    reason: str = ""
    behalf: tuple[str, ...] = ()
    revision: int = 0


class TaskAuthorised(Event, frozen=True):
    """The grant under which the task is completed."""

    token: int
    by: str
    grant: str
    revision: int = 0


class TaskClosed(Event, frozen=True):
    """how: `completed`, `skipped` or `cancelled`; `by` did it, with this outcome and reason. `behalf`:
    those on whose behalf, and who else voted; to `not_by` they have all done it."""

    token: int
    step: str
    at: datetime
    how: str
    by: str = ""
    outcome: str = ""
    reason: str = ""
    behalf: tuple[str, ...] = ()


class PriorityChanged(Event, frozen=True):
    """The priority of one task."""

    token: int
    priority: int
    by: str = ""
    reason: str = ""


class CasePriorityChanged(Event, frozen=True):
    """What tasks that the case opens from now on take: `fixed` instead of their own, `raised` on top."""

    fixed: int | None = None
    raised: int = 0
    by: str = ""


class OwnerChanged(Event, frozen=True):
    """Who owns the case; "" for nobody."""

    user: str
    at: datetime
    by: str = ""
    reason: str = ""


class Commented(Event, frozen=True):
    """`task` is the open task that it is about, 0 for the case."""

    by: str
    at: datetime
    text: str
    task: int = 0


class WatcherAdded(Event, frozen=True):
    user: str
    at: datetime
    by: str


class WatcherRemoved(Event, frozen=True):
    user: str
    at: datetime


class CaseRestricted(Event, frozen=True):
    """Few may read the case from now on: `readers` (user.x, role.x) are named. `by` "": the process says so."""

    at: datetime
    by: str = ""
    reason: str = ""
    readers: tuple[str, ...] = ()


class RestrictionLifted(Event, frozen=True):
    """`readers` are those who were named."""

    at: datetime
    by: str
    reason: str
    readers: tuple[str, ...] = ()


class LikenessChanged(Event, frozen=True):
    """What the case is compared by with others, by rule; "" for what is no longer known."""

    keys: dict[str, str]
