"""Plain graphs written down in a few words, and a story told on one: for tests of the core alone.

`graph(step(...), ...)` makes a Process; `Story` runs it with virtual time and checks after every command that
the state survives being written and read, and that replaying all events gives it again, byte for byte.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from engine.core import commands as c
from engine.core.durations import parse_duration
from engine.core.env import Env
from engine.core.events import Event, StepEntered
from engine.core.expressions import Expression, compile_expression
from engine.core.flow import FLOW
from engine.core.kinds import BOOL, DATETIME, INT, LIST, MONEY, TEXT, Type
from engine.core.machine import Machine
from engine.core.model import Assign, Handler, Node, Process, Spec, Trigger
from engine.core.state import CLOSING

NAMES: dict[str, Type] = {
    "kind": TEXT, "text": TEXT, "amount": MONEY, "x": INT, "y": INT, "ok": BOOL, "flag": BOOL,
    "items": LIST, "item": TEXT, "out": LIST, "at": DATETIME, "log": LIST,
}  # fmt: skip
KINDS = {
    "Human": "human", "Set": "set", "Switch": "switch", "Fork": "fork", "Join": "join", "Parallel": "parallel",
    "Race": "race", "Each": "each", "Block": "block", "AdHoc": "adhoc", "Call": "call", "Signal": "signal",
    "Escalate": "escalate", "Fail": "fail", "Compensate": "compensate", "Milestone": "milestone", "End": "end",
    "Service": "service", "Send": "send", "Notify": "notify", "Catch": "receive", "Act": "act", "Decide": "decide",
    "Compute": "compute",
}  # fmt: skip
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def x(source: str, **more: Type) -> Expression:
    """An expression over the test names."""
    return compile_expression(source, {**NAMES, **more})


def step(name: str, spec: Spec, next: str | None = None, kind: str = "", **more: Any) -> Node:
    return Node(name, kind or KINDS[type(spec).__name__], spec, next=next, **more)


def within(scope: str, *nodes: Node) -> tuple[Node, ...]:
    """The nodes, standing in that scope."""
    return tuple(replace(node, scope=scope) for node in nodes)


def sets(path: str, source: str) -> Assign:
    return Assign(tuple(path.split(".")), x(source))


def after(length: str, next: str | None = None, body: str | None = None, **more: Any) -> Handler:
    return Handler(Trigger("after", length=parse_duration(length), **more), next, body)


def on(kind: str, name: str = "", next: str | None = None, body: str | None = None, **more: Any) -> Handler:
    return Handler(Trigger(kind, name, **more), next, body)


def graph(*nodes: Node | tuple[Node, ...], first: str = "", **more: Any) -> Process:
    flat = [n for one in nodes for n in (one if isinstance(one, tuple) else (one,))]
    return Process("test", "v1", {n.id: n for n in flat}, first or flat[0].id, names=NAMES, **more)


class Story:
    """One case of a process, told command by command."""

    def __init__(self, process: Process, machine: Machine | None = None, **env: Any) -> None:
        self.process = process
        self.machine = machine or Machine([FLOW])
        self.state = self.machine.new()
        self.events: list[Event] = []
        self.now = MONDAY
        self.env = env
        self.count = 0

    def do(self, command: c.Command, actor: str = "li") -> list[Event]:
        """The events of a command that must be accepted."""
        answer = self.ask(command, actor)
        assert not isinstance(answer, c.Refusal), answer
        return answer

    def refused(self, command: c.Command, actor: str = "li") -> c.Refusal:
        """The refusal of a command that must be refused, and must change nothing."""
        answer = self.ask(command, actor)
        assert isinstance(answer, c.Refusal), answer
        return answer

    def ask(self, command: c.Command, actor: str = "li") -> list[Event] | c.Refusal:
        self.count += 1
        before = self.machine.encode(self.state)
        state = self.machine.decode(before)
        request = c.Request(f"c{self.count}", "case1", command, actor, self.now)
        answer = self.machine.decide(self.process, state, request, Env(self.now, **self.env))
        if isinstance(answer, c.Refusal):
            return answer
        self.state = state
        self.events += answer
        written = self.machine.encode(self.events)
        replayed = self.machine.replay(self.machine.decode_events(written))
        assert self.machine.encode(replayed) == self.machine.encode(state)
        return answer

    def start(self, **data: Any) -> Self:
        self.do(c.StartCase("test", data))
        return self

    def complete(self, step: str, outcome: str = "", reason: str = "", actor: str = "li", **data: Any) -> Self:
        self.do(c.CompleteTask(self.token(step), outcome, data, reason), actor)
        return self

    def wait(self, length: str) -> Self:
        """Lets elapsed time pass; timers fire on the way, each at its moment."""
        until = self.now + parse_duration(length).span
        while True:
            timers = self.state.flow.timers
            due = min(((t.due, n) for n, t in timers.items() if t.left is None and t.due <= until), default=None)
            if due is None:
                break
            self.now = max(self.now, due[0])
            self.do(c.FireTimer("flow", due[1], due[0]))
        self.now = until
        return self

    def later(self, hours: float) -> Self:
        """Lets time pass without firing anything."""
        self.now += timedelta(hours=hours)
        return self

    def message(self, name: str, key: str = "", **payload: Any) -> Self:
        self.do(c.DeliverMessage(name, key, payload))
        return self

    def token(self, step: str) -> int:
        found = [n for n, t in self.flow.tokens.items() if t.at == step]
        assert found, f"no token at {step}; tokens at {self.open}"
        return int(found[0])

    @property
    def flow(self) -> Any:
        return self.state.flow

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.flow.data
        return data

    @property
    def open(self) -> list[str]:
        """The steps on which leaf tokens stand whose work is not done, sorted."""
        scopes = {t.up for t in self.flow.tokens.values() if not t.body}
        return sorted(t.at for n, t in self.flow.tokens.items() if n not in scopes and t.phase != CLOSING)

    @property
    def path(self) -> list[str]:
        """The steps in the order entered."""
        return [event.step for event in self.events if isinstance(event, StepEntered)]

    @property
    def ended(self) -> str | None:
        """The name of the case's end, None while it is open."""
        end: str = self.flow.end
        return end if self.flow.status == "ended" else None
