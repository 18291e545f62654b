"""What people ask of tasks, beside completing and skipping them (`engine.core.commands`).

A task's number is that of its token: unique within the case.
"""

from datetime import datetime
from typing import Any

import msgspec

from engine.core.commands import Command

Json = Any


class ClaimTask(Command, frozen=True):
    task: int


class VoteTask(Command, frozen=True):
    """An approver's word on a step that several decide; the step ends when the votes decide it."""

    task: int
    outcome: str
    reason: str = ""


class ReleaseTask(Command, frozen=True):
    """Gives a task back to its queue."""

    task: int
    reason: str = ""


class TransferTask(Command, frozen=True):
    """Moves a task to another queue, or to a user: one of the two."""

    task: int
    queue: str = ""
    user: str = ""
    reason: str = ""


class SaveDraft(Command, frozen=True):
    """Keeps what has been filled in so far, the outcome chosen and the reason included; an empty draft takes it
    away."""

    task: int
    data: dict[str, Json] = msgspec.field(default_factory=dict)
    outcome: str = ""
    reason: str = ""


class StartTask(Command, frozen=True):
    """Says that its holder is at work on it. Saving a draft says so too."""

    task: int


class DelegateTask(Command, frozen=True):
    """Puts the task into another's hands, who gives it back or completes it on the actor's behalf."""

    task: int
    user: str
    reason: str = ""


class ReturnTask(Command, frozen=True):
    """Gives a delegated task back to who delegated it; that person may also take it back."""

    task: int
    reason: str = ""


class ParkTask(Command, frozen=True):
    """Lays the task aside; at `until` it comes back to its holder by itself."""

    task: int
    until: datetime
    reason: str = ""


class TakeUpTask(Command, frozen=True):
    """Takes a parked task up again before its time."""

    task: int


class SuspendTask(Command, frozen=True):
    """Stops all work on one task, while the case goes on."""

    task: int
    reason: str


class ResumeTask(Command, frozen=True):
    task: int
    reason: str = ""


class AskReview(Command, frozen=True):
    """Asks a colleague to look at the task; it waits for the answer."""

    task: int
    user: str
    question: str


class AnswerReview(Command, frozen=True):
    task: int
    answer: str
    agrees: bool


class WithdrawReview(Command, frozen=True):
    task: int


class SetPriority(Command, frozen=True):
    task: int
    priority: int
    reason: str = ""


class SetOwner(Command, frozen=True):
    """Hands the case itself to another owner."""

    user: str
    reason: str


class Comment(Command, frozen=True):
    """Says something about the case, or about one of its open tasks."""

    text: str
    task: int = 0


class Watch(Command, frozen=True):
    """Adds who watches the case: the actor, or `user`."""

    user: str = ""


class Unwatch(Command, frozen=True):
    """The actor watches the case no longer."""


class RestrictCase(Command, frozen=True):
    """Lets only few read the case: who holds its tasks, whom the house lets, and `readers` (user.x, role.x)."""

    reason: str
    readers: tuple[str, ...] = ()


class LiftRestriction(Command, frozen=True):
    reason: str
