"""What leads from one step to the next: ways, and those of each kind of step (see `graph`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.core.expressions import Expression
from engine.core.model import (
    AdHoc,
    Assign,
    Block,
    Call,
    Catch,
    Compute,
    Decide,
    Each,
    End,
    Fail,
    Fork,
    Human,
    Node,
    Parallel,
    Race,
    Service,
    Set,
    Switch,
    Trigger,
)  # fmt: skip
from engine.language.dataflow.needs import NONE, Names, tree_of
from engine.language.dataflow.reading import Read
from engine.language.document import Place

END = ""
"""The position behind the last step."""


@dataclass(frozen=True, slots=True)
class Given:
    """A condition that is looked at on the way, and how it came out; `where` it stands in the step."""

    when: Expression
    holds: bool
    where: Place | None = None  # None: it is not worked out here


@dataclass(frozen=True, slots=True)
class Beside:
    """A branch that flow passes by: what it may write, what it always does, and when it is taken."""

    may: Names
    must: Names
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Way:
    to: str
    writes: Names = NONE
    sets: tuple[tuple[str, Any], ...] = ()
    given: tuple[Given, ...] = ()
    reads: tuple[Read, ...] = ()
    beside: tuple[Beside, ...] = ()
    label: str = ""


class Around(Protocol):
    """What the ways of a step depend on around it."""

    children: Mapping[str, tuple[str, ...]]

    def after(self, node: Node, to: str | None = None) -> str: ...
    def end_of(self, scope: str) -> str: ...
    def may(self, ids: Iterable[str]) -> Names: ...
    def steps_of(self, first: str) -> tuple[str, ...]: ...
    def always(self, first: str, names: Names) -> Names: ...


def writes(node: Node) -> Names:
    """The fields that a step by itself may write, whatever comes of it."""
    spec = node.spec
    match spec:
        case Human():
            sets = (each.path[0] for outcome in spec.outcomes.values() for each in outcome.sets)
            return frozenset((*(path[0] for path in spec.form), *sets))
        case Set():
            return frozenset(each.path[0] for each in spec.assigns)
        case Compute() | Service() | Decide() | Call():
            return frozenset(path[0] for _, path in spec.into)
        case Catch():
            return into(spec.trigger)
        case Race():
            return frozenset(name for each in spec.options for name in into(each.trigger))
        case Each():
            return frozenset(path[0] for path, _ in spec.collect)
    return NONE


def into(trigger: Trigger) -> Names:
    """What a trigger brings; a field whose change it waits for has been written by then."""
    return frozenset((*(each.path[0] for each in trigger.into), *trigger.path[:1]))


def said(trigger: Trigger) -> str:
    return f"{trigger.kind} {trigger.name}".strip()


def _human(graph: Around, node: Node, spec: Human) -> Iterator[Way]:
    form = frozenset(path[0] for path in spec.form)
    if not spec.outcomes:
        yield Way(graph.after(node), form)
    for outcome in spec.outcomes.values():
        where = ("outcomes", outcome.name, "set")
        reads = tuple(
            (each.value, (*where, ".".join(each.path))) for each in outcome.sets if not each.value.reads & form
        )
        filled = NONE if outcome.check is not None else form  # `form: optional`
        yield Way(
            graph.after(node, outcome.next), filled | {each.path[0] for each in outcome.sets}, _constants(outcome.sets),
            reads=reads, label=outcome.name,
        )  # fmt: skip


def _set(graph: Around, node: Node, spec: Set) -> Iterator[Way]:
    done: set[str] = set()
    reads: list[Read] = []
    for each in spec.assigns:
        if not each.value.reads & done:
            reads.append((each.value, ("set", ".".join(each.path))))
        done.add(each.path[0])
    yield Way(graph.after(node), frozenset(done), _constants(spec.assigns), reads=tuple(reads))


def _constants(assigns: Iterable[Assign]) -> tuple[tuple[str, Any], ...]:
    """What is written that does not depend on anything."""
    found: dict[str, Any] = {}
    for each in assigns:
        found.pop(each.path[0], None)
        if len(each.path) == 1 and not each.value.reads and not each.value.ambient and tree_of(each.value.source):
            found[each.path[0]] = each.value.evaluate({})
    return tuple(found.items())


def _switch(graph: Around, node: Node, spec: Switch | Fork) -> Iterator[Way]:
    before: list[Given] = []
    for index, flow in enumerate(spec.flows):
        where = ("switch", index, "when")
        own = () if flow.when is None else (Given(flow.when, True, where),)
        label = "else" if flow.when is None else ""
        to = flow.next if flow.next is not None else graph.after(node, None)
        yield Way(to, given=(*before, *own), label=label)
        if flow.when is None:
            return
        if isinstance(spec, Switch):
            before.append(Given(flow.when, False, where))


def _catch(graph: Around, node: Node, spec: Catch) -> Iterator[Way]:
    given = () if spec.trigger.when is None else (Given(spec.trigger.when, True),)
    yield Way(graph.after(node), into(spec.trigger), given=given)


def _race(graph: Around, node: Node, spec: Race) -> Iterator[Way]:
    for each in spec.options:
        given = () if each.trigger.when is None else (Given(each.trigger.when, True),)
        yield Way(graph.after(node, each.next), into(each.trigger), given=given, label=said(each.trigger))


def _block(graph: Around, node: Node, spec: Block) -> Iterator[Way]:
    yield Way(spec.first)


def _each(graph: Around, node: Node, spec: Each) -> Iterator[Way]:
    yield Way(spec.body)
    yield Way(graph.after(node), writes(node))


def _adhoc(graph: Around, node: Node, spec: AdHoc) -> Iterator[Way]:
    inner = graph.may(graph.children.get(node.id, ()))
    yield from (Way(step, inner) for step in spec.steps)
    given = () if spec.until is None else (Given(spec.until, True),)
    yield Way(graph.after(node), inner, given=given)


def _parallel(graph: Around, node: Node, spec: Parallel) -> Iterator[Way]:
    firsts = [branch.first for branch in spec.branches]
    may = [graph.may(graph.steps_of(first)) for first in firsts]
    sides = []
    for index, branch in enumerate(spec.branches):
        others = frozenset().union(NONE, *(each for at, each in enumerate(may) if at != index))
        given = (
            () if branch.when is None else (Given(branch.when, True, ("parallel", "branches", branch.name, "when")),)
        )
        yield Way(branch.first, others, given=given, label=branch.name)
        must = graph.always(branch.first, may[index]) if spec.needs is None else NONE
        sides.append(Beside(may[index], must, branch.when))
    if spec.otherwise is not None:
        none = tuple(Given(each.when, False) for each in spec.branches if each.when is not None)
        yield Way(spec.otherwise, given=none, label="else")
        rest = graph.may(graph.steps_of(spec.otherwise))
        sides.append(Beside(rest, NONE))
    yield Way(graph.after(node), beside=tuple(sides))


def _ends(graph: Around, node: Node, spec: End) -> Iterator[Way]:
    yield Way(END if node.kind == "terminate" else graph.end_of(node.scope))


def _fails(graph: Around, node: Node, spec: Fail) -> Iterator[Way]:
    yield from ()


OUT: Mapping[type, Any] = {
    Human: _human, Set: _set, Switch: _switch, Fork: _switch, Catch: _catch, Race: _race, Block: _block, Each: _each,
    AdHoc: _adhoc, Parallel: _parallel, End: _ends, Fail: _fails,
}  # fmt: skip
"""The ways of each kind that does more than write and go on."""
