"""Every standing that the real interpreter can bring a small process to, with everything outside and every condition
decided in every way: what the checks of soundness are held against.

`SmallMaker` makes processes whose conditions ask an `Oracle`, whatever the data. `Exhaustion` gives each command that
may come to the real `Machine`, once for each way in which the oracle may answer.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.core import commands as c
from engine.core.durations import parse_duration
from engine.core.env import Env
from engine.core.events import StepCancelled, StepEntered
from engine.core.expressions import Expression
from engine.core.flow import FLOW
from engine.core.kinds import BOOL, LIST
from engine.core.machine import Machine
from engine.core.model import (
    AdHoc,
    Assign,
    Branch,
    Each,
    Fail,
    Flow,
    Human,
    Milestone,
    Node,
    Outcome,
    Parallel,
    Process,
    Service,
    Set,
    Spec,
    Switch,
    Trigger,
)  # fmt: skip
from engine.core.state import FlowState
from tests.support.graph import MONDAY, NAMES, x
from tests.support.random_process import Maker


class Oracle:
    """Answers as its script says, with the first answer beyond its end, and notes what it was asked."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.asked: list[int] = []

    def pick(self, ways: int) -> int:
        place = len(self.asked)
        self.asked.append(ways)
        return self.script[place] if place < len(self.script) else 0


ORACLE = Oracle()
MAYBE = Expression("maybe", BOOL, lambda names: ORACLE.pick(2) == 0)
SOME = Expression("some", LIST, lambda names: ["a", "b"][: (1, 2, 0)[ORACLE.pick(3)]])
ONE = x("1")


class SmallMaker(Maker):
    """Processes so small that all their standings can be counted, with every kind of step that moves tokens."""

    deepest = 2

    def process(self) -> Process:
        first = self.plain("", 0) if self.some(0.25) else self.path("", 0)
        steps = [n for n, node in self.nodes.items() if not node.scope and "/" not in n]
        handlers = self.handlers("", 0, steps) if self.some(0.3) else ()
        return Process("test", "v1", self.nodes, first, handlers=handlers, names=NAMES)

    def condition(self) -> Expression:
        return MAYBE

    def assigns(self) -> tuple[Assign, ...]:
        return (Assign(("x",), ONE),)

    def path(self, scope: str, depth: int) -> str:
        steps = [self.name() for _ in range(self.random.randint(1, 3 if depth < 2 else 2))]
        for place, name in enumerate(steps):
            self.step(name, scope, depth, steps[place + 1 :], steps[: place + 1])
        return steps[0]

    def step(self, name: str, scope: str, depth: int, ahead: list[str], behind: list[str]) -> None:
        inner = [self.parallel, self.each, self.box, self.adhoc, self.region] if depth < self.deepest else []
        leaves = [self.human, self.human, self.set, self.switch, self.service, self.catch, self.race,
                  self.small, self.small, self.end, self.call]  # fmt: skip
        spec, kind = self.random.choice([*leaves, *inner])(name, depth, ahead, behind)
        more: dict[str, Any] = {}
        if kind not in ("end", "terminate", "fork", "join", "switch"):
            if self.some(0.25):
                more["handlers"] = self.handlers(name, depth, ahead)
            if self.some(0.1) and depth < self.deepest:
                self.nodes[f"{name}/undo"] = Node(f"{name}/undo", "block", Set(()), scope)
                more["undo"] = self.note(f"{name}/undo", scope)
            if self.some(0.08):
                steps = [n for n in self.nodes if "/" not in n]
                more["cancels"] = tuple(self.random.sample(steps, min(len(steps), 2)))
        self.add(name, spec, scope, ahead[0] if ahead else None, kind, **more)

    def handlers(self, host: str, depth: int, ahead: list[str]) -> Any:
        return tuple(self.handler(host, n, depth, ahead) for n in range(1, self.random.choice((1, 1, 2)) + 1))

    def handler(self, host: str, index: int, depth: int, ahead: list[str]) -> Any:
        return super().handler(host, index, max(depth, 2 if self.some(0.6) else 0), ahead)

    def trigger(self, kinds: list[str]) -> Trigger:
        kind = self.random.choice([k for k in kinds if k not in ("when", "changed")])
        if kind == "after":
            return Trigger("after", length=parse_duration(f"{self.random.randint(1, 9)}h"))
        if kind in ("message", "signal"):
            self.count += 1
            return Trigger(kind, f"m{self.count}")  # of its own, so that each can come by itself
        return Trigger(kind, {"error": "bad", "escalation": "late"}[kind])

    def plain(self, scope: str, depth: int) -> str:
        size, self.random = self.random, _Shorter(self.random)  # type: ignore[assignment]  # all that is asked of it
        try:
            return super().plain(scope, depth)
        finally:
            self.random = size

    def plain_spec(self, kind: str, to: list[str], into: tuple[str, ...]) -> Spec:
        spec = super().plain_spec(kind, to, into)
        if isinstance(spec, Human):
            return Human((), {name: Outcome(name, {}, one.next) for name, one in spec.outcomes.items()})
        return spec

    def human(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        spec, kind = super().human(name, depth, ahead, behind)
        assert isinstance(spec, Human)
        return Human((), spec.outcomes), kind

    def service(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        return Service("f", {}, ()), "service"

    def parallel(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        spec, kind = super().parallel(name, depth, ahead, behind)
        assert isinstance(spec, Parallel)
        sure = spec.otherwise is not None or any(branch.when is None for branch in spec.branches)
        branches = spec.branches if sure else (Branch("0", spec.branches[0].first), *spec.branches[1:])
        return Parallel(branches, spec.otherwise, spec.needs), kind

    def switch(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        """With an `else`: that a step cannot decide is an incident, which a person mends."""
        ways = [Flow(MAYBE, self.later(ahead)) for _ in range(self.random.randint(1, 2))]
        return Switch((*ways, Flow(None, self.later(ahead)))), "switch"

    def each(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        body = self.block(f"{name}/item", name, depth)
        return Each(SOME, "item", body, self.some(0.4), MAYBE if self.some(0.3) else None), "each"


class SoundMaker(Maker):
    """Processes of any size that are sound because they are made so: whatever loops may also go on, flow leads ahead,
    nothing is thrown that is not caught, and only blocks are joined."""

    def process(self) -> Process:
        first = self.path("", 0)
        steps = [n for n, node in self.nodes.items() if not node.scope and "/" not in n]
        return Process("test", "v1", self.nodes, first, handlers=self.handlers("", 0, steps), names=NAMES)

    def step(self, name: str, scope: str, depth: int, ahead: list[str], behind: list[str]) -> None:
        """What the maker chooses, but no plain graphs, no errors, and no steps taken away from elsewhere."""
        super().step(name, scope, depth, ahead, behind)
        node = self.nodes[name]
        spec: Spec = Milestone("m") if isinstance(node.spec, Fail) else node.spec
        kind = "milestone" if isinstance(node.spec, Fail) else node.kind
        next = (ahead[0] if ahead else None) if isinstance(node.spec, Fail) else node.next
        self.nodes[name] = replace(node, spec=spec, kind=kind, next=next, cancels=())

    def plain(self, scope: str, depth: int) -> str:
        return self.path(scope, depth)


class _Shorter:
    """Chance, but for how many steps a plain graph has."""

    def __init__(self, random: Any) -> None:
        self.chance = random

    def randint(self, low: int, high: int) -> int:
        return int(self.chance.randint(3, 7) if (low, high) == (5, 14) else self.chance.randint(low, high))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.chance, name)


MOST_TOKENS = 9


class TooMany(Exception):
    """More standings than can be counted in a test."""


class Deployed:
    """Whatever is called is deployed."""

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return "v1"


class Exhaustion:
    """All standings of one process. `stuck` are those from which no end can be reached; `visited` the steps reached.

    Raises TooMany."""

    machine = Machine([FLOW])
    env = Env(MONDAY, versions=Deployed())  # type: ignore[arg-type]  # all that a call asks of it

    def __init__(self, process: Process, most: int = 120) -> None:
        self.process = process
        self.visited: set[str] = set()
        known: dict[Any, int] = {}
        self.states: list[bytes] = []
        before: list[list[int]] = []
        ended: list[int] = []
        todo: deque[int] = deque()

        def place(state: Any, came: int) -> None:
            key = self.key(state.flow)
            if key not in known:
                if len(known) >= most:
                    raise TooMany
                known[key] = len(known)
                self.states.append(self.machine.encode(state))
                before.append([])
                if state.flow.status == "ended":
                    ended.append(known[key])
                else:
                    todo.append(known[key])
            if came >= 0:
                before[known[key]].append(came)

        for state in self.decided(self.machine.encode(self.machine.new()), c.StartCase("test", {})):
            place(state, -1)
        while todo:
            index = todo.popleft()
            for command in self.commands(self.machine.decode(self.states[index]).flow):
                for state in self.decided(self.states[index], command):
                    place(state, index)
        good: set[int] = set()
        while ended:
            index = ended.pop()
            if index not in good:
                good.add(index)
                ended.extend(before[index])
        self.stuck = [self.machine.decode(s) for n, s in enumerate(self.states) if n not in good]

    def decided(self, stored: bytes, command: c.Command) -> Iterator[Any]:
        """The states after a command, one for each way the oracle may answer."""
        scripts: list[list[int]] = [[]]
        while scripts:
            ORACLE.script, ORACLE.asked = scripts.pop(), []
            state = self.machine.decode(stored)
            answer = self.machine.decide(self.process, state, c.Request("c", "case1", command, "li", MONDAY), self.env)
            taken = ORACLE.script + [0] * (len(ORACLE.asked) - len(ORACLE.script))
            if len(ORACLE.asked) > 12:
                raise TooMany
            for place in range(len(ORACLE.script), len(ORACLE.asked)):
                scripts.extend([*taken[:place], other] for other in range(1, ORACLE.asked[place]))
            assert isinstance(answer, list), (command, answer)
            overrun = any(i.kind == "steps" for i in state.flow.incidents.values())
            if overrun or len(state.flow.tokens) > MOST_TOKENS:
                raise TooMany
            gone = {event.token for event in answer if isinstance(event, StepCancelled)}  # before it was reached
            entered = (event for event in answer if isinstance(event, StepEntered))
            self.visited.update(event.step for event in entered if event.token not in gone)
            yield state

    def commands(self, flow: FlowState) -> Iterator[c.Command]:
        for job in flow.jobs:
            yield c.FinishJob(job, {})
            yield c.FailJob(job, "text", "bad")
        for token, case in flow.calls.items():
            yield c.FinishCall(token, case, "done", {}, "")
            yield c.FinishCall(token, case, "done", {}, "bad")
            yield c.EscalateCall(token, case, "late")
        for wait in flow.waits.values():
            if not self.beside(flow, wait.token, wait.handler):
                yield c.DeliverMessage(wait.name, "") if wait.kind == "message" else c.DeliverSignal(wait.name)
        for number, timer in flow.timers.items():
            yield c.FireTimer("flow", number, timer.due)
        for number, incident in flow.incidents.items():
            del incident
            yield c.RetryIncident(number)
        for number, token_ in flow.tokens.items():
            spec = self.process.nodes[token_.at].spec
            if token_.phase:
                continue
            if isinstance(spec, Human):
                yield from (c.CompleteTask(number, name) for name in spec.outcomes or ("",))
            elif isinstance(spec, AdHoc):
                inside = [t.at for t in flow.tokens.values() if t.up == number and not t.body]
                yield from (c.StartStep(number, step) for step in spec.steps if step not in inside)
                if not inside and spec.until is None:
                    yield c.FinishBlock(number)

    def beside(self, flow: FlowState, host: int, handler: int) -> bool:
        """Whether a body of this handler runs already: one more would be more of the same."""
        return handler > 0 and any(t.up == host and t.body == handler for t in flow.tokens.values())

    def hanging(self, flow: FlowState) -> list[tuple[str, Mapping[int, Any]]]:
        return [("t", flow.timers), ("w", flow.waits), ("j", flow.jobs), ("i", flow.incidents)]

    def key(self, flow: FlowState) -> Any:
        """The standing in a form that is the same however the tokens are numbered."""
        inner: dict[int, list[int]] = {}
        for number, token in flow.tokens.items():
            inner.setdefault(token.up, []).append(number)
        hung: dict[int, list[Any]] = {}
        for what, held in self.hanging(flow):
            for thing in held.values():
                about = (what, getattr(thing, "handler", 0), getattr(thing, "kind", ""))
                hung.setdefault(thing.token, []).append(about)
        for name, arrived in flow.joins.items():
            hung.setdefault(int(name.split(".")[0]), []).append(("k", name.split(".", 1)[1], str(sorted(arrived))))
        for undo in flow.undos:
            hung.setdefault(undo.scope, []).append(("u", undo.node, ""))

        def one(number: int) -> Any:
            t = flow.tokens[number]
            return (
                t.at, t.via, t.body, t.phase, t.next or "", t.count, t.item, len(t.items or ()),
                tuple(u.node for u in t.todo or ()), tuple(sorted(hung.get(number, []), key=str)),
                tuple(sorted((one(n) for n in inner.get(number, ())), key=str)),
            )  # fmt: skip

        roots = tuple(sorted((one(n) for n in inner.get(0, ())), key=str))
        return flow.status, roots, tuple(sorted(hung.get(0, []), key=str)), tuple(sorted(flow.fired))
