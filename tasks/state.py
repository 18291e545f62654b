"""The work slice of a case's state: its open tasks, who has done what, who owns it.

Closed tasks leave the state; who completed which step stays, for `not_by` (R26).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.core.events import Event
from tasks import events as e
from tasks.lifecycle import CLAIMED, OPEN


class Task(msgspec.Struct, omit_defaults=True):
    step: str
    opened: datetime
    queue: str = ""
    assignee: str = ""  # the one user it is meant for; "" for anyone who serves the queue
    holder: str = ""
    priority: int = 0
    claimed: datetime | None = None
    draft: dict[str, Any] | None = None

    @property
    def status(self) -> str:
        return CLAIMED if self.holder else OPEN


class WorkState(msgspec.Struct, omit_defaults=True):
    owner: str = ""
    tasks: dict[int, Task] = msgspec.field(default_factory=dict)
    done_by: dict[str, list[str]] = msgspec.field(default_factory=dict)  # step -> users, in order
    fixed: int | None = None  # the priority of tasks to come, instead of their own
    raised: int = 0  # on top of it


def _opened(work: WorkState, event: e.TaskOpened) -> None:
    work.tasks[event.token] = Task(event.step, event.at, event.queue, event.assignee, priority=event.priority)


def _claimed(work: WorkState, event: e.TaskClaimed) -> None:
    task = work.tasks[event.token]
    task.holder, task.claimed = event.by, event.at


def _released(work: WorkState, event: e.TaskReleased) -> None:
    task = work.tasks[event.token]
    task.holder, task.claimed, task.assignee = "", None, ""


def _transferred(work: WorkState, event: e.TaskTransferred) -> None:
    task = work.tasks[event.token]
    task.holder, task.claimed = "", None
    task.queue, task.assignee = event.queue, event.assignee


def _draft(work: WorkState, event: e.DraftSaved) -> None:
    work.tasks[event.token].draft = dict(event.data) or None


def _closed(work: WorkState, event: e.TaskClosed) -> None:
    del work.tasks[event.token]
    if event.by:
        users = work.done_by.setdefault(event.step, [])
        if event.by not in users:
            users.append(event.by)


def _priority(work: WorkState, event: e.PriorityChanged) -> None:
    work.tasks[event.token].priority = event.priority


def _case_priority(work: WorkState, event: e.CasePriorityChanged) -> None:
    work.fixed, work.raised = event.fixed, event.raised


def _owner(work: WorkState, event: e.OwnerChanged) -> None:
    work.owner = event.user


def _nothing(work: WorkState, event: Event) -> None:
    """Recorded for the history alone."""


APPLY: Mapping[type[Event], Any] = {
    e.TaskOpened: _opened,
    e.TaskClaimed: _claimed,
    e.TaskReleased: _released,
    e.TaskTransferred: _transferred,
    e.DraftSaved: _draft,
    e.TaskAuthorised: _nothing,
    e.TaskClosed: _closed,
    e.PriorityChanged: _priority,
    e.CasePriorityChanged: _case_priority,
    e.OwnerChanged: _owner,
}
