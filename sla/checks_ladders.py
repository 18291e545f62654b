"""Ladders whose rungs come too late or in the wrong order, and clocks that watch the same for the same clause.

Rungs are laid on the plain week, as limits are (`sla.checks_lengths`); of a limit that the data gives, only those are
compared that are counted from the same point.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations, pairwise
from typing import NamedTuple

from engine.core.durations import Duration, Meter
from engine.core.model import Catch, Handler, Race
from engine.language.document import Place
from engine.language.problems import Problem
from engine.language.project import Project
from sla.checks_lengths import MONDAY, WEEK
from sla.checks_ways import Ways
from sla.model import CASE, Clock, Rung, clocks_of, limit_of

CODES = {
    "CW667": "clocks that watch the same for one clause",
    "CW668": "a rung at or before the one above it",
    "CW669": "a rung that comes when the step or the case is over",
}


def check(project: Project) -> Iterator[Problem]:
    """What is doubtful about the ladders and the number of a process's clocks."""
    for name in sorted(project.processes):
        process = project.processes[name].process
        ways = project.once(Ways, name)
        clocks = clocks_of(process).by_name
        for clock in clocks.values():
            yield from _ladder(_Laid(project, ways, clock, "", ("clocks", clock.name, "ladder")))
        for id in process.nodes:
            limit = limit_of(process, id)
            if limit is not None:
                yield from _ladder(_Laid(project, ways, limit, id, ("limit", "ladder")))
        for one, other in combinations(clocks.values(), 2):
            if _alike(one, other):
                shared = ", ".join(sorted(set(one.clauses) & set(other.clauses)))
                limits = "the same limit" if str(one.limit) == str(other.limit) else f"{one.limit} and {other.limit}"
                message = f"clocks {one.name} and {other.name} watch the same for clause {shared}, with {limits}"
                hint = "keep the stricter one, or say what sets them apart: when, runs, clauses"
                yield project.problem(name, "", ("clocks", other.name), "CW667", message, hint=hint)


class _Laid(NamedTuple):
    """A clock and where its ladder stands."""

    project: Project
    ways: Ways
    clock: Clock
    step: str
    where: Place

    def problem(self, rung: int, code: str, message: str, hint: str) -> Problem:
        process, keys = self.ways.process.name, (*self.where, rung, "at")
        named = f"limit of {self.step}" if self.step else f"clock {self.clock.name}"
        return self.project.problem(process, self.step, keys, code, f"{named}: {message}", hint=hint)


def _ladder(laid: _Laid) -> Iterator[Problem]:
    rungs = laid.clock.ladder
    for place, (above, rung) in enumerate(pairwise(rungs), 1):
        if _not_after(laid.clock, above, rung):
            message = f"the rung at {rung.at!r} comes no later than the one above it, at {above.at!r}"
            yield laid.problem(place, "CW668", message, "write the rungs in the order in which they come")
    stay = _stay(laid)
    for place, rung in enumerate(rungs):
        at = _at(laid.clock, rung)
        if at is not None and rung.back and at < MONDAY:
            message = f"the rung at {rung.at!r} lies before the clock begins"
            yield laid.problem(place, "CW668", message, "count it from the start (4h), or in percent")
        elif at is not None and stay is not None and at > WEEK.due(MONDAY, stay).at:
            what = f"step {laid.step}" if laid.step else "the case"
            message = f"the rung at {rung.at!r} never comes: {what} is over {stay} after it began"
            yield laid.problem(place, "CW669", message, "put the rung before that, or take it out")


def _not_after(clock: Clock, above: Rung, rung: Rung) -> bool:
    one, other = _at(clock, above), _at(clock, rung)
    if one is not None and other is not None:
        return other <= one
    if above.from_ == rung.from_ == "share":
        return rung.share <= above.share
    if above.from_ == "due" and rung.from_ == "share":
        return not above.back
    if above.from_ == rung.from_:
        return _around(rung) <= _around(above)
    return False


def _around(rung: Rung) -> datetime:
    """A rung's place beside the deadline or the start, wherever that is."""
    return MONDAY if rung.offset is None else WEEK.shift(MONDAY, rung.offset, rung.back).at


def _at(clock: Clock, rung: Rung) -> datetime | None:
    """When a rung comes on the plain week; None where the limit is not known beforehand."""
    if rung.from_ == "start":
        return None if rung.offset is None else WEEK.due(MONDAY, rung.offset).at
    if not isinstance(clock.limit, Duration):
        return None
    if rung.from_ == "share":
        reached = Meter.start(WEEK, MONDAY, clock.limit, clock.roll).reach(WEEK, rung.share)
        return None if reached is None else reached.at
    due = WEEK.due(MONDAY, clock.limit, clock.roll).at
    return due if rung.offset is None else WEEK.shift(due, rung.offset, rung.back).at


def _stay(laid: _Laid) -> Duration | None:
    """The longest that a step, or the case that a clock began with, can go on; None where nothing ends it in time."""
    ways, found = laid.ways, list[Handler]()
    own: list[Duration | None] = []
    if laid.step:
        node = ways.nodes[laid.step]
        found = [*node.handlers]
        if isinstance(node.spec, Race):
            own = [_after(each) for each in node.spec.options]
        elif isinstance(node.spec, Catch) and node.spec.trigger.kind == "after":
            own = [_length(node.spec.trigger.length)]
    elif laid.clock.start == CASE:
        found = [each for each in ways.process.handlers if each.next and ways.ends_case(ways.nodes[each.next])]
    own += [_after(each) for each in found if each.next]
    return min((each for each in own if each is not None), key=lambda length: WEEK.due(MONDAY, length).at, default=None)


def _after(handler: Handler) -> Duration | None:
    return _length(handler.trigger.length) if handler.trigger.kind == "after" else None


def _length(length: object) -> Duration | None:
    return length if isinstance(length, Duration) else None


def _alike(one: Clock, other: Clock) -> bool:
    return (
        not set(one.clauses).isdisjoint(other.clauses)
        and (one.start, set(one.until)) == (other.start, set(other.until))
        and _source(one) == _source(other)
        and one.pause == other.pause
    )


def _source(clock: Clock) -> str:
    return "" if clock.when is None else clock.when.source.strip()
