"""What is wrong with clocks only when the whole process is known: those that never start or never stop, and two of one
name."""

from collections.abc import Iterable, Iterator, Mapping

from engine.core.model import (
    AdHoc,
    Block,
    Each,
    End,
    Fork,
    Handler,
    Human,
    Milestone,
    Node,
    Parallel,
    Process,
    Race,
    Switch,
)  # fmt: skip
from engine.language.extension import Context, Where
from sla.model import PART, Clock, Mark, clocks_of

CODES = {
    "CW721": "a clock that never starts",
    "CW722": "a clock that never stops",
    "CW723": "two clocks of one name",
}

_Ways = Mapping[str, list[str]]
"""Where a token may go from each node."""


def check(context: Context, process: Process) -> None:
    """Reports with `context.problem`."""
    clocks = clocks_of(process).by_name.values()
    ways = {id: [*_after(process, node)] for id, node in process.nodes.items()} if clocks else {}
    every = _reachable(ways, _entries(process))
    for clock in clocks:
        where: Where = ("clocks", clock.name)
        _marks(context, process, clock, where, ways, every)
        if clock.name in process.nodes and PART in process.nodes[clock.name].parts:
            context.problem(where, "CW723", f"the limit of step {clock.name!r} is a clock of that name too")


def _marks(context: Context, process: Process, clock: Clock, where: Where, ways: _Ways, every: frozenset[str]) -> None:
    begins = _entries(process)
    if clock.start[0] in ("milestone", "step"):
        begins = [node.id for node in marked(process, clock.start)]
        if not any(id in every for id in begins):
            context.problem((*where, "runs", "from"), "CW721", f"{clock.start[1]!r} is never reached")
            return
    met = _reachable(ways, begins)
    if clock.start[0] == "milestone":
        met = _reachable(ways, [after for id in begins for after in ways[id]])
    if not _beside(process, ways).isdisjoint(begins):
        met |= every
    if clock.until and not any(node.id in met for mark in clock.until for node in marked(process, mark)):
        names = " or ".join(repr(name) for _, name in clock.until)
        context.problem(
            (*where, "runs", "until"), "CW722", f"this clock never stops: no way leads from its start to {names}"
        )
    both = set(clock.until) & set(clock.restarts_on)
    for _, name in sorted(both):
        context.problem((*where, "restarts_on"), "CW722", f"this clock never rests: {name!r} stops and restarts it")


def marked(process: Process, mark: Mark) -> Iterator[Node]:
    """The nodes where a mark lies."""
    kind, name = mark
    for node in process.nodes.values():
        match node.spec:
            case Milestone(name=found) if kind == "milestone":
                here = found == name
            case End(name=found) if kind == "end":
                here = found == name
            case _:
                here = kind == "step" and node.id == name
        if here:
            yield node


# --- ways through the graph -----------------------------------------------------------------------


def _entries(process: Process) -> list[str]:
    return [process.first, *process.reopen, *_led_to(process.handlers)]


def _reachable(ways: _Ways, begins: Iterable[str]) -> frozenset[str]:
    """Every node to which some way leads, whatever the conditions on it say."""
    seen: set[str] = set()
    todo = [*begins]
    while todo:
        id = todo.pop()
        if id not in seen and id in ways:
            seen.add(id)
            todo += ways[id]
    return frozenset(seen)


def _after(process: Process, node: Node) -> Iterator[str]:
    """Where a token may go from a node: on, into it, out of its scope, or away with one of the handlers."""
    ways: list[str | None] = [node.next, node.scope, node.undo, *_led_to(node.handlers), *_led_to(process.handlers)]
    match node.spec:
        case Human(outcomes=outcomes):
            ways.extend(outcome.next for outcome in outcomes.values())
        case Race(options=options):
            ways.extend(_led_to(options))
        case Switch(flows=flows):
            ways.extend(flow.next for flow in flows)
        case Fork(flows=flows, otherwise=otherwise):
            ways += [otherwise, *(flow.next for flow in flows)]
        case Parallel(branches=branches, otherwise=otherwise):
            ways += [otherwise, *(branch.first for branch in branches)]
        case Each(body=body):
            ways.append(body)
        case Block(first=first):
            ways.append(first)
        case AdHoc(steps=steps):
            ways.extend(steps)
    return (way for way in ways if way)


def _beside(process: Process, ways: _Ways) -> frozenset[str]:
    """What the process's own handlers do while its flow goes on: wherever that stands, it may go on from there."""
    return _reachable(ways, [handler.body for handler in process.handlers if handler.body])


def _led_to(handlers: Iterable[Handler]) -> list[str]:
    return [id for handler in handlers for id in (handler.next, handler.body) if id]
