"""When the rungs of clocks are due, reckoned once more from raw history: events as JSON, and the YAML of the processes.

Written apart from the product and in another way: working time is walked through day by day, and each run of a clock is
gone through stretch by stretch between what changed it. Of the product it takes nothing but the stored history.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar

ZONE = ZoneInfo("Asia/Shanghai")
HOURS = (("09:00", "12:00"), ("13:30", "17:30"))
DAY = timedelta(days=1)
PUBLISHED = 2026
"""The last year whose holidays are known; beyond, weekdays are worked."""


class Almanac:
    """The bureau's working time: its hours on China's working days, but for the days on which it is closed."""

    def __init__(self, closed: Iterable[date]) -> None:
        self._closed = frozenset(closed)
        self._known: dict[date, list[tuple[datetime, datetime]]] = {}

    def open(self, day: date) -> list[tuple[datetime, datetime]]:
        """The stretches of a day in which work is done."""
        if day not in self._known:
            works = chinese_calendar.is_workday(day) if day.year <= PUBLISHED else day.weekday() < 5
            self._known[day] = (
                [(_at(day, a), _at(day, b)) for a, b in HOURS] if works and day not in self._closed else []
            )
        return self._known[day]

    def close(self, day: date, count: int) -> datetime:
        """The end of the work of so many working days after a day."""
        while count:
            day += DAY
            count -= bool(self.open(day))
        return self.open(day)[-1][1]

    def later(self, at: datetime, length: timedelta) -> datetime:
        """When so much working time has passed."""
        day = at.astimezone(ZONE).date()
        while True:
            for a, b in self.open(day):
                begin = max(a, at)
                if begin < b:
                    if length <= b - begin:
                        return begin + length
                    length -= b - begin
            day += DAY

    def earlier(self, at: datetime, length: timedelta) -> datetime:
        """The latest moment from which so much working time is left."""
        day = at.astimezone(ZONE).date()
        while True:
            for a, b in reversed(self.open(day)):
                end = min(b, at)
                if a < end:
                    if length <= end - a:
                        return end - length
                    length -= end - a
            day -= DAY


def _at(day: date, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZONE)


def length(text: str) -> tuple[float, str]:
    """30wh: 30 of wh"""
    unit = text.lstrip("0123456789")
    return float(text[: len(text) - len(unit)]), unit


@dataclass(frozen=True)
class Terms:
    """What a run is reckoned by for a while. `pauses` are over; `stays`: a deadline that has passed and moves no
    more."""

    almanac: Almanac
    since: datetime
    limit: str
    more: float = 0
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    held: bool = False
    stays: datetime | None = None

    def used(self, share: float) -> datetime:
        """When such a share of the limit is used up."""
        count, unit = length(self.limit)
        count = (count + self.more) * share
        if unit == "wd":
            whole = int(count)
            first = self.since.astimezone(ZONE).date()
            if not whole:
                return self.almanac.later(_at(first + DAY, "00:00"), self._part(first, count))
            end = self.almanac.close(first, whole)
            return self.almanac.later(end, self._part(end.date(), count - whole)) if count > whole else end
        time = timedelta(hours=count)
        if unit == "wh":
            return self.almanac.later(self.since, time)
        at = self.since + time
        for begin, end in self.pauses:
            at += end - begin if begin < at else timedelta()
        return at

    def _part(self, day: date, share: float) -> timedelta:
        """A share of the working time of the first working day after a day."""
        day = self.almanac.close(day, 1).date()
        return sum((b - a for a, b in self.almanac.open(day)), timedelta()) * share

    @property
    def deadline(self) -> datetime:
        return self.stays or self.used(1)

    def due(self, rung: Mapping[str, Any], repeat: int) -> datetime:
        """When a rung comes for that time, from 1."""
        word, _, offset = str(rung["at"]).partition(" ")
        if word.endswith("%"):
            first = min(self.used(float(word[:-1]) / 100), self.deadline)
        else:
            sign, _, by = offset.partition(" ")
            first = self._shifted(self.deadline, by, sign == "-") if by else self.deadline
        return self._shifted(first, rung["every"], False, repeat - 1) if repeat > 1 else first

    def _shifted(self, at: datetime, by: str, back: bool, times: int = 1) -> datetime:
        count, unit = length(by)
        if unit == "wd":
            assert not back
            return self.almanac.close(at.astimezone(ZONE).date(), int(count) * times)
        time = timedelta(hours=count * times)
        if unit == "wh":
            return self.almanac.earlier(at, time) if back else self.almanac.later(at, time)
        return at - time if back else at + time


@dataclass
class Told:
    """A run of a clock as its case's history tells it."""

    case: str
    process: str
    clock: str
    changes: list[tuple[str, datetime, Any]] = field(default_factory=list)
    """What changed how it is reckoned, in order: kind, moment, and what there is to know."""
    fired: dict[tuple[int, int], datetime] = field(default_factory=dict)
    """(rung, repeat) -> when it came."""
    wrong: list[str] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        return self.changes[-1][0] in ("ClockStopped", "ClockClosed")


def told(case: str, rows: Iterable[bytes], again: Mapping[datetime, datetime]) -> list[Told]:
    """The runs of a case, from the events of its rows. `again`: the moments of those who went on where somebody was
    killed, each with the moment that was begun then; what was done at both is taken to be done at one."""
    runs: dict[int, Told] = {}

    def moment(text: str) -> datetime:
        return again.get(_when(text), _when(text))

    process = ""
    for text in rows:
        for event in json.loads(text):
            kind = event["type"]
            if kind == "CaseStarted":
                process = event["process"]
            elif kind == "ClockStarted":
                runs[event["id"]] = Told(case, process, event["clock"], [(kind, moment(event["at"]), event)])
            elif kind in (
                "ClockPaused",
                "ClockResumed",
                "ClockExtended",
                "ClockRebased",
                "ClockStopped",
                "ClockClosed",
            ):
                runs[event["id"]].changes.append((kind, moment(event["at"]), event))
            elif kind == "RungFired":
                _fired(runs[event["id"]], event, moment(event["at"]))
    return list(runs.values())


def _fired(run: Told, event: Any, at: datetime) -> None:
    for repeat in range(event["repeat"] - event.get("missed", 0), event["repeat"] + 1):
        if (event["rung"], repeat) in run.fired:
            run.wrong.append(f"rung {event['rung']} came twice for its time {repeat}")
        run.fired[event["rung"], repeat] = at


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def expected(
    run: Told, ladder: Sequence[Mapping[str, Any]], almanacs: tuple[Almanac, Almanac], changed: datetime,
    moments: list[datetime],
) -> dict[tuple[int, int], datetime]:  # fmt: skip
    """When each rung is to have come, and each of its times: at the first of the moments at which it is due, while the
    run is open and not held. `almanacs`: before the calendar changed, and since. A run that was open then follows the
    new one from when it was counted again."""
    found: dict[tuple[int, int], datetime] = {}
    for terms, begin, end in _stretches(run, almanacs, changed, moments[-1]):
        for number, rung in enumerate(ladder):
            for repeat in range(1, rung.get("times", 1) + 1):
                if (number, repeat) in found:
                    continue
                due = terms.due(rung, repeat)
                at = begin if due <= begin else moments[bisect_left(moments, due)] if due <= moments[-1] else None
                if at is None or at > end:
                    break
                found[number, repeat] = at
    return found


def _stretches(
    run: Told, almanacs: tuple[Almanac, Almanac], changed: datetime, last: datetime
) -> Iterator[tuple[Terms, datetime, datetime]]:
    """(terms, from, to) of the times in which a run is not held, and nothing changes how it is reckoned."""
    _, at, event = run.changes[0]
    terms = Terms(almanacs[at >= changed], _when(event["since"]), event["limit"])
    for kind, moment, event in [*run.changes[1:], *([] if run.closed else [("", last, {})])]:
        if not terms.held:
            waits = terms.almanac is almanacs[0] and moment > changed  # nothing comes until it is counted again
            if not waits or at <= changed:
                yield terms, at, min(moment, changed) if waits else moment
        terms, at = _changed(terms, kind, moment, event, almanacs[1]), moment


def _changed(terms: Terms, kind: str, at: datetime, event: Any, new: Almanac) -> Terms:
    if kind == "ClockPaused":
        begin = _when(event["since"])
        if begin >= terms.deadline:
            return terms  # the time is used up: there is nothing to hold
        return replace(terms, held=True, pauses=(*terms.pauses, (begin, begin)))
    if kind == "ClockResumed" and terms.held:
        begin = terms.pauses[-1][0]
        return replace(terms, held=False, pauses=(*terms.pauses[:-1], (begin, _when(event["since"]))))
    if kind == "ClockExtended":
        return replace(terms, more=terms.more + length(event["by"])[0])
    if kind == "ClockRebased":
        late = not terms.held and terms.deadline < at
        return replace(terms, almanac=new, stays=terms.deadline if late else None)
    return terms


def faults(
    run: Told, ladder: Sequence[Mapping[str, Any]], almanacs: tuple[Almanac, Almanac], changed: datetime,
    recounted: datetime, moments: list[datetime],
) -> Iterator[str]:  # fmt: skip
    """What is wrong with how a run climbed its ladder."""
    name = f"{run.clock} of {run.case}"
    yield from (f"{name}: {wrong}" for wrong in run.wrong)
    begun, end = run.changes[0][1], run.changes[-1][1] if run.closed else moments[-1]
    follows = [at for kind, at, _ in run.changes if kind == "ClockRebased"]
    if begun < changed and end > recounted and (len(follows) != 1 or not changed <= follows[0] <= recounted):
        yield f"{name}: counted again at {follows}"
    wanted = expected(run, ladder, almanacs, changed, moments)
    for key in sorted(wanted.keys() | run.fired.keys()):
        if wanted.get(key) != run.fired.get(key):
            yield f"{name}: rung {key} came at {run.fired.get(key)}, to come at {wanted.get(key)}"
