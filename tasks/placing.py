"""Where a task goes: the queue or person that its step names, and where it goes when that cannot be.

Nothing is left lying: an expression that fails, a queue that does not exist, somebody who is not in service
or must not do it all lead to `else_queue`, with a note that says why.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.core.data import Names, names
from engine.core.expressions import Expression
from engine.core.machine import Turn
from engine.core.moves import FAULTS
from tasks.climbing import climb
from tasks.ground import directory, in_service, owning
from tasks.model import Named, Work, bounded
from tasks.standing import kept_out, present


class Place(NamedTuple):
    queue: str
    assignee: str
    note: str
    behalf: str = ""  # who is away, where the assignee stands in


def place(turn: Turn, token: int, step: Work) -> Place:
    """The queue and the person for a task of this step, resolved now."""
    notes: list[str] = []
    view = names(turn, token)
    queue = _queue(turn, step.queue, view, notes)
    assignee, behalf = _person(turn, token, step, view, notes)
    if not assignee and not queue:
        queue = step.else_queue or owning(turn.process).else_queue
    queue = queue or step.else_queue
    higher, why = climb(turn, token, step, queue, assignee)
    if why:
        notes.append(why)
    if higher:
        assignee, behalf = higher, ""
    return Place(queue, assignee, "; ".join(notes), behalf)


def priority(turn: Turn, token: int, step: Work) -> int:
    """The priority of a new task: the case's if it has been set, else the step's, and what the case adds."""
    work = turn.state.work
    base = work.fixed
    if base is None:
        base = step.priority if isinstance(step.priority, int) else _number(step.priority, names(turn, token))
    return bounded(base + work.raised)


def resolved(name: Named, view: Names, notes: list[str]) -> str:
    """A name as written or computed; "" with a note where that fails."""
    if isinstance(name, str):
        return name
    try:
        value = name.evaluate(view)
    except FAULTS as fault:
        notes.append(str(fault))
        return ""
    if value is None:
        notes.append(f"{name.source} is not set")
    return "" if value is None else str(value)


def _queue(turn: Turn, name: Named, view: Names, notes: list[str]) -> str:
    queue = resolved(name, view, notes)
    if isinstance(name, str) or not queue or queue in directory(turn).queues:
        return queue
    notes.append(f"there is no queue {queue}")
    return ""


ASSIGN: dict[str, Callable[[Turn], str]] = {
    "starter": lambda turn: str(turn.state.flow.starter),
    "owner": lambda turn: str(turn.state.work.owner),
}
"""Words for a person that only the case knows."""


def person(turn: Turn, name: Named, view: Names, notes: list[str]) -> str:
    """The user in service that a name stands for (starter, owner, a user, an expression); "" with a note."""
    known = ASSIGN.get(name) if isinstance(name, str) else None
    user = known(turn) if known else resolved(name, view, notes)
    if not user:
        if known:
            notes.append(f"there is no {name}")
        return ""
    if not in_service(turn, user):
        notes.append(f"{user} is not a user in service")
        return ""
    return user


def _person(turn: Turn, token: int, step: Work, view: Names, notes: list[str]) -> tuple[str, str]:
    """The person a task is meant for, and who is away, where that person stands in; "" where there is none."""
    named = person(turn, step.assign, view, notes) if step.assign else ""
    if not named:
        return "", ""
    user = present(turn, named)
    if not user:
        notes.append(f"{named} is away, and nobody stands in")
        return "", ""
    for other in step.not_by:
        for one in dict.fromkeys((user, named)):
            if one in turn.state.work.done_by.get(other, ()):
                notes.append(f"{one} completed {other}")
                return "", ""
    try:
        out = kept_out(turn, token, step)
    except FAULTS as fault:
        notes.append(str(fault))
        return "", ""
    for one in dict.fromkeys((user, named)):
        if one in out:
            notes.append(f"{one} had a part in what is looked at")
            return "", ""
    if user == named:
        return user, ""
    notes.append(f"{named} is away")
    return user, named


def _number(priority: Expression, view: Names) -> int:
    try:
        return int(priority.evaluate(view) or 0)
    except FAULTS:
        return 0
