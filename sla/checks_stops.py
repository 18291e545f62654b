"""Clocks that a case can end without stopping, whatever its data says; that nothing starts; that are held for ever.

Theory of operation. A clock is *missed* at a node if from there people and chance can bring the case to an end that
neither stops the clock nor is named in `void_on`: some free way leads to a node where it is missed, or all the ways of
a switch do. The least set of such nodes is found from the ends backwards, each with the way that put it in. Where
branches run side by side and one of them stops the clock, nothing is claimed of what follows them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.core.model import AdHoc, Catch, Each, End, Node, Parallel, Process, Race
from engine.language.problems import Problem
from engine.language.project import Project
from sla.checks import marked
from sla.checks_ways import HAPPENS, Way, Ways, said
from sla.checks_writes import written
from sla.model import Clock, Mark, clocks_of

CODES = {
    "CW661": "a clock that the case can end without stopping",
    "CW662": "a clock from a date that nothing writes",
    "CW663": "a clock that may be held for ever",
}
_SIDE_BY_SIDE = (Parallel, Each, AdHoc)
_TOLD = 7
"""Steps of a way that are told."""


def check(project: Project) -> Iterator[Problem]:
    """What is doubtful about how the clocks of each process stop, start and pause."""
    for name in sorted(project.processes):
        process = project.processes[name].process
        ways = project.once(Ways, name)
        writes: frozenset[tuple[str, ...]] | None = None
        for clock in clocks_of(process).by_name.values():
            yield from _unstopped(project, ways, clock)
            if clock.start_path or (clock.pause and clock.pause.kind == "dates"):
                writes = written(project, process) if writes is None else writes
                yield from _unwritten(project, process, clock, writes)
            yield from _held(project, ways, clock)


# --- stopping ---------------------------------------------------------------------------------------


class _Missed(NamedTuple):
    """Why a clock is missed at a node: the way on, and where it leads; of an end, its name."""

    way: Way | None
    end: str = ""


def _unstopped(project: Project, ways: Ways, clock: Clock) -> Iterator[Problem]:
    begins = begins_of(ways, clock)
    stops = nodes_at(ways, clock.until)
    if not begins or not stops or _by_itself(ways, stops):
        return
    missed = _missed(ways, clock, stops)
    for begin in begins:
        if begin in missed:
            story, end = _story(ways, missed, begin)
            how = f"end as {end!r}" if end else "end"
            message = f"clock {clock.name}: the case can {how} without stopping it: {story}"
            marks = " or ".join(f"{kind}.{name}" for kind, name in clock.until)
            hint = f"name the end in void_on, or let the way pass {marks}" if end else f"let the way pass {marks}"
            yield project.problem(
                ways.process.name, "", ("clocks", clock.name, "runs", "until"), "CW661", message, hint=hint
            )
            return


def begins_of(ways: Ways, clock: Clock) -> list[str]:
    """The nodes at which a token stands as the clock starts; none where that is not known."""
    process, kind = ways.process, clock.start[0]
    if kind == "case" or (kind == "date" and clock.start_path in process.start.form):
        return [process.first]
    if kind == "date":
        return []
    return [id for id in nodes_at(ways, (clock.start,)) if id not in ways.beside]


def nodes_at(ways: Ways, marks: Iterable[Mark]) -> list[str]:
    """The nodes where these marks lie."""
    return [node.id for mark in marks for node in marked(ways.process, mark)]


def _by_itself(ways: Ways, stops: Iterable[str]) -> bool:
    """Whether one of the stops lies where a handler runs by itself, beside the flow."""
    hosts: list[Process | Node] = [ways.process, *ways.nodes.values()]
    bodies = {each.body: each.trigger.kind for host in hosts for each in host.handlers if each.body}
    beside = [scope for id in stops if id in ways.beside for scope in (id, *ways.around(id))]
    return any(bodies.get(id, "message") not in ("message", "signal") for id in beside)


def _missed(ways: Ways, clock: Clock, stops: Iterable[str]) -> dict[str, _Missed]:
    safe = frozenset(stops)
    shared = _shared(ways, safe)
    missed: dict[str, _Missed] = {}
    for node in ways.nodes.values():
        spec = node.spec
        if isinstance(spec, End) and ways.ends_case(node) and node.id not in safe and spec.name not in clock.void_on:
            missed[node.id] = _Missed(None, spec.name)
    options = {
        node.id: [*_ways(ways, node, shared), *_bodies(ways, node)]
        for node in ways.nodes.values()
        if node.id not in safe and not ways.ends_case(node)
    }
    happening = [each for each in ways.process.handlers if each.trigger.kind in HAPPENS]
    entries = [Way(to, said(each)) for each in happening for to in (each.next, each.body) if to]
    before: dict[str | None, list[str]] = {}
    for id, here in options.items():
        for way in here:
            if way is not None:
                before.setdefault(way.to, []).append(id)
    todo = [*options]
    while todo:
        grown = []
        for id in todo:
            if id not in missed and (why := _why(ways, id, options[id], entries, missed)) is not None:
                missed[id] = _Missed(why)
                grown.append(id)
        entered = any(way.to in grown for way in entries)
        todo = [*options] if entered else [*dict.fromkeys(id for after in grown for id in before.get(after, ()))]
    return missed


def _why(
    ways: Ways, id: str, here: Iterable[Way | None], entries: Iterable[Way], missed: Mapping[str, _Missed]
) -> Way | None:
    """The way by which the clock is missed at a node, as far as it is known where else it is."""
    beside = id in ways.beside
    return _bad(here, missed, beside) or (None if beside else _bad(entries, missed, True))


def _bad(here: Iterable[Way | None], missed: Mapping[str, _Missed], beside: bool) -> Way | None:
    """A free way to where the clock is missed, or one of those on which all hangs; None if there is neither."""
    bound: list[Way | None] = []
    for way in here:
        if way is None:  # it may have stopped there
            bound.append(None)
        elif way.free:
            if _leads(way, missed, beside):
                return way
        else:
            bound.append(way if _leads(way, missed, beside) else None)
    return bound[0] if bound and None not in bound else None


def _leads(way: Way, missed: Mapping[str, _Missed], beside: bool) -> bool:
    return way.to in missed if way.to is not None else not beside


def _shared(ways: Ways, safe: frozenset[str]) -> frozenset[str]:
    """Scopes of what runs side by side in which the clock may stop."""
    holding = {scope for id in safe for scope in ways.around(id)}
    return frozenset(id for id in holding if isinstance(ways.nodes[id].spec, _SIDE_BY_SIDE))


def _ways(ways: Ways, node: Node, shared: frozenset[str]) -> Iterator[Way | None]:
    """The ways of a node; None in place of one that comes out of a scope in which the clock may have stopped."""
    if not shared:
        yield from ways.of(node)
        return
    for way in ways.of(node):
        inside = () if way.to is None else (way.to, *ways.around(way.to))
        left = [id for id in (node.id, *ways.around(node.id)) if id not in inside]
        out = way.exit is None or isinstance(node.spec, Race)
        if out and any(id in shared for id in left):
            yield None
        else:
            yield way


def _bodies(ways: Ways, node: Node) -> Iterator[Way]:
    for id in (node.id, *ways.around(node.id)):
        for each in ways.nodes[id].handlers:
            if each.body and each.trigger.kind in HAPPENS:
                yield Way(each.body, said(each))


def _story(ways: Ways, missed: Mapping[str, _Missed], begin: str) -> tuple[str, str]:
    """The way from a node to the end, as a story, and the end's name."""
    told, id, end = [], begin, ""
    while True:
        way, end = missed[id]
        shown = "/" not in id and (way is None or way.by or isinstance(ways.nodes[id].spec, Catch | Race))
        if shown or id == begin:
            told.append(f"{id} ({way.by})" if way is not None and way.by else id)
        if way is None or way.to is None:
            break
        id = way.to
    if len(told) > _TOLD:
        told[_TOLD - 2 : -1] = ["…"]
    return " → ".join(told), end


# --- starting and pausing -----------------------------------------------------------------------------


def _unwritten(
    project: Project, process: Process, clock: Clock, writes: frozenset[tuple[str, ...]]
) -> Iterator[Problem]:
    """Dates that a clock waits for, and nothing in the process sets."""

    def never(path: tuple[str, ...]) -> bool:
        return bool(path) and () not in writes and not any(_covers(one, path) for one in writes)

    field = ".".join(clock.start_path)
    if never(clock.start_path):
        message = f"clock {clock.name} never starts: nothing writes {field!r}"
        hint = "ask for the date in a form, or set it in a step"
        yield project.problem(process.name, "", ("clocks", clock.name, "runs", "from"), "CW662", message, hint=hint)
    pause = clock.pause
    if pause is None or pause.kind != "dates":
        return
    for key, path, what in (("from", pause.begin, "never pauses"), ("to", pause.end, "is held for ever")):
        if never(path):
            code = "CW663" if key == "to" else "CW662"
            message = f"clock {clock.name} {what}: nothing writes {'.'.join(path)!r}"
            hint = "ask for the date in a form, or set it in a step"
            yield project.problem(
                process.name, "", ("clocks", clock.name, "pauses_while", key), code, message, hint=hint
            )


def _covers(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    short = min(len(one), len(other))
    return one[:short] == other[:short]


def _held(project: Project, ways: Ways, clock: Clock) -> Iterator[Problem]:
    """Steps that hold a clock and may be left by nothing but what others send."""
    if clock.pause is None:
        return
    for step in sorted(clock.pause.steps):
        node = ways.nodes.get(step)
        if node is None or not isinstance(node.spec, Catch | Race) or _left_in_time(ways, node):
            continue
        message = f"clock {clock.name} may be held for ever: nothing ends {step!r} if what it waits for never comes"
        hint = f"give {step} a way out in time: meanwhile: [{{after: 30d, next: …}}]"
        yield project.problem(
            ways.process.name, "", ("clocks", clock.name, "pauses_while", clock.pause.kind), "CW663", message, hint=hint
        )


def _left_in_time(ways: Ways, node: Node) -> bool:
    own = [node.spec.trigger] if isinstance(node.spec, Catch) else []
    own += [each.trigger for each in node.spec.options] if isinstance(node.spec, Race) else []
    hosts: list[Process | Node] = [node, *(ways.nodes[id] for id in ways.around(node.id)), ways.process]
    own += [each.trigger for host in hosts for each in host.handlers if each.next]
    return any(trigger.kind not in ("message", "signal") for trigger in own)
