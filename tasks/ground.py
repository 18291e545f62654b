"""A case as a question about it sees it, and what the tasks look up in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from engine.core.env import Env
from engine.core.model import Process, Text
from organisation.directory import Directory
from tasks.model import NAME, Owning, Work


class Ground(Protocol):
    """What an answer stands on; a `Turn` is one."""

    @property
    def process(self) -> Process: ...
    @property
    def state(self) -> Any: ...
    @property
    def env(self) -> Env: ...
    @property
    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Look:
    """A case to ask about outside of deciding: what a page shows beside a button that is closed."""

    process: Process
    state: Any
    env: Env

    @property
    def now(self) -> datetime:
        return self.env.now


LOAD = "load"
"""Under which `Env.extras` tells how many tasks a user has, in all cases: see `tasks.capacity`."""

_NOBODY = Directory({}, {}, {}, ())
_PLAIN = Work()
_UNOWNED = Owning(first="", starter=False)


def directory(ground: Ground) -> Directory:
    """The organisation; an empty one where none has been loaded."""
    found = ground.env.directory
    return found if isinstance(found, Directory) else _NOBODY


def in_service(ground: Ground, user: str) -> bool:
    people = directory(ground)
    return people.active(user, people.today(ground.now))


def work_of(process: Process, step: str) -> Work:
    """What a human step says of its task."""
    found: Work = process.nodes[step].parts.get(NAME, _PLAIN)
    return found


def told(ground: Ground, at: datetime | None) -> str:
    """A moment as people of the organisation read it: 2026-03-02 14:05, in its zone; "" for none."""
    return at.astimezone(directory(ground).zone).strftime("%Y-%m-%d %H:%M") if at is not None else ""


def named(process: Process, step: str) -> Text:
    """What people call a step; its name where it has no title."""
    node = process.nodes.get(step)
    return (node.title if node is not None else None) or {"zh": step, "en": step}


def owning(process: Process) -> Owning:
    found: Owning | None = process.parts.get(NAME)
    return found or _UNOWNED
