"""What must hold of an installation at any time, whatever was asked of it and whatever became of its machine."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bootstrap import MACHINE, Caseway
from engine.runtime import history
from tasks import events as e


def faults(app: Caseway, answered: Mapping[str, tuple[str, int]], *, deep: bool = False) -> list[str]:
    """All that does not hold. answered: the commands that were accepted, by id: case and revision answered."""
    return [*_verified(app, deep), *_kept(app, answered), *_numbers(app), *_once(app), *_held(app)]


def _verified(app: Caseway, deep: bool) -> Iterator[str]:
    report = app.verify(deep)
    yield from (f"verify: {finding}" for finding in report.findings)
    yield from (f"verify: {problem}" for problem in report.problems)


def _kept(app: Caseway, answered: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    """Every answered command is in the history, once, where its answer said."""
    rows = app.connection.all("SELECT command_id, case_id, seq FROM history")
    known = {row[0]: (row[1], row[2]) for row in rows}
    if len(known) != len(rows):
        yield "a command was applied twice"
    for ident, place in answered.items():
        if known.get(ident) != place:
            yield f"command {ident} was answered as {place}, the history says {known.get(ident)}"


def _numbers(app: Caseway) -> Iterator[str]:
    """Business numbers have no gaps and no doubles."""
    series: dict[str, list[int]] = {}
    for (number,) in app.connection.all("SELECT number FROM cases WHERE number IS NOT NULL"):
        head, dash, seq = number.rpartition("-")
        if dash:
            series.setdefault(head, []).append(int(seq))
    for head, taken in series.items():
        if sorted(taken) != list(range(1, len(taken) + 1)):
            yield f"numbers {head}-… have gaps or doubles"


def _once(app: Caseway) -> Iterator[str]:
    """What one case asks of another was done once: a call starts one case."""
    calls: Counter[tuple[str, int]] = Counter()
    for (state,) in app.connection.all("SELECT state FROM cases WHERE parent IS NOT NULL"):
        flow = MACHINE.decode(state).flow
        calls[flow.parent, flow.parent_token] += 1
    yield from (f"{call} was called {times} times" for call, times in calls.items() if times > 1)


def _held(app: Caseway) -> Iterator[str]:
    """No task was ever held by two, and who holds it now is who its row names."""
    rows = {(row[0], row[1]): row[2] for row in app.connection.all("SELECT case_id, id, holder FROM tasks")}
    for (case,) in app.connection.all("SELECT id FROM cases"):
        holders: dict[int, str] = {}
        for row in history.read(app.database, app.vault, case):
            for event in MACHINE.decode_events(row.events):
                yield from _moved(case, holders, event)
        for task, holder in holders.items():
            if rows.get((case, task)) != holder:
                yield f"task {task} of {case}: held by {holder!r}, its row says {rows.get((case, task))!r}"


def _moved(case: str, holders: dict[int, str], event: Any) -> Iterator[str]:
    match event:
        case e.TaskOpened():
            holders[event.token] = ""
        case e.TaskClaimed():
            if holders[event.token]:
                yield f"task {event.token} of {case}: {event.by} got it while {holders[event.token]} held it"
            holders[event.token] = event.by
        case e.TaskReleased() | e.TaskTransferred():
            holders[event.token] = ""
        case e.TaskClosed():
            del holders[event.token]
