"""What people ask of tasks, beside completing them (`engine.core.commands.CompleteTask`).

A task's number is that of its token: unique within the case.
"""

from typing import Any

import msgspec

from engine.core.commands import Command

Json = Any


class ClaimTask(Command, frozen=True):
    task: int


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
    """Keeps what has been filled in so far; an empty draft takes it away."""

    task: int
    data: dict[str, Json] = msgspec.field(default_factory=dict)


class SetPriority(Command, frozen=True):
    task: int
    priority: int
    reason: str = ""


class SetOwner(Command, frozen=True):
    """Hands the case itself to another owner."""

    user: str
    reason: str
