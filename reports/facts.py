"""What a case's history says for reports: visits of steps that ended, runs of clocks that closed, ends and reopenings.

Theory of operation. History is only ever added to, so a fact is final once the row is written that it follows from: it
is counted once, by the number of that row. The events of a case are read from the first, as what a row means depends on
those before it (who held the task, how often the step was visited), and only facts of rows not counted yet are told.
All that a fact says is as it stood then: the queue, the owner, the class, the version.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from engine.core import events as core
from engine.core.env import Versions
from engine.core.events import Event
from engine.runtime.errors import StoreError
from reports.keywords import class_of
from reports.reader import STANDS, Explained, Extended, Fact, Judged, Measured, Reader, Reopened, Stay, Visit
from sla import events as clocks
from sla.model import find_clock
from tasks import events as work

_SECOND = timedelta(seconds=1)


def _case_started(reader: Reader, at: datetime, event: core.CaseStarted) -> Iterator[Fact]:
    reader.name = event.process
    _goes_by(reader, event.version)
    reader.number, reader.started = event.number, event.at
    yield from ()


def _goes_by(reader: Reader, version: str) -> None:
    """A version that cannot be compiled any more leaves its steps and clocks uncounted, and keeps nothing else up."""
    reader.version = version
    try:
        reader.process = reader.versions.process(reader.name, version)
    except StoreError:
        reader.process = None


def _migrated(reader: Reader, at: datetime, event: core.CaseMigrated) -> Iterator[Fact]:
    _goes_by(reader, event.version)
    yield from ()


def _data_changed(reader: Reader, at: datetime, event: core.DataChanged) -> Iterator[Fact]:
    named = class_of(reader.process) if reader.process is not None else ""
    if named and not event.token and named in event.changes:
        value = event.changes[named]
        reader.klass = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    yield from ()


def _entered(reader: Reader, at: datetime, event: core.StepEntered) -> Iterator[Fact]:
    reader.up[event.token] = (event.up, event.item)
    node = reader.process.nodes.get(event.step) if reader.process is not None else None
    if node is not None and node.kind in STANDS:
        place = (event.step, *reader.place(event.token))
        times = reader.visited[place] = reader.visited.get(place, 0) + 1
        reader.stays[event.token] = Stay(event.step, event.at, times > 1)
    yield from ()


def _mapped(reader: Reader, at: datetime, event: core.TokenMapped) -> Iterator[Fact]:
    """A visit goes on under the step's new name."""
    if event.token in reader.stays:
        reader.stays[event.token].step = event.target
    yield from ()


def _left(reader: Reader, at: datetime, event: core.StepLeft | core.StepClosing) -> Iterator[Fact]:
    stay = reader.stays.pop(event.token, None)
    if stay is not None:
        _gone(reader, at, event.token, stay)
        stay.holder = event.actor or stay.holder
        cycle, touch = (at - stay.since) // _SECOND, stay.touch // _SECOND
        yield Visit(at, reader.name, stay.step, stay.queue, stay.again, cycle, touch)


def _cancelled(reader: Reader, at: datetime, event: core.StepCancelled) -> Iterator[Fact]:
    """A visit that was taken away took no time that says anything of the step."""
    stay = reader.stays.pop(event.token, None)
    if stay is not None:
        _gone(reader, at, event.token, stay)
    yield from ()


def _gone(reader: Reader, at: datetime, token: int, stay: Stay) -> None:
    stay.take(at, stay.holder)
    reader.gone[token] = stay
    if stay.queue:
        reader.over.append((stay.since, at, stay.queue))


def _ended(reader: Reader, at: datetime, event: core.CaseEnded) -> Iterator[Fact]:
    assert reader.started is not None
    queue = reader.queue_of(reader.started, at)
    yield Visit(at, reader.name, "", queue, False, (at - reader.started) // _SECOND, 0)


def _reopened(reader: Reader, at: datetime, event: core.CaseReopened) -> Iterator[Fact]:
    assert reader.started is not None
    yield Reopened(at, reader.name, reader.queue_of(reader.started, at))


# --- who has a task in hand -----------------------------------------------------------------------


def _opened(reader: Reader, at: datetime, event: work.TaskOpened) -> Iterator[Fact]:
    if event.token in reader.stays:
        reader.stays[event.token].queue = event.queue
    yield from ()


def _claimed(reader: Reader, at: datetime, event: work.TaskClaimed) -> Iterator[Fact]:
    if event.token in reader.stays:
        reader.stays[event.token].take(at, event.by)
    yield from ()


def _released(reader: Reader, at: datetime, event: work.TaskReleased) -> Iterator[Fact]:
    if event.token in reader.stays:
        reader.stays[event.token].take(at, "")
    yield from ()


def _transferred(reader: Reader, at: datetime, event: work.TaskTransferred) -> Iterator[Fact]:
    if event.token in reader.stays:
        stay = reader.stays[event.token]
        stay.take(at, "")
        stay.queue = event.queue or stay.queue
    yield from ()


def _idle(reader: Reader, at: datetime, event: work.TaskParked | work.TaskSuspended) -> Iterator[Fact]:
    if event.token in reader.stays:
        stay = reader.stays[event.token]
        stay.take(at, stay.holder, idle=True)
    yield from ()


def _at_it(reader: Reader, at: datetime, event: work.TaskTakenUp | work.TaskResumed) -> Iterator[Fact]:
    if event.token in reader.stays:
        stay = reader.stays[event.token]
        stay.take(at, stay.holder)
    yield from ()


def _owner(reader: Reader, at: datetime, event: work.OwnerChanged) -> Iterator[Fact]:
    reader.owner = event.user
    yield from ()


# --- clocks ---------------------------------------------------------------------------------------


def _clock_started(reader: Reader, at: datetime, event: clocks.ClockStarted) -> Iterator[Fact]:
    reader.runs[event.id] = Measured(event.clock, event.run, event.since, event.deadline, event.token)
    yield from ()


def _clock_aimed(
    reader: Reader, at: datetime, event: clocks.ClockResumed | clocks.ClockRebased | clocks.ClockMigrated
) -> Iterator[Fact]:
    reader.runs[event.id].deadline = event.deadline
    yield from ()


def _clock_extended(reader: Reader, at: datetime, event: clocks.ClockExtended) -> Iterator[Fact]:
    run, process = reader.runs[event.id], reader.process
    clock = find_clock(process, run.clock) if process is not None else None
    run.deadline, run.extended = event.deadline, run.extended + 1
    if process is None or clock is None:
        return
    stay = reader.stays.get(run.token)
    yield Extended(
        event.at, event.id, run.extended, process.name, run.clock, run.run, tuple(clock.clauses), clock.origin,
        stay.queue if stay else reader.queue_of(min(run.since, event.at), event.at), event.by,
        str(clock.extension.most) if clock.extension else "", event.reason, event.approver, event.old, event.deadline,
    )  # fmt: skip


def _clock_redated(reader: Reader, at: datetime, event: clocks.ClockRedated) -> Iterator[Fact]:
    reader.runs[event.id].since, reader.runs[event.id].deadline = event.since, event.deadline
    yield from ()


def _clocks_migrated(reader: Reader, at: datetime, event: clocks.ClocksMigrated) -> Iterator[Fact]:
    for number, name in event.open.items():
        reader.runs[number].clock = name
    yield from ()


def _known(reader: Reader, at: datetime, event: clocks.BreachAcknowledged) -> Iterator[Fact]:
    reader.runs[event.id].reason = event.reason
    yield from ()


def _explained(reader: Reader, at: datetime, event: clocks.BreachExplained) -> Iterator[Fact]:
    yield Explained(event.id, event.reason)


def _clock_stopped(reader: Reader, at: datetime, event: clocks.ClockStopped) -> Iterator[Fact]:
    yield from _judged(reader, event, "late" if event.breached else "met")


def _clock_closed(reader: Reader, at: datetime, event: clocks.ClockClosed) -> Iterator[Fact]:
    yield from _judged(reader, event, "late" if event.breached else event.status)


def _judged(reader: Reader, event: clocks.ClockStopped | clocks.ClockClosed, judged: str) -> Iterator[Fact]:
    """A run of a step's limit is its task's: the queue and person of that; one of the case is its owner's, and of the
    queue in which most of its time was spent."""
    run, process = reader.runs.pop(event.id), reader.process
    clock = find_clock(process, run.clock) if process is not None else None
    until = max(event.at, run.since)
    if process is None or clock is None:
        return  # it closed because the case went over to a version that has no such clock
    stay = reader.stays.get(run.token) or reader.gone.get(run.token)
    queue, person = (stay.queue, stay.holder) if stay else (reader.queue_of(run.since, until), reader.owner)
    yield Judged(
        event.at, event.id, judged, process.name, reader.version, run.clock, run.run, tuple(clock.clauses),
        clock.origin, reader.klass, queue, person, run.since, run.deadline, event.by, run.reason,
    )  # fmt: skip


_TAKES: dict[type[Event], Any] = {
    core.CaseStarted: _case_started,
    core.CaseMigrated: _migrated,
    core.DataChanged: _data_changed,
    core.StepEntered: _entered,
    core.TokenMapped: _mapped,
    core.StepClosing: _left,
    core.StepLeft: _left,
    core.StepCancelled: _cancelled,
    core.CaseEnded: _ended,
    core.CaseReopened: _reopened,
    work.TaskOpened: _opened,
    work.TaskClaimed: _claimed,
    work.TaskReleased: _released,
    work.TaskTransferred: _transferred,
    work.TaskParked: _idle,
    work.TaskSuspended: _idle,
    work.TaskTakenUp: _at_it,
    work.TaskResumed: _at_it,
    work.OwnerChanged: _owner,
    clocks.ClockStarted: _clock_started,
    clocks.ClockResumed: _clock_aimed,
    clocks.ClockExtended: _clock_extended,
    clocks.ClockRebased: _clock_aimed,
    clocks.ClockMigrated: _clock_aimed,
    clocks.ClockRedated: _clock_redated,
    clocks.ClocksMigrated: _clocks_migrated,
    clocks.BreachAcknowledged: _known,
    clocks.BreachExplained: _explained,
    clocks.ClockStopped: _clock_stopped,
    clocks.ClockClosed: _clock_closed,
}


def take(reader: Reader, at: datetime, event: Event) -> list[Fact]:
    """Reads the next event of a case, recorded at a moment, and tells the facts that follow from it."""
    takes = _TAKES.get(type(event))
    return list(takes(reader, at, event)) if takes is not None else []


def facts(
    versions: Versions, history: Iterable[tuple[int, datetime, Iterable[Event]]], counted: int
) -> tuple[Reader, list[Fact]]:
    """The facts of the rows after the one numbered `counted`, and the reader as it stands at the end.

    history: number of the row, moment, events; from the first row on."""
    reader, found = Reader(versions), list[Fact]()
    for seq, at, events in history:
        for event in events:
            new = take(reader, at, event)
            found += new if seq > counted else ()
    return reader, found
