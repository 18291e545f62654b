"""What of a process scenarios can go through: its steps, ways, outcomes, handlers, rows of tables and rungs."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from engine.core.model import Decide, Fork, Human, Parallel, Process, Race, Switch
from sla.model import Clock, clocks_of, limit_of
from workbench.drawing.chart import when

KINDS = ("step", "branch", "outcome", "handler", "row", "rung")
TITLES: Mapping[str, str] = {
    "step": "steps", "branch": "branches", "outcome": "outcomes", "handler": "meanwhile handlers",
    "row": "rows of tables", "rung": "rungs of clocks",
}  # fmt: skip


class Item(NamedTuple):
    """One thing to go through. `place`: the step, table or clock, "" for the process; `name` within it: the outcome,
    the place of a way from 0, `/1` for the first handler, the number of a row or rung."""

    kind: str
    place: str
    name: str = ""


def items(process: Process) -> dict[Item, str]:
    """Everything that can be gone through, in the order of the file, each in a few words."""
    return dict(_items(process))


def clocks(process: Process) -> Iterator[Clock]:
    """The clocks of the process, and those that the limits of its steps make."""
    yield from clocks_of(process).by_name.values()
    for name in process.nodes:
        limit = limit_of(process, name)
        if limit is not None:
            yield limit


def _items(process: Process) -> Iterator[tuple[Item, str]]:
    tables: dict[str, int] = {}
    yield from _handlers("", process)
    for node in process.nodes.values():
        if "/" in node.id:
            continue
        yield Item("step", node.id), node.id
        spec = node.spec
        if isinstance(spec, Switch | Fork):
            for place, flow in enumerate(spec.flows):
                words = flow.when.source if flow.when else "else" if isinstance(spec, Switch) else f"→ {flow.next}"
                yield Item("branch", node.id, str(place)), f"{node.id}: {words}"
            if isinstance(spec, Fork) and spec.otherwise:
                yield Item("branch", node.id, "else"), f"{node.id}: else"
        elif isinstance(spec, Race):
            for place, option in enumerate(spec.options):
                yield Item("branch", node.id, str(place)), f"{node.id}: {when(option, 'en')}"
        elif isinstance(spec, Parallel) and any(branch.when for branch in spec.branches):
            for branch in spec.branches:
                yield Item("branch", node.id, branch.name), f"{node.id}: {branch.name}"
            if spec.otherwise:
                yield Item("branch", node.id, "else"), f"{node.id}: else"
        elif isinstance(spec, Human):
            for outcome in spec.outcomes:
                yield Item("outcome", node.id, outcome), f"{node.id}: {outcome}"
        elif isinstance(spec, Decide):
            tables[spec.table.name] = max(len(spec.table.rules), tables.get(spec.table.name, 0))
        yield from _handlers(node.id, node)
    for table, rows in tables.items():
        for row in range(1, rows + 1):
            yield Item("row", table, str(row)), f"{table}: row {row}"
    for clock in clocks(process):
        for place, rung in enumerate(clock.ladder):
            yield Item("rung", clock.name, str(place)), f"{clock.name}: {rung.at}"


def _handlers(place: str, host: object) -> Iterator[tuple[Item, str]]:
    for number, handler in enumerate(getattr(host, "handlers", ()), 1):
        yield Item("handler", place, f"/{number}"), f"{place or 'the process'}: {when(handler, 'en')}"
