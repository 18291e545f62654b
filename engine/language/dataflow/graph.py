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

from engine.core.model import (
    Block,
    Call,
    Escalate,
    Fail,
    Fork,
    Handler,
    Human,
    Node,
    Process,
    Race,
    Service,
    Switch,
    Trigger,
)
from engine.language.dataflow.needs import NONE, Names
from engine.language.dataflow.ways import END, OUT, Given, Way, into, said, writes

_OUTSIDE = ("after", "at", "every", "message", "signal")
_RAISES = (Fail, Service, Call)


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
                own = writes(node) | frozenset(n for each in node.handlers for n in into(each.trigger))
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
        kind = OUT.get(type(node.spec))
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
        return self.end_of(node.scope)

    def end_of(self, scope: str) -> str:
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
            yield Way(target, into(trigger), given=given, label=said(trigger))

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


def _sets_off(node: Node, trigger: Trigger) -> bool:
    """Whether what happens at a step may set a handler off."""
    if trigger.kind == "error":
        named = node.spec.name if isinstance(node.spec, Fail) else ""
        return isinstance(node.spec, _RAISES) and (not named or trigger.name in ("", named))
    if trigger.kind == "escalation":
        return isinstance(node.spec, Escalate) and trigger.name in ("", node.spec.name)
    return trigger.kind in ("when", "changed")


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
