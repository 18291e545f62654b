"""What must hold of an installation at any time, whatever was asked of it and whatever became of its machine."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bootstrap import MACHINE, Caseway
from engine.core.events import NoticeRequested
from engine.runtime import history
from engine.runtime.clock import VirtualClock
from engine.runtime.tables import micros, moment
from sla.events import RungFired
from tasks import events as e

LAPSE = timedelta(hours=12)
"""After which whatever a killed program had leased has lapsed."""
DAYS = 5
WAITS: Mapping[str, str] = {"jobs": "due", "timers": "held_until IS NULL AND due", "inbox": "due", "messages": "due"}
"""What waits for its time, and the condition of being due before a moment."""


def faults(app: Caseway, answered: Mapping[str, tuple[str, int]], *, deep: bool = False) -> list[str]:
    """All that does not hold. answered: the commands that were accepted, by id: case and revision answered."""
    return [
        *_verified(app, deep), *_kept(app, answered), *_numbers(app), *_once(app), *_held(app), *_told_once(app),
    ]  # fmt: skip


def latest(app: Caseway) -> datetime:
    """The newest moment in the history."""
    return moment(app.connection.one("SELECT coalesce(max(last_at), 0) FROM cases")[0])


def comes_to_rest(app: Caseway) -> None:
    """Lets days pass, in which everything that is due is done: no lease lasts for ever, and nothing is stuck. `app` has
    a virtual clock."""
    assert isinstance(app.clock, VirtualClock)
    app.clock.advance(latest(app) + LAPSE - app.clock.now())
    for _ in range(DAYS):
        app.sweep()
        app.work()
        app.clock.advance(timedelta(days=1))
    app.sweep()
    now = micros(app.clock.now() - timedelta(days=1))
    for table, due in WAITS.items():
        rows = app.connection.all(f"SELECT * FROM {table} WHERE {due} <= ?", (now,))
        assert not rows, f"{table} are due for a day, and nothing comes of them: {[tuple(row) for row in rows[:3]]}"


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


def _told_once(app: Caseway) -> Iterator[str]:
    """Each rung, and each of its times, came once in a run of a clock; each notice was asked for once, and lies in the
    outbox once."""
    notices: Counter[str] = Counter()
    for (case,) in app.connection.all("SELECT id FROM cases"):
        rungs: dict[tuple[int, int], int] = {}
        for row in history.read(app.database, app.vault, case):
            for event in MACHINE.decode_events(row.events):
                if isinstance(event, RungFired):
                    before = rungs.get((event.id, event.rung), 0)
                    if event.repeat != before + 1 + event.missed:
                        yield f"rung {event.rung} of {event.clock} of {case} came as {event.repeat} after {before}"
                    rungs[event.id, event.rung] = event.repeat
                elif isinstance(event, NoticeRequested):
                    notices[event.id] += 1
    yield from (f"notice {id} was asked for {times} times" for id, times in notices.items() if times > 1)
    kept = [row[0] for row in app.connection.all("SELECT id FROM outbox")]
    if len(kept) != len(set(kept)) or set(kept) - set(notices):
        yield "the outbox has a notice twice, or one that nobody asked for"


@dataclass
class Life:
    """A task as its events tell: who holds it, who has lent it out, and what keeps it from being worked."""

    holder: str = ""
    lent_by: str = ""
    away: str = ""


def _held(app: Caseway) -> Iterator[str]:
    """No task was ever held by two, or worked while it was away; and who holds it now is who its row names."""
    rows = {row[:2]: row[2:] for row in map(tuple, app.connection.all("SELECT case_id, id, holder, status FROM tasks"))}
    for (case,) in app.connection.all("SELECT id FROM cases"):
        lives: dict[int, Life] = {}
        for row in history.read(app.database, app.vault, case):
            for event in MACHINE.decode_events(row.events):
                for fault in _moved(lives, event):
                    yield f"task {event.token} of {case}: {fault}"
        for task, life in lives.items():
            holder, status = rows.get((case, task), ("nobody: it is not there", ""))
            if holder != life.holder:
                yield f"task {task} of {case}: held by {life.holder!r}, its row says {holder!r}"
            if (status if status in AWAY else "") != life.away:
                yield f"task {task} of {case}: away as {life.away!r}, its row says {status!r}"


AWAY = ("parked", "review", "suspended")
_LEAVES: Mapping[Any, str] = {e.TaskParked: "parked", e.ReviewAsked: "review", e.TaskSuspended: "suspended"}
_COMES_BACK: Mapping[Any, str] = {
    e.TaskTakenUp: "parked", e.ReviewAnswered: "review", e.ReviewWithdrawn: "review", e.TaskResumed: "suspended",
}  # fmt: skip


def _moved(lives: dict[int, Life], event: Any) -> Iterator[str]:
    kind = type(event)
    if kind is e.TaskOpened:
        lives[event.token] = Life()
    life = lives.get(getattr(event, "token", 0))
    if life is None:
        return
    if kind in _LEAVES:
        if life.away:
            yield f"{kind.__name__} while it was {life.away}"
        life.away = _LEAVES[kind]
    elif kind in _COMES_BACK:
        if life.away != _COMES_BACK[kind]:
            yield f"{kind.__name__} while it was {life.away or 'there'}"
        life.away = ""
    match event:
        case e.TaskClaimed():
            if life.holder:
                yield f"{event.by} got it while {life.holder} held it"
            life.holder = event.by
        case e.TaskDelegated():
            if life.holder != event.by:
                yield f"{event.by} lent it out while {life.holder!r} held it"
            life.holder, life.lent_by = event.to, event.by
        case e.TaskReturned():
            life.holder, life.lent_by = life.lent_by, ""
        case e.TaskReleased() | e.TaskTransferred():
            life.holder = life.lent_by = ""
            if life.away != "suspended" or isinstance(event, e.TaskReleased):  # what is stopped stays so
                life.away = ""
        case e.TaskClosed(how="completed" | "skipped"):
            if life.away:
                yield f"it was {event.how} while it was {life.away}"
            del lives[event.token]
        case e.TaskClosed():
            del lives[event.token]
