"""The ways that flow may take from step to step, with what each writes and takes for granted.

Theory of operation. A *position* is a step that flow comes to. From each lead its *ways*: what may be written on it
(`writes`), constants among that (`sets`), conditions that came out so (`given`), and the expressions worked out before
anything is written (`reads`). A way errs on the side of writing more than is written: whoever asks for a path on which
something is *not* written then asks too little and never wrongly.

- A block is walked through. Behind a `parallel` flow goes on as if each branch had run by itself: `beside` says what
  the branches write, always or perhaps. Within a branch whatever the others may write counts as written.
- An `each` may have no items; what its instances write stays with them. Steps of an `adhoc` block come in any order.
- A handler may fire when its host is entered; one for errors and escalations where these are raised, one for conditions
  and changes at any step within. Its body runs beside; only that of an error leads on behind its host.
- A reopened case goes on with the data that it ended with: from every end to the steps under `reopen`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

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
    Escalate,
    Fail,
    Fork,
    Handler,
    Human,
    Node,
    Parallel,
    Process,
    Race,
    Service,
    Set,
    Switch,
    Trigger,
)
from engine.language.dataflow.needs import NONE, Names, tree_of
from engine.language.dataflow.reading import Read
from engine.language.document import Place

END = ""
"""The position behind the last step."""
_OUTSIDE = ("after", "at", "every", "message", "signal")
_RAISES = (Fail, Service, Call)


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


@dataclass(eq=False)
class Graph:
    """The ways of one process."""

    process: Process
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[str, list[str]] = {}
        for node in self.process.nodes.values():
            found.setdefault(node.scope, []).append(node.id)
        self.children = {scope: tuple(ids) for scope, ids in found.items()}
        self._ways: dict[str, tuple[Way, ...]] = {}
        self._may: dict[str, Names] = {}

    def ways(self, position: str) -> tuple[Way, ...]:
        found = self._ways.get(position)
        if found is None:
            found = self._ways[position] = tuple(self._out(position))
        return found

    def inside(self, scope: str) -> Iterator[Node]:
        """Every step within, at any depth, bodies of handlers included."""
        for id in self.children.get(scope, ()):
            yield self.process.nodes[id]
            if id != scope:
                yield from self.inside(id)

    def may(self, ids: Iterable[str]) -> Names:
        """What these steps, and all that stands in them, may write."""
        found = NONE
        for id in ids:
            if id not in self._may:
                node = self.process.nodes[id]
                inner = {each.id for each in self.inside(id)}
                own = writes(node) | frozenset(n for each in node.handlers for n in _into(each.trigger))
                self._may[id] = own | self.may(inner)
            found |= self._may[id]
        return found

    # --- one step ---------------------------------------------------------------------------------------

    def _out(self, position: str) -> Iterator[Way]:
        if position == END:
            yield from (Way(step, label="reopened") for step in self.process.reopen)
            return
        node = self.process.nodes.get(position)
        if node is None:
            return  # the end of a scope behind which flow does not simply go on
        kind = _OUT.get(type(node.spec))
        if kind is not None:
            yield from kind(self, node, node.spec)
        else:
            yield Way(self.after(node), writes(node))
        yield from self._meanwhile(node.id, node.handlers)
        if position == self.process.first:
            yield from self._meanwhile("", self.process.handlers)
        yield from self._raised(node)

    def after(self, node: Node, to: str | None = None) -> str:
        """The position behind a step; `to`: the step that it names itself."""
        target = to or node.next
        if target is not None:
            return target
        return self._end_of(node.scope)

    def _end_of(self, scope: str) -> str:
        """The position behind the end of a scope; one of its own where flow does not simply go on."""
        if scope == "":
            return END
        host = self.process.nodes[scope]
        if isinstance(host.spec, Block) and "/" not in scope:
            return self.after(host)
        body = self._host_of_error.get(scope)
        if body is not None:
            return self.after(self.process.nodes[body]) if body else END
        return f"{scope}|end"

    @cached_property
    def _host_of_error(self) -> dict[str, str]:
        """The bodies of handlers of errors, with their hosts: flow goes on behind the host."""
        hosts = [("", self.process.handlers), *((node.id, node.handlers) for node in self.process.nodes.values())]
        return {
            each.body: host for host, found in hosts for each in found if each.body and each.trigger.kind == "error"
        }

    # --- handlers ----------------------------------------------------------------------------------------

    def _meanwhile(self, host: str, handlers: Iterable[Handler]) -> Iterator[Way]:
        """Handlers that may fire as soon as their host is entered."""
        for handler in handlers:
            if handler.trigger.kind in _OUTSIDE:
                yield from self._fired(host, handler)

    def _raised(self, node: Node) -> Iterator[Way]:
        """Handlers around a step, and its own, that what happens at the step sets off."""
        host: str = node.id
        while True:
            handlers = self.process.nodes[host].handlers if host else self.process.handlers
            for handler in handlers:
                if _sets_off(node, handler.trigger):
                    yield from self._fired(host, handler)
            if not host:
                return
            host = self.process.nodes[host].scope

    def _fired(self, host: str, handler: Handler) -> Iterator[Way]:
        target = handler.next or (handler.body and self.process.nodes[handler.body].id)
        if target:
            trigger = handler.trigger
            given = (Given(trigger.when, True),) if trigger.when is not None else ()
            yield Way(target, _into(trigger), given=given, label=_said(trigger))

    # --- branches ----------------------------------------------------------------------------------------

    def steps_of(self, first: str) -> tuple[str, ...]:
        """The steps that follow each other from this one within its scope."""
        scope = self.process.nodes[first].scope
        seen: dict[str, None] = {}
        todo = [first]
        while todo:
            id = todo.pop()
            if id in seen or id not in self.process.nodes or self.process.nodes[id].scope != scope:
                continue
            seen[id] = None
            todo.extend(_targets(self.process.nodes[id]))
        return tuple(seen)

    def always(self, first: str, names: Names) -> Names:
        """Those of the names that are written on every way from a step to the end of its scope."""
        scope = self.process.nodes[first].scope
        inside = {node.id for node in self.inside(scope)}
        return frozenset(name for name in names if not self._avoids(first, name, inside))

    def _avoids(self, first: str, name: str, inside: set[str]) -> bool:
        seen: set[str] = set()
        todo = [first]
        while todo:
            position = todo.pop()
            if position in seen:
                continue
            seen.add(position)
            if position not in inside:
                if position.endswith("|end"):
                    return True
                continue
            for way in self.ways(position):
                by = any(name in side.may and (side.when is None or name not in side.must) for side in way.beside)
                if name not in way.writes and not by:
                    todo.append(way.to)
        return False


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
            return _into(spec.trigger)
        case Race():
            return frozenset(name for each in spec.options for name in _into(each.trigger))
        case Each():
            return frozenset(path[0] for path, _ in spec.collect)
    return NONE


def _into(trigger: Trigger) -> Names:
    """What a trigger brings; a field whose change it waits for has been written by then."""
    return frozenset((*(each.path[0] for each in trigger.into), *trigger.path[:1]))


def _sets_off(node: Node, trigger: Trigger) -> bool:
    """Whether what happens at a step may set a handler off."""
    if trigger.kind == "error":
        named = node.spec.name if isinstance(node.spec, Fail) else ""
        return isinstance(node.spec, _RAISES) and (not named or trigger.name in ("", named))
    if trigger.kind == "escalation":
        return isinstance(node.spec, Escalate) and trigger.name in ("", node.spec.name)
    return trigger.kind in ("when", "changed")


def _said(trigger: Trigger) -> str:
    return f"{trigger.kind} {trigger.name}".strip()


def _targets(node: Node) -> Iterator[str]:
    """The steps that a step leads to within its scope."""
    spec = node.spec
    found: list[str | None] = [node.next]
    match spec:
        case Human():
            found += [outcome.next for outcome in spec.outcomes.values()]
        case Switch() | Fork():
            found += [flow.next for flow in spec.flows]
        case Race():
            found += [each.next for each in spec.options]
    found += [handler.next for handler in node.handlers]
    yield from (each for each in found if each)


# --- the ways of each kind ------------------------------------------------------------------------------


def _human(graph: Graph, node: Node, spec: Human) -> Iterator[Way]:
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


def _set(graph: Graph, node: Node, spec: Set) -> Iterator[Way]:
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


def _switch(graph: Graph, node: Node, spec: Switch | Fork) -> Iterator[Way]:
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


def _catch(graph: Graph, node: Node, spec: Catch) -> Iterator[Way]:
    given = () if spec.trigger.when is None else (Given(spec.trigger.when, True),)
    yield Way(graph.after(node), _into(spec.trigger), given=given)


def _race(graph: Graph, node: Node, spec: Race) -> Iterator[Way]:
    for each in spec.options:
        given = () if each.trigger.when is None else (Given(each.trigger.when, True),)
        yield Way(graph.after(node, each.next), _into(each.trigger), given=given, label=_said(each.trigger))


def _block(graph: Graph, node: Node, spec: Block) -> Iterator[Way]:
    yield Way(spec.first)


def _each(graph: Graph, node: Node, spec: Each) -> Iterator[Way]:
    yield Way(spec.body)
    yield Way(graph.after(node), writes(node))


def _adhoc(graph: Graph, node: Node, spec: AdHoc) -> Iterator[Way]:
    inner = graph.may(graph.children.get(node.id, ()))
    yield from (Way(step, inner) for step in spec.steps)
    given = () if spec.until is None else (Given(spec.until, True),)
    yield Way(graph.after(node), inner, given=given)


def _parallel(graph: Graph, node: Node, spec: Parallel) -> Iterator[Way]:
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


def _ends(graph: Graph, node: Node, spec: End) -> Iterator[Way]:
    yield Way(END if node.kind == "terminate" else graph._end_of(node.scope))


def _fails(graph: Graph, node: Node, spec: Fail) -> Iterator[Way]:
    yield from ()


_OUT: Mapping[type, Any] = {
    Human: _human, Set: _set, Switch: _switch, Fork: _switch, Catch: _catch, Race: _race, Block: _block, Each: _each,
    AdHoc: _adhoc, Parallel: _parallel, End: _ends, Fail: _fails,
}  # fmt: skip
