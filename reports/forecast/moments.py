"""Moments of a clock's run, and what was known of its case at each: what a forecast learns from, and what it is asked.

Theory of operation. A history is read row by row. Whatever is told of a moment is told from the rows before it, so that
nothing of what came later can be in it: a moment that was found stays as it is however the case goes on. Looked at are
the running clocks after each row with which the case came to another step, and at set shares of their time, counted on
the clock's own calendar. A run that is late is looked at no more: there is nothing left to foresee.

What is known is told in traits, short words that hold or do not: `used>=50` (half of the time is used up),
`step:assess`, `step:assess used>=50`. A model is a weight for each, which can be stored, and read, as plain numbers.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.core import events as core
from engine.core.durations import Calendar, Meter
from engine.core.env import Versions
from engine.core.events import Event
from reports.facts import take
from reports.reader import Reader
from sla.clock import CLOCKS
from sla.measure import meter_of
from sla.model import Clock, calendar_name, find_clock
from sla.runs import PLAIN
from sla.state import ClocksState, Run

LOOKS = tuple(Decimal(share) / 100 for share in (10, 25, 50, 75, 90))
"""At which shares of its time a run is looked at, beside each coming to a step."""
USED = (10, 25, 40, 50, 60, 70, 80, 90, 95)
"""Percent of its time that tell runs apart."""
USED_AT = (25, 50, 75, 90)
"""Percent that tell runs at one step apart."""
OPEN = (1, 2, 4, 8, 12, 16, 24, 40)
"""Working hours of the process's calendar until the deadline: a day that runs on over a holiday has none of them."""
HERE = (5, 10, 25, 50, 75)
"""How long the case has stood at its step, in percent of the time from the run's start to its deadline."""
TIMES = (1, 2, 3)
"""How often something has come about: pauses, visits that were not the first, extensions."""
STEP = "step:"

_MOVES = (core.StepEntered, core.StepLeft, core.StepCancelled, core.TokenMapped)


@dataclass(frozen=True, slots=True)
class Moment:
    """A run as it stood at a moment. `run`: its number within its case."""

    at: datetime
    run: int
    process: str
    clock: str
    traits: frozenset[str]

    @property
    def steps(self) -> list[str]:
        """The steps at which the case stood."""
        return sorted(trait[len(STEP) :] for trait in self.traits if trait.startswith(STEP) and " " not in trait)


@dataclass(slots=True)
class Watch:
    """A case as far as its history was read, with the moments found on the way."""

    versions: Versions
    calendars: Mapping[str, Calendar]
    reader: Reader = field(init=False)
    clocks: ClocksState = field(default_factory=ClocksState)
    found: list[Moment] = field(default_factory=list)
    last: datetime | None = None  # the moment of the last row
    looked: dict[int, int] = field(default_factory=dict)  # run -> how many of LOOKS are behind it

    def __post_init__(self) -> None:
        self.reader = Reader(self.versions)

    def take(self, at: datetime, events: Iterable[Event]) -> None:
        """Reads the next row of history."""
        self.found += sorted(self._shares(at), key=lambda moment: (moment.at, moment.run))
        self.last, moved = at, False
        for event in events:
            take(self.reader, at, event)
            applied = CLOCKS.apply.get(type(event))
            if applied is not None:
                applied(self.clocks, event)
            moved = moved or isinstance(event, _MOVES)
        if moved:
            self.found += self.now(at)

    def now(self, at: datetime) -> list[Moment]:
        """Every open run as it stands at a moment after the last row, but those that are late."""
        made = (self._moment(number, run, at) for number, run in sorted(self.clocks.open.items()))
        return [moment for moment in made if moment is not None]

    def _shares(self, before: datetime) -> Iterator[Moment]:
        """The moments before a row at which a run's time came to one of `LOOKS`."""
        for number, run in sorted(self.clocks.open.items()):
            counted = self._meter(run)
            while counted is not None and (place := self.looked.get(number, 0)) < len(LOOKS):
                reached = counted[2].reach(counted[1], LOOKS[place])
                if reached is None or reached.at >= before:
                    break
                self.looked[number] = place + 1
                # A share that was passed before the last row (a start in the past, say) was not to be seen then.
                seen = self.last is not None and reached.at > self.last
                made = self._moment(number, run, reached.at) if seen else None
                if made is not None:
                    yield made

    def _meter(self, run: Run) -> tuple[Clock, Calendar, Meter] | None:
        """None for a clock that its version does not have any more, or a calendar that is gone."""
        process = self.reader.process
        clock = find_clock(process, run.clock) if process is not None else None
        if process is None or clock is None:
            return None
        name = calendar_name(process, clock, run.calendar)
        calendar = self.calendars.get(name) if name else PLAIN
        return None if calendar is None else (clock, calendar, meter_of(calendar, clock, run))

    def _moment(self, number: int, run: Run, at: datetime) -> Moment | None:
        counted = self._meter(run)
        if counted is None or at < run.since or (run.paused is None and run.deadline <= at):
            return None
        used = int(counted[2].share_at(counted[1], at) * 100)
        traits = frozenset((*self._traits(run, used, at), *self._open(run, at)))
        return Moment(at, number, self.reader.name, run.clock, traits)

    def _open(self, run: Run, at: datetime) -> Iterable[str]:
        process = self.reader.process
        calendar = self.calendars.get(process.calendar) if process is not None and process.calendar else None
        if calendar is None or run.paused is not None:
            return ()
        left = calendar.between(at, run.deadline, "wh")
        return _least("open", int(left.total_seconds() // 3600), OPEN)

    def _traits(self, run: Run, used: int, at: datetime) -> Iterator[str]:
        reader = self.reader
        yield from _least("used", used, USED)
        span = max((run.deadline - run.since).total_seconds(), 1.0)
        for stay in reader.stays.values():
            yield f"{STEP}{stay.step}"
            yield from _least(f"{STEP}{stay.step} used", used, USED_AT)
            yield from _least("here", int(100 * (at - stay.since).total_seconds() / span), HERE)
            if stay.queue:
                yield f"queue:{stay.queue}"
                yield "taken" if stay.holder else "waiting"
        yield f"class:{reader.klass}"
        if run.paused is not None:
            yield "paused"
        yield from _least("pauses", len(run.breaks), TIMES)
        yield from _least("again", sum(times - 1 for times in reader.visited.values()), TIMES)
        yield from _least("extended", len(run.more), TIMES)


def _least(name: str, value: int, bounds: tuple[int, ...]) -> Iterator[str]:
    """`used>=10`, `used>=25` …: every bound that a value has come to."""
    return (f"{name}>={bound}" for bound in bounds[: bisect_right(bounds, value)])


def watch(
    versions: Versions, calendars: Mapping[str, Calendar], history: Iterable[tuple[datetime, Iterable[Event]]]
) -> Watch:
    """Reads a case's history, from its first row. Raises StoreError."""
    watched = Watch(versions, calendars)
    for at, events in history:
        watched.take(at, events)
    return watched
