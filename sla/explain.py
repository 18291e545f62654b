"""Why a deadline is when it is: every stretch of a run that counted, every one that did not, and why.

Theory of operation. A run's history is cut wherever something changes for its counting: the end of the start
day, the beginning and end of each pause, the deadline, and every moment at which the case moved from step to
step. Between two cuts nothing changes, so each stretch counts as a whole or not at all, apart from nights and
holidays, which are told day by day. The stretches join without gaps from the start to the end (or to now), so
their lengths add up to what elapsed, and what they counted adds up to what was used: a reader can check both.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import groupby, pairwise

from msgspec import structs

from engine.core import events as core
from engine.core.durations import DAYS, ELAPSED, MEASURES, WORKING_DAYS, Calendar, parse_duration
from engine.core.events import Event
from engine.core.model import Catch, Human, Process, Race, Service, Text
from sla import events as e
from sla.calendar import WorkCalendar
from sla.measure import metered
from sla.model import Clock, calendar_name, find_clock
from sla.runs import PLAIN
from sla.state import Break

RUNS, PAUSED, START_DAY, LATE = "runs", "paused", "start_day", "late"
"""What a stretch is: it counts; it is held; the start day, which counts for no day (Civil Code 201); it lies
after the deadline."""

ZERO = timedelta(0)
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Days:
    """Neighbouring days of one kind, and what of them lay in the stretch and counted."""

    first: date
    last: date
    kind: str  # weekday | weekend | holiday | make_up | company
    reason: Text
    elapsed: timedelta
    counted: timedelta


@dataclass(frozen=True, slots=True)
class Stretch:
    """`steps` are those that held the clock, or those at which the case stood meanwhile. `counted` is in the
    limit's own measure."""

    start: datetime
    end: datetime
    why: str
    steps: tuple[str, ...]
    counted: timedelta
    days: tuple[Days, ...] = ()

    @property
    def elapsed(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Account:
    """One run, from its start to its end or to now."""

    clock: Clock
    run: int
    token: int
    limit: str
    since: datetime
    until: datetime
    deadline: datetime
    status: str  # running | paused | stopped | unmet | void
    breached: bool
    provisional: bool
    calendar: Calendar
    allowance: timedelta
    stretches: tuple[Stretch, ...]
    more: tuple[e.ClockExtended, ...] = ()
    rebased: tuple[e.ClockRebased, ...] = ()
    rungs: tuple[e.RungFired, ...] = ()
    note: str = ""
    closed_by: str = ""
    version: str = ""  # of the calendar on which it was counted

    @property
    def unit(self) -> str:
        return parse_duration(self.limit).unit

    @property
    def elapsed(self) -> timedelta:
        return sum((one.elapsed for one in self.stretches), ZERO)

    @property
    def used(self) -> timedelta:
        """The measure of all that counted up to the deadline."""
        return sum((one.counted for one in self.stretches if one.why == RUNS), ZERO)

    @property
    def over(self) -> timedelta:
        """What passed after the deadline."""
        return sum((one.counted for one in self.stretches if one.why == LATE), ZERO)

    def lost(self) -> tuple[tuple[str, ...], timedelta]:
        """The steps at which most of the measured time passed, and how much. A late run no longer pauses, but
        what would have held it (the customer, say) lost none of its time either."""
        held = self.clock.pause.steps if self.clock.pause is not None else frozenset()
        spent: dict[tuple[str, ...], timedelta] = {}
        for one in self.stretches:
            if one.why in (RUNS, LATE) and not (one.steps and held.issuperset(one.steps)):
                spent[one.steps] = spent.get(one.steps, ZERO) + one.counted
        return max(spent.items(), key=lambda pair: pair[1], default=((), ZERO))


def explain(
    process: Process,
    history: Iterable[tuple[datetime, Iterable[Event]]],
    calendars: Mapping[str, Calendar],
    now: datetime,
    clock: str = "",
) -> list[Account]:
    """An account of every run of a case, law first, then by deadline; of one clock only if it is named.

    history: the case's events, command by command, with the moment of each. Raises LookupError if a run counts
    on a calendar that is not there."""
    told = _Told()
    for at, events in history:
        for event in events:
            told.take(process, at, event)
    made = [_account(process, run, told, calendars, now) for run in told.runs.values()]
    named = [account for account in made if clock in ("", account.clock.name)]
    return sorted(named, key=lambda account: (account.clock.standing, account.deadline, account.run))


# --- reading the history --------------------------------------------------------------------------


@dataclass(slots=True)
class _Run:
    started: e.ClockStarted
    deadline: datetime
    provisional: bool
    breaks: list[Break] = field(default_factory=list)
    held_by: list[tuple[str, ...]] = field(default_factory=list)
    more: list[e.ClockExtended] = field(default_factory=list)
    rebased: list[e.ClockRebased] = field(default_factory=list)
    rungs: list[e.RungFired] = field(default_factory=list)
    closed: e.ClockStopped | e.ClockClosed | None = None

    def aims(self, event: e.ClockResumed | e.ClockExtended | e.ClockRebased | e.ClockRedated) -> None:
        self.deadline, self.provisional = event.deadline, event.provisional


@dataclass(slots=True)
class _Told:
    """What the history says of runs, and of where the case stood."""

    runs: dict[int, _Run] = field(default_factory=dict)
    stood: dict[int, tuple[str, datetime]] = field(default_factory=dict)  # token -> step, since when
    stays: list[tuple[datetime, datetime, str]] = field(default_factory=list)

    def take(self, process: Process, at: datetime, event: Event) -> None:
        match event:
            case core.StepEntered(token=token, step=step):
                node = process.nodes.get(step)  # None: a step of a version that the case has left
                if isinstance(node.spec, Human | Service | Catch | Race) if node else "/" not in step:
                    self.stood[token] = (step, event.at)
            case core.TokenMapped(token=token, target=target) if token in self.stood:
                step, since = self.stood[token]
                self.stays.append((since, at, step))
                self.stood[token] = (target, at)
            case core.StepLeft(token=token) | core.StepCancelled(token=token) | core.StepClosing(token=token):
                step, since = self.stood.pop(token, ("", at))
                if step and since < at:
                    self.stays.append((since, at, step))
            case e.ClockStarted(id=id):
                self.runs[id] = _Run(event, event.deadline, event.provisional)
            case e.ClockPaused(id=id, since=since, by=by):
                self.runs[id].breaks.append(Break(since))
                self.runs[id].held_by.append(tuple(by))
            case e.ClockResumed(id=id, since=since):
                self.runs[id].breaks[-1].end = since
                self.runs[id].aims(event)
            case e.ClockExtended(id=id):
                self.runs[id].more.append(event)
                self.runs[id].aims(event)
            case e.ClockRebased(id=id):
                self.runs[id].rebased.append(event)
                self.runs[id].aims(event)
            case e.ClocksMigrated(open=names):
                for id, name in names.items():
                    self.runs[id].started = structs.replace(self.runs[id].started, clock=name)
            case e.ClockMigrated(id=id, rungs=known):
                run = self.runs[id]
                run.rungs = [structs.replace(one, rung=known[one.rung]) for one in run.rungs if one.rung in known]
                if event.how == "rebase":
                    told = (event.limit, event.version, event.old, event.deadline, event.provisional)
                    run.rebased.append(e.ClockRebased(id, event.clock, event.at, "limit", *told))
                    run.aims(run.rebased[-1])
            case e.ClockRedated(id=id, since=since, note=note):
                run = self.runs[id]
                run.started = structs.replace(run.started, since=since, note=note)
                run.aims(event)
            case e.RungFired(id=id):
                self.runs[id].rungs.append(event)
            case e.ClockStopped(id=id) | e.ClockClosed(id=id):
                self.runs[id].closed = event
            case _:
                pass

    def at(self, start: datetime, end: datetime) -> tuple[str, ...]:
        """The steps at which the case stood all through a stretch in which it did not move."""
        left = {step for begin, over, step in self.stays if begin <= start and end <= over}
        return tuple(sorted(left | {step for step, begin in self.stood.values() if begin <= start}))

    def moves(self) -> Iterator[datetime]:
        for begin, end, _ in self.stays:
            yield from (begin, end)
        yield from (begin for _, begin in self.stood.values())


# --- cutting it into stretches --------------------------------------------------------------------


def _stayed(again: e.ClockRebased) -> bool:
    """Whether a run that was late already was only held against another calendar."""
    return again.deadline == again.old < again.at


def _account(process: Process, run: _Run, told: _Told, calendars: Mapping[str, Calendar], now: datetime) -> Account:
    started = run.started
    limit = run.rebased[-1].limit if run.rebased else started.limit
    clock = find_clock(process, started.clock) or _left(run)
    calendar = _calendar(calendar_name(process, clock, started.calendar), calendars)
    duration = parse_duration(limit)
    meter = metered(calendar, started.since, duration, clock.roll, [one.by for one in run.more], run.breaks)
    until = max(run.closed.at if run.closed is not None else now, started.since)
    paused = bool(run.breaks) and run.breaks[-1].end is None
    counts_from = calendar.term(started.since, duration).since
    # A day's end is written as its last microsecond; the day itself ends with the next.
    over = run.deadline + _MICRO if run.deadline.microsecond == 999_999 else run.deadline
    cuts = {started.since, until, counts_from, over, *told.moves()}
    cuts |= {moment for pause in run.breaks for moment in (pause.begin, pause.end) if moment is not None}
    inside = sorted(cut for cut in cuts if started.since <= cut <= until)
    pieces = [_piece(run, told, counts_from, None if paused else over, *ends) for ends in pairwise(inside)]
    return Account(
        clock=clock,
        run=started.run,
        token=started.token,
        limit=limit,
        since=started.since,
        until=until,
        deadline=run.deadline,
        status=_status(run, paused),
        breached=run.closed.breached if run.closed is not None else not paused and run.deadline < now,
        provisional=run.provisional,
        calendar=calendar,
        allowance=meter.allowance,
        stretches=tuple(_joined(calendar, duration.unit, pieces)),
        more=tuple(run.more),
        rebased=tuple(run.rebased),
        rungs=tuple(run.rungs),
        note=started.note,
        closed_by=run.closed.by if run.closed is not None else "",
        version=next((one.version for one in reversed(run.rebased) if not _stayed(one)), started.version),
    )


def _left(run: _Run) -> Clock:
    """A clock that only a version had which the case has left; what its rungs were is not known any more."""
    run.rungs = []
    return Clock(run.started.clock, {}, "target", parse_duration(run.started.limit), run.started.calendar)


def _calendar(name: str, calendars: Mapping[str, Calendar]) -> Calendar:
    if name and name not in calendars:
        raise LookupError(f"there is no calendar {name!r}")
    return calendars[name] if name else PLAIN


def _status(run: _Run, paused: bool) -> str:
    match run.closed:
        case e.ClockStopped():
            return "stopped"
        case e.ClockClosed(status=status):
            return status
        case _:
            return "paused" if paused else "running"


_Piece = tuple[datetime, datetime, str, tuple[str, ...]]


def _piece(
    run: _Run, told: _Told, counts_from: datetime, over: datetime | None, start: datetime, end: datetime
) -> _Piece:
    for pause, by in zip(run.breaks, run.held_by, strict=True):
        if pause.begin <= start and (pause.end is None or end <= pause.end):
            return start, end, PAUSED, by
    why = LATE if over is not None and start >= over else START_DAY if end <= counts_from else RUNS
    return start, end, why, told.at(start, end)


def _joined(calendar: Calendar, unit: str, pieces: Iterable[_Piece]) -> Iterator[Stretch]:
    """Neighbours that differ in nothing are one stretch."""
    for (why, steps), group in groupby(pieces, key=lambda piece: piece[2:]):
        same = list(group)
        start, end = same[0][0], same[-1][1]
        counts = why in (RUNS, LATE)
        counted = calendar.between(start, end, unit) if counts else ZERO
        days = tuple(_days(calendar, start, end, unit)) if counts and MEASURES[unit] != ELAPSED else ()
        yield Stretch(start, end, why, steps, counted, days)


def _days(calendar: Calendar, start: datetime, end: datetime, unit: str) -> Iterator[Days]:
    """Day by day; neighbours of one kind together, for a measure of working time with what each day gave."""
    assert isinstance(calendar, WorkCalendar)
    days = list(calendar.stretches(start, end, unit))
    for (kind, reason, _), group in groupby(days, key=lambda one: (one.day.kind, one.day.reason, one.counted)):
        same = list(group)
        elapsed = sum((one.end - one.start for one in same), ZERO)
        counted = sum((one.counted for one in same), ZERO)
        yield Days(same[0].date, same[-1].date, kind, dict(reason), elapsed, counted)


def measured(amount: timedelta, unit: str) -> str:
    """A measure, exact: `2.75wd`, `3h 20min`. Four places of days, rounded down."""
    if MEASURES[unit] in (DAYS, WORKING_DAYS):
        days = Decimal(amount // _MICRO) / Decimal(timedelta(days=1) // _MICRO)
        text = format(days.quantize(Decimal("0.0001"), ROUND_DOWN).normalize(), "f")
        return f"{text}{'wd' if MEASURES[unit] == WORKING_DAYS else 'd'}"
    return lasting(amount) + (" of working time" if unit == "wh" else "")


def lasting(amount: timedelta) -> str:
    """Elapsed time: `2d 3h 20min`; what is shorter than a second is left out."""
    seconds = int(amount.total_seconds())
    parts = ((seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
