"""Limits that the steps do not fit into: the longest way by their own limits and as measured, and the quickest of all.

Theory of operation. From where a clock starts to where it stops, a token spends on each step what the step's limit
allows, on a wait its length, and in what pauses the clock nothing. Lengths are laid end to end on a plain week of five
days of eight hours that begins on a Monday morning: the kindest week there is, so that days, working days and hours
can be compared, and a real one with holidays is only longer. Being later at a step never makes a token earlier
behind it, so the earliest arrival at each node is enough for the quickest way. For the longest one people choose the
longest, the data (at a switch) the shortest: whatever it says, people who keep every limit may take as long. Each
step is passed at most once, what leads back is left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.core.durations import Duration
from engine.core.model import Catch, Node, Race
from engine.language.problems import Problem
from engine.language.project import Project
from sla.calendar import WorkCalendar
from sla.checks_stops import begins_of, nodes_at
from sla.checks_ways import Way, Ways
from sla.model import Clock, clocks_of, limit_of

CODES = {
    "CW664": "a limit that even the quickest way overruns",
    "CW665": "a limit shorter than what the steps allow",
    "CW666": "a limit shorter than what the steps take",
}
WEEK = WorkCalendar("plain week", (), ZoneInfo("UTC"), (((540, 1020),),) * 5 + ((),) * 2)
MONDAY = datetime(2024, 1, 1, 9, tzinfo=UTC)
_TOLD = 8
"""Steps of a way that are told."""

_UNITS = {"s": "h", "min": "h", "h": "h", "wh": "wh", "d": "d", "mo": "d", "y": "d", "wd": "wd"}
"""In what the length of a way is told, by the unit of the limit."""

Spent = Callable[[Node, Way], Duration | None]
"""What a token spends on a node before it takes this way."""


def check(project: Project) -> Iterator[Problem]:
    """Which limits of clocks the steps cannot keep, may overrun within their own limits, or overrun as measured."""
    for name in sorted(project.processes):
        ways = project.once(Ways, name)
        measured = {step: length for (process, step), length in project.measured.items() if process == name}
        for clock in clocks_of(ways.process).by_name.values():
            if isinstance(clock.limit, Duration):
                yield from _Laid(project, ways, clock, clock.limit).problems(measured)


class _Leg(NamedTuple):
    """Where a token is, when, and what was spent where on the way."""

    at: datetime
    id: str
    spent: tuple[tuple[str, Duration], ...]


_Ahead = tuple[timedelta, Way, Duration | None]
"""From a node on: about how long it is, the way that was chosen, and what is spent before it."""


@dataclass(frozen=True, slots=True)
class _Laid:
    """One clock, laid on the plain week."""

    project: Project
    ways: Ways
    clock: Clock
    limit: Duration

    def problems(self, measured: Mapping[str, Duration]) -> Iterator[Problem]:
        begins, stops = begins_of(self.ways, self.clock), frozenset(nodes_at(self.ways, self.clock.until))
        if not begins or not stops or not self.ways.beside.isdisjoint(stops):
            return
        due = WEEK.due(MONDAY, self.limit, self.clock.roll).at
        quickest = self._quickest(begins, stops)
        if quickest is not None and quickest.at > due:
            how = f"even the quickest way waits {self._shown(quickest)}"
            yield self._told("CW664", how, "shorten the waits, or let them pause the clock")
            return
        longest = self._longest(begins, stops, self._allowed)
        if longest is not None and longest.at > due:
            how = f"the limits of its steps allow {self._shown(longest)}"
            yield self._told("CW665", how, "shorten the limits of the steps, or say in the process why: accepted")
        taken = self._longest(begins, stops, lambda node, _: self._counted(node, measured.get(node.id)))
        if taken is not None and taken.at > due:
            how = f"its steps take {self._shown(taken)}, by the median of what was measured"
            yield self._told("CW666", how, "begin the notices of the ladder earlier, or give the steps more hands")

    def _told(self, code: str, how: str, hint: str) -> Problem:
        message = f"clock {self.clock.name} gives {self.limit}, {how}"
        return self.project.problem(
            self.ways.process.name, "", ("clocks", self.clock.name, "limit"), code, message, hint=hint
        )

    def _shown(self, trip: _Leg) -> str:
        """The length of a way in the limit's own measure, and what it is made of."""
        unit = _UNITS[self.limit.unit] if self._agree(trip) else "d"
        since = MONDAY if unit in ("h", "wh") else WEEK.term(MONDAY, Duration(1, unit)).since
        length = WEEK.between(since, trip.at, unit)
        whole = length / timedelta(hours=1) if unit in ("h", "wh") else length / timedelta(days=1)
        steps = [f"{step} {spent}" for step, spent in trip.spent]
        if len(steps) > _TOLD:
            steps[_TOLD - 2 : -1] = ["…"]
        return f"{round(max(whole, 0), 1):g}{unit} ({' → '.join(steps)})"

    def _agree(self, trip: _Leg) -> bool:
        """Whether the steps of a way count on the calendar that the clock counts on."""
        limits = [limit_of(self.ways.process, step) for step, _ in trip.spent]
        return all(limit is None or limit.calendar in ("", self.clock.calendar or limit.calendar) for limit in limits)

    # --- what is spent ------------------------------------------------------------------------------

    def _counted(self, node: Node, length: Duration | None) -> Duration | None:
        """The length, if the clock counts it."""
        pause = self.clock.pause
        if pause is None or length is None:
            return length
        if pause.kind == "dates":
            return None if isinstance(node.spec, Catch | Race) else length
        return None if any(id in pause.steps for id in (node.id, *self.ways.around(node.id))) else length

    def _allowed(self, node: Node, way: Way) -> Duration | None:
        """The most: the step's limit; of a wait without one, its length or that of its way out in time."""
        limit = limit_of(self.ways.process, node.id)
        own = limit.limit if limit is not None and isinstance(limit.limit, Duration) else None
        own = own or self._waited(node, Way(None))
        if way.exit is not None and way.exit.trigger.kind == "after":
            own = _sooner(own, _length(way.exit.trigger.length))
        elif own is None and isinstance(node.spec, Catch | Race):
            for each in (*node.handlers, *(node.spec.options if isinstance(node.spec, Race) else ())):
                if each.trigger.kind == "after" and (each.next or isinstance(node.spec, Race)):
                    own = _sooner(own, _length(each.trigger.length))
        return self._counted(node, own)

    def _waited(self, node: Node, way: Way) -> Duration | None:
        """The least: what nobody can shorten."""
        trigger = (
            way.exit.trigger if way.exit is not None else node.spec.trigger if isinstance(node.spec, Catch) else None
        )
        if trigger is None or trigger.kind not in ("after", "every"):
            return None
        return self._counted(node, _length(trigger.length or trigger.every))

    # --- ways -----------------------------------------------------------------------------------------

    def _quickest(self, begins: list[str], stops: frozenset[str]) -> _Leg | None:
        """The earliest arrival, where people lose no time."""
        away = [each.next for each in self.ways.process.handlers if each.next]
        turn = count()  # who came first goes first
        queue = [(MONDAY, next(turn), _Leg(MONDAY, id, ())) for id in sorted({*begins, *away})]
        gone: set[str] = set()
        while queue:
            at, _, (_, id, spent) = heappop(queue)
            if id in gone:
                continue
            if id == _STOPPED:
                return _Leg(at, id, spent)
            gone.add(id)
            for way in self.ways.of(self.ways.nodes[id]) or [_ARRIVED]:
                leg = _later(at, id, spent, self._waited(self.ways.nodes[id], way))
                to = _STOPPED if id in stops else way.to
                if to is not None and to not in gone:
                    heappush(queue, (leg.at, next(turn), leg._replace(id=to)))
        return None

    def _longest(self, begins: list[str], stops: frozenset[str], spend: Spent) -> _Leg | None:
        """The longest that people can take, whatever the data says; each step passed at most once."""
        order, back = _sorted(self.ways, begins, stops)
        ahead: dict[str, _Ahead] = {}
        for id in order:
            free: list[_Ahead] = []
            bound: list[_Ahead] = []
            for way in self.ways.of(self.ways.nodes[id]) or [_ARRIVED]:
                length = spend(self.ways.nodes[id], way)
                if id in stops:
                    free.append((_rough(length), way, length))
                elif way.to in ahead and (id, way.to) not in back:
                    leg = (_rough(length) + ahead[way.to][0], way, length)
                    (free if way.free else bound).append(leg)
            choices = [*([max(free, key=_first)] if free else []), *([min(bound, key=_first)] if bound else [])]
            if choices:
                ahead[id] = max(choices, key=_first)
        begin = max((id for id in begins if id in ahead), key=lambda id: ahead[id][0], default=None)
        return None if begin is None else _along(begin, ahead, stops)


_STOPPED = "(stopped)"
_ARRIVED = Way(None)


def _later(at: datetime, id: str, spent: tuple[tuple[str, Duration], ...], length: Duration | None) -> _Leg:
    if length is None:
        return _Leg(at, id, spent)
    return _Leg(WEEK.due(at, length).at, id, (*spent, (id, length)))


def _along(begin: str, ahead: Mapping[str, _Ahead], stops: frozenset[str]) -> _Leg:
    """The way that was chosen, laid on the week."""
    leg, id = _Leg(MONDAY, begin, ()), begin
    while True:
        _, way, length = ahead[id]
        leg = _later(leg.at, id, leg.spent, length)
        if id in stops or way.to is None:
            return leg
        id = way.to


def _sorted(ways: Ways, begins: list[str], stops: frozenset[str]) -> tuple[list[str], set[tuple[str, str]]]:
    """The nodes up to where the clock stops, each before all that lead to it, and the ways that lead back."""
    order: list[str] = []
    back: set[tuple[str, str]] = set()
    open_, done = set[str](), set[str]()
    for begin in dict.fromkeys(begins):
        if begin in done:
            continue
        todo = [(begin, iter(_ways(ways, begin, stops)))]
        open_.add(begin)
        while todo:
            id, on = todo[-1]
            way = next(on, None)
            if way is None:
                todo.pop()
                open_.discard(id)
                done.add(id)
                order.append(id)
            elif way.to in open_:
                back.add((id, str(way.to)))
            elif way.to is not None and way.to not in done:
                open_.add(way.to)
                todo.append((way.to, iter(_ways(ways, way.to, stops))))
    return order, back


def _ways(ways: Ways, id: str, stops: frozenset[str]) -> list[Way]:
    return [] if id in stops else ways.of(ways.nodes[id])


def _first(leg: _Ahead) -> timedelta:
    return leg[0]


def _rough(length: Duration | None) -> timedelta:
    """About how long it is, to choose between ways; what is told is laid on the week."""
    return timedelta(0) if length is None else WEEK.due(MONDAY, length).at - MONDAY


def _length(length: object) -> Duration | None:
    return length if isinstance(length, Duration) else None


def _sooner(one: Duration | None, other: Duration | None) -> Duration | None:
    """The one that is over first, laid on the plain week."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda length: WEEK.due(MONDAY, length).at)
