"""The work slice of a case's state: its open tasks, who has done what, who owns it.

Closed tasks leave the state; who completed which step, and on whose behalf, stays, for `not_by` (R26).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.core.events import Event
from tasks import events as e
from tasks.lifecycle import CLAIMED, DELEGATED, OPEN, PARKED, REVIEW, SKIPPED, STARTED, SUSPENDED


class Vote(msgspec.Struct, frozen=True, omit_defaults=True):
    by: str
    outcome: str
    behalf: tuple[str, ...] = ()
    reason: str = ""


class Task(msgspec.Struct, omit_defaults=True):
    step: str
    opened: datetime
    queue: str = ""
    assignee: str = ""  # the one user it is meant for; "" for anyone who serves the queue
    holder: str = ""
    priority: int = 0
    claimed: datetime | None = None
    draft: dict[str, Any] | None = None
    chosen: str = ""  # the outcome and the reason in the draft
    because: str = ""
    phase: str = ""  # the state, where it is neither open nor merely claimed
    delegator: str = ""  # while delegated: whose task it is
    until: datetime | None = None  # while parked: when it comes back
    reviewer: str = ""  # while in review: who has been asked
    question: str = ""  # and what
    stands_for: str = ""  # who is away, and for whom its holder or assignee stands in
    skill: str = ""  # that it asks for
    votes: list[Vote] = msgspec.field(default_factory=list)  # of a step with approvals

    @property
    def status(self) -> str:
        return self.phase or (CLAIMED if self.holder else OPEN)

    @property
    def waits_for(self) -> str:
        """The one person who is meant to act: who has been asked, or whom an open task is meant for."""
        return self.reviewer or self.assignee

    @property
    def behalf(self) -> tuple[str, ...]:
        """On whose behalf its holder acts (R26)."""
        return tuple(one for one in (self.delegator, self.stands_for) if one)

    @property
    def voters(self) -> set[str]:
        """Everyone whose vote has been cast, by themselves or on their behalf."""
        return {user for vote in self.votes for user in (vote.by, *vote.behalf)}

    def back(self, phase: str = "") -> None:
        """Ends whatever its holder was waiting for."""
        self.phase, self.delegator, self.until, self.reviewer, self.question = phase, "", None, "", ""


class WorkState(msgspec.Struct, omit_defaults=True):
    owner: str = ""
    tasks: dict[int, Task] = msgspec.field(default_factory=dict)
    done_by: dict[str, list[str]] = msgspec.field(default_factory=dict)  # step -> users, in order
    fixed: int | None = None  # the priority of tasks to come, instead of their own
    raised: int = 0  # on top of it
    watchers: list[str] = msgspec.field(default_factory=list)
    alike: dict[str, str] = msgspec.field(default_factory=dict)  # rule -> what the case is compared by (tasks.likeness)
    restricted: bool = False  # read by few
    readers: list[str] = msgspec.field(default_factory=list)  # whom the mark names: user.x, role.x


def _opened(work: WorkState, event: e.TaskOpened) -> None:
    work.tasks[event.token] = Task(
        event.step, event.at, event.queue, event.assignee, priority=event.priority,
        stands_for=event.behalf, skill=event.skill,
    )  # fmt: skip


def _claimed(work: WorkState, event: e.TaskClaimed) -> None:
    task = work.tasks[event.token]
    if task.holder:  # taken over from somebody who is away
        task.back()
    task.holder, task.claimed, task.stands_for = event.by, event.at, event.behalf


def _released(work: WorkState, event: e.TaskReleased) -> None:
    task = work.tasks[event.token]
    task.holder, task.claimed, task.assignee, task.stands_for = "", None, "", ""
    task.back()


def _transferred(work: WorkState, event: e.TaskTransferred) -> None:
    task = work.tasks[event.token]
    task.holder, task.claimed = "", None
    task.queue, task.assignee, task.stands_for = event.queue, event.assignee, event.behalf
    task.back(SUSPENDED if task.phase == SUSPENDED else "")


def _started(work: WorkState, event: e.TaskStarted) -> None:
    work.tasks[event.token].phase = STARTED


def _delegated(work: WorkState, event: e.TaskDelegated) -> None:
    task = work.tasks[event.token]
    task.phase, task.delegator, task.holder = DELEGATED, task.holder, event.to


def _returned(work: WorkState, event: e.TaskReturned) -> None:
    task = work.tasks[event.token]
    task.holder = task.delegator
    task.back()


def _parked(work: WorkState, event: e.TaskParked) -> None:
    task = work.tasks[event.token]
    task.phase, task.until = PARKED, event.until


def _review_asked(work: WorkState, event: e.ReviewAsked) -> None:
    task = work.tasks[event.token]
    task.phase, task.reviewer, task.question = REVIEW, event.of, event.question


def _suspended(work: WorkState, event: e.TaskSuspended) -> None:
    work.tasks[event.token].phase = SUSPENDED


def _back(work: WorkState, event: Any) -> None:
    work.tasks[event.token].back()


def _draft(work: WorkState, event: e.DraftSaved) -> None:
    task = work.tasks[event.token]
    task.draft, task.chosen, task.because = dict(event.data) or None, event.outcome, event.reason


def _voted(work: WorkState, event: e.VoteCast) -> None:
    work.tasks[event.token].votes.append(Vote(event.by, event.outcome, event.behalf, event.reason))


def _closed(work: WorkState, event: e.TaskClosed) -> None:
    del work.tasks[event.token]
    if event.by and event.how != SKIPPED:
        users = work.done_by.setdefault(event.step, [])
        users += [user for user in (event.by, *event.behalf) if user not in users]


def _priority(work: WorkState, event: e.PriorityChanged) -> None:
    work.tasks[event.token].priority = event.priority


def _case_priority(work: WorkState, event: e.CasePriorityChanged) -> None:
    work.fixed, work.raised = event.fixed, event.raised


def _owner(work: WorkState, event: e.OwnerChanged) -> None:
    work.owner = event.user


def _watcher_added(work: WorkState, event: e.WatcherAdded) -> None:
    work.watchers.append(event.user)


def _watcher_removed(work: WorkState, event: e.WatcherRemoved) -> None:
    work.watchers.remove(event.user)


def _restricted(work: WorkState, event: e.CaseRestricted) -> None:
    work.restricted, work.readers = True, list(event.readers)


def _lifted(work: WorkState, event: e.RestrictionLifted) -> None:
    work.restricted, work.readers = False, []


def _likeness(work: WorkState, event: e.LikenessChanged) -> None:
    for rule, key in event.keys.items():
        if key:
            work.alike[rule] = key
        else:
            work.alike.pop(rule, None)


def _nothing(work: WorkState, event: Event) -> None:
    """Recorded for the history alone."""


APPLY: Mapping[type[Event], Any] = {
    e.TaskOpened: _opened,
    e.TaskClaimed: _claimed,
    e.TaskReleased: _released,
    e.TaskTransferred: _transferred,
    e.TaskStarted: _started,
    e.DraftSaved: _draft,
    e.TaskDelegated: _delegated,
    e.TaskReturned: _returned,
    e.TaskParked: _parked,
    e.TaskTakenUp: _back,
    e.ReviewAsked: _review_asked,
    e.ReviewAnswered: _back,
    e.ReviewWithdrawn: _back,
    e.TaskSuspended: _suspended,
    e.TaskResumed: _back,
    e.VoteCast: _voted,
    e.TaskAuthorised: _nothing,
    e.Commented: _nothing,
    e.WatcherAdded: _watcher_added,
    e.WatcherRemoved: _watcher_removed,
    e.TaskClosed: _closed,
    e.PriorityChanged: _priority,
    e.CasePriorityChanged: _case_priority,
    e.OwnerChanged: _owner,
    e.LikenessChanged: _likeness,
    e.CaseRestricted: _restricted,
    e.RestrictionLifted: _lifted,
}
