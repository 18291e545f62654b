"""Acts that ladders, handlers and steps ask for: move_tasks, reassign, priority, set_owner, link.

They concern the open tasks of the case, or those of the steps that `steps` names. What cannot be done (a
queue or user that is not there) becomes an incident, so that somebody sees it. Which case a number stands for only
the store knows: there the act `link` becomes a command for later.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.core.data import names
from engine.core.events import ActRequested, IncidentRaised
from engine.core.machine import Turn
from tasks import events as e
from tasks.ground import directory
from tasks.model import bounded
from tasks.placing import person
from tasks.standing import present, there
from tasks.state import Task, WorkState

Json = Any

UP = "up"
"""To `reassign`: the next who is there in the line above who holds the task or is meant to; who manages the queue of
a task that nobody has. To `set_owner`: the next above the owner."""


def requested(turn: Turn, event: ActRequested) -> None:
    act = ACTS.get(event.act)
    if act is not None:
        act(turn, event.args, event.source)


def _move_tasks(turn: Turn, args: Mapping[str, Json], source: str) -> None:
    queue = str(args.get("to") or "")
    if queue not in directory(turn).queues:
        _failed(turn, source, f"move_tasks: there is no queue {queue}")
        return
    for token, task in _tasks(turn, args):
        if task.queue != queue or task.assignee:
            _transfer(turn, token, source, queue, "")


def _reassign(turn: Turn, args: Mapping[str, Json], source: str) -> None:
    to = str(args.get("to") or "")
    for token, task in _tasks(turn, args):
        notes: list[str] = []
        user = _up(turn, task, notes) if to == UP else person(turn, to, names(turn), notes)
        if notes:
            _failed(turn, source, f"reassign: {'; '.join(notes)}")
        elif user and user != (task.holder or task.assignee):
            here = present(turn, user) or user  # with nobody to stand in, it waits for them
            _transfer(turn, token, source, task.queue, here, "" if here == user else user)


def _up(turn: Turn, task: Task, notes: list[str]) -> str:
    """See `UP`; "" for who stands at the top already."""
    has = task.holder or task.assignee
    if has:
        return _above(turn, has)
    managers = sorted(directory(turn).managers(task.queue))
    user = next((one for one in managers if there(turn, one)), "")
    if not user:
        notes.append(f"nobody manages the queue {task.queue}")
    return user


def _priority(turn: Turn, args: Mapping[str, Json], source: str) -> None:
    """`+20` and `-10` change the priority, a number sets it; for the whole case, tasks to come too."""
    given = args.get("to")
    relative = isinstance(given, str) and given[:1] in ("+", "-")
    try:
        amount = int(given)  # type: ignore[arg-type]  # whatever is no number is told below
    except (TypeError, ValueError):
        _failed(turn, source, f"priority: expected a number, or a change such as +20, not {given!r}")
        return
    work: WorkState = turn.state.work
    if not args.get("steps"):
        fixed, raised = (work.fixed, work.raised + amount) if relative else (bounded(amount), 0)
        turn.emit(e.CasePriorityChanged(fixed, raised, source))
    for token, task in _tasks(turn, args):
        priority = bounded(task.priority + amount if relative else amount)
        if priority != task.priority:
            turn.emit(e.PriorityChanged(token, priority, source))


def _set_owner(turn: Turn, args: Mapping[str, Json], source: str) -> None:
    work: WorkState = turn.state.work
    to = str(args.get("to") or "")
    notes: list[str] = []
    user = _above(turn, work.owner) if to == UP else person(turn, to, names(turn), notes)
    if not user:
        _failed(turn, source, f"set_owner: {'; '.join(notes) or 'nobody stands above the owner'}")
    elif user != work.owner:
        turn.emit(e.OwnerChanged(user, turn.now, source))


ACTS: Mapping[str, Callable[[Turn, Mapping[str, Json], str], None]] = {
    "move_tasks": _move_tasks,
    "reassign": _reassign,
    "priority": _priority,
    "set_owner": _set_owner,
    "link": lambda turn, args, source: None,
}


def _tasks(turn: Turn, args: Mapping[str, Json]) -> Iterator[tuple[int, Task]]:
    steps = args.get("steps")
    for token, task in list(turn.state.work.tasks.items()):
        if not steps or task.step in steps:
            yield token, task


def _above(turn: Turn, user: str) -> str:
    return next((one for one in directory(turn).line(user) if there(turn, one)), "")


def _transfer(turn: Turn, token: int, source: str, queue: str, user: str, behalf: str = "") -> None:
    revision = directory(turn).revision
    turn.emit(e.TaskTransferred(token, source, turn.now, queue, user, revision, behalf=behalf))


def _failed(turn: Turn, source: str, text: str) -> None:
    turn.emit(IncidentRaised(turn.state.flow.seq + 1, 0, source, "act", text, turn.now))
