"""The case as one aggregate: slices that decide, react and settle; one `apply` that changes state.

The flow slice is always among them: it keeps the time of the last event (R9).

Theory of operation. A *slice* (flow, work, clocks) brings five tables, all of pure functions:

- `apply`: event type -> function(slice state, event): the only place where the slice's state changes;
- `authorise`: command type -> function(turn, command), for another slice's command: refuses it, or emits
  events of its own; runs before any `decide` (R1: work authorises CompleteTask, then flow decides it);
- `decide`: command type -> function(turn, command): refuses, or emits events;
- `react`: event type -> function(turn, event): answers another's event with events of its own;
- `settle`: function(turn), run when nothing new is left: conditions on data, pauses of clocks.

A *turn* is one command on one case. It owns the state it was given: emitting an event applies it at once,
so later decisions of the same turn see it. A refused or failing turn is thrown away with its copy of the
state (R4). The same events applied again give the same state, without any of this (`replay`).
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any

import msgspec

from engine.core.commands import Command, Refusal, Refuse, Request
from engine.core.env import Env
from engine.core.events import Event, TimePassed
from engine.core.model import Process

Apply = Callable[[Any, Any], None]
Decide = Callable[["Turn", Any], None]
React = Callable[["Turn", Any], None]

MOST_ROUNDS = 100
"""Reactions that answer reactions: how many rounds a turn may take before it is a bug in a slice."""


@dataclass(frozen=True, slots=True)
class Slice:
    name: str
    state: type[Any]  # a msgspec.Struct, or a TypedDict whose parts come about when they are needed
    apply: Mapping[type[Event], Apply]
    authorise: Mapping[type[Command], Decide] = field(default_factory=dict)
    decide: Mapping[type[Command], Decide] = field(default_factory=dict)
    react: Mapping[type[Event], React] = field(default_factory=dict)
    settle: Callable[["Turn"], None] | None = None


class Turn:
    """One command being decided. Slices read `state.<slice>`, look at `env`, and `emit`."""

    __slots__ = (
        "_appliers", "_parts", "budget", "command", "env", "events", "migration", "now", "process", "ready",
        "request", "state",
    )  # fmt: skip
    migration: Any  # set in a turn that is one, by `engine.core.migration`

    def __init__(self, machine: "Machine", process: Process, state: Any, request: Request, env: Env) -> None:
        self.process = process
        self.state = state
        self.request = request
        self.command = request.command
        self.env = env
        last = state.flow.last
        self.now = env.now if last is None or last < env.now else last  # R9
        self.events: list[Event] = []
        self.ready: deque[int] = deque()  # tokens that may run, in order
        self.budget = 1000  # automatic steps left (R11)
        self._appliers = machine.appliers
        self._parts = machine.parts(state)

    def emit(self, event: Event) -> None:
        """Records the event and applies it to every slice that keeps something of it."""
        for part, apply in self._appliers[type(event)]:
            apply(self._parts[part], event)
        self.events.append(event)


class Machine:
    """The slices joined together; knows the shape of a case's state and how it is written down."""

    def __init__(self, slices: Iterable[Slice]) -> None:
        self.slices = tuple(slices)
        self.state_type: type[msgspec.Struct] = msgspec.defstruct(
            "CaseState",
            [(s.name, s.state, msgspec.field(default_factory=_empty(s))) for s in self.slices],
            omit_defaults=True,
        )
        self.parts = _parts(self.slices)
        self.appliers = _table(self.slices, "apply", lambda s, f: (self.slices.index(s), f))
        before = _table(self.slices, "authorise", lambda s, f: f)
        deciders = _table(self.slices, "decide", lambda s, f: f)
        self.deciders = {command: (*before.get(command, ()), *deciders[command]) for command in deciders}
        self.reactions = _table(self.slices, "react", lambda s, f: f)
        self.settles = tuple(s.settle for s in self.slices if s.settle)
        self.commands = tuple(self.deciders)
        self.events = tuple(self.appliers)
        self._decode_state = msgspec.json.Decoder(self.state_type).decode
        self._encode = msgspec.json.Encoder().encode
        self._canonical = msgspec.json.Encoder(order="sorted").encode
        self.decode_events = msgspec.json.Decoder(list[_union(self.events)]).decode  # type: ignore[misc]  # made at run time
        self.decode_command = msgspec.json.Decoder(_union(self.commands)).decode

    def new(self) -> Any:
        """The state of a case that has not begun."""
        return self.state_type()

    def encode(self, value: Any) -> bytes:
        """JSON of a state, of events. Fields stand in the order declared and keys in the order they came about,
        which replaying the same events repeats, so that states can be compared byte for byte."""
        return self._encode(value)

    def canonical(self, command: Command) -> bytes:
        """JSON of a command with sorted keys: the same payload gives the same bytes, whoever wrote it (R5)."""
        return self._canonical(command)

    def decode(self, stored: bytes | str) -> Any:
        """A case's state from its canonical JSON."""
        return self._decode_state(stored)

    def decide(self, process: Process, state: Any, request: Request, env: Env) -> list[Event] | Refusal:
        """The events that the request brings about, already applied to `state`; or why it is refused.

        `state` belongs to this call: after a refusal or an exception it must be thrown away.
        """
        turn = Turn(self, process, state, request, env)
        try:
            for decide in self.deciders[type(request.command)]:
                decide(turn, request.command)
            self._settle(turn)
        except Refuse as refused:
            return refused.refusal
        if state.flow.last != turn.now:
            turn.emit(TimePassed(turn.now))
        return turn.events

    def replay(self, events: Iterable[Event], state: Any = None) -> Any:
        """The state after these events, from the beginning or from `state`."""
        state = self.new() if state is None else state
        parts = self.parts(state)
        for event in events:
            for part, apply in self.appliers[type(event)]:
                apply(parts[part], event)
        return state

    def _settle(self, turn: Turn) -> None:
        seen = 0
        events = turn.events
        reactions = self.reactions
        for _ in range(MOST_ROUNDS):
            for event in islice(events, seen, None):  # those too that come meanwhile
                for react in reactions.get(type(event), ()):
                    react(turn, event)
            seen = len(events)
            for settle in self.settles:
                settle(turn)
            if seen == len(events):
                return
        raise RuntimeError(f"slices keep answering each other: {[type(e).__name__ for e in events[-10:]]}")


def _empty(one: Slice) -> Callable[[], Any]:
    """What makes the state of a slice in which nothing is. One that is a mapping is not written while it is empty:
    a slice that came later leaves the cases that have nothing of it as they were."""
    return one.state if issubclass(one.state, msgspec.Struct) else dict


def _parts(slices: tuple[Slice, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """The states of the slices out of the state of a case, in their order."""
    first = attrgetter(slices[0].name)  # of one name it gives the part itself
    return attrgetter(*(s.name for s in slices)) if len(slices) > 1 else lambda state: (first(state),)


def _table(slices: tuple[Slice, ...], which: str, entry: Callable[[Slice, Any], Any]) -> dict[type, tuple[Any, ...]]:
    table: dict[type, tuple[Any, ...]] = {}
    for one in slices:
        for key, function in getattr(one, which).items():
            table[key] = (*table.get(key, ()), entry(one, function))
    return table


def _union(types: tuple[type, ...]) -> Any:
    union: Any = types[0]
    for one in types[1:]:
        union = union | one
    return union
