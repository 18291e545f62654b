"""Random well-formed processes: blocks within blocks as the language makes them, and plain graphs with forks and joins.

Every cycle holds a step that waits, so that no command runs for ever; beyond that anything goes, also what no
designer would write. The same seed gives the same process.
"""

from functools import lru_cache
from random import Random
from typing import Any

from engine.core.durations import parse_duration
from engine.core.expressions import Expression
from engine.core.kinds import INT
from engine.core.model import (
    AdHoc,
    Assign,
    Block,
    Branch,
    Call,
    Catch,
    Compensate,
    Each,
    End,
    Escalate,
    Fail,
    Flow,
    Fork,
    Handler,
    Human,
    Join,
    Milestone,
    Node,
    Outcome,
    Parallel,
    Process,
    Race,
    Send,
    Service,
    Set,
    Signal,
    Spec,
    Switch,
    Trigger,
)  # fmt: skip
from tests.support.graph import KINDS, NAMES, x

MESSAGES = ("m1", "m2")
CONDITIONS = ("x > 2", "y > 3", "ok", "flag", "not ok", "x == y", "x is none or x < 4", "true")
WATCHES = ("x > 3", "flag", "y > 2 and ok")
VALUES = {
    "x": ("x + 1", "1", "y", "5"),
    "y": ("2", "x", "y + x", "0"),
    "ok": ("true", "not ok", "x == 1"),
    "flag": ("ok",),
}
DEPTH = 3


@lru_cache(None)
def expression(source: str) -> Expression:
    return x(source, done=INT, total=INT)


class Maker:
    """Builds one process. A *path* is a sequence of steps in one scope; jumps stay in their path."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.nodes: dict[str, Node] = {}
        self.count = 0

    def process(self) -> Process:
        make = self.plain if self.random.random() < 0.2 else self.path
        first = make("", 0)
        handlers = self.handlers("", 0, [n for n, node in self.nodes.items() if not node.scope and "/" not in n])
        return Process("test", "v1", self.nodes, first, handlers=handlers, names=NAMES)

    # --- small things -----------------------------------------------------------------------------

    def some(self, share: float) -> bool:
        return self.random.random() < share

    def name(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def condition(self) -> Expression:
        return expression(self.random.choice(CONDITIONS))

    def assigns(self) -> tuple[Assign, ...]:
        names = self.random.sample(sorted(VALUES), self.random.randint(1, 2))
        return tuple(Assign((n,), expression(self.random.choice(VALUES[n]))) for n in names)

    def later(self, ahead: list[str]) -> str | None:
        return self.random.choice(ahead) if ahead and self.some(0.7) else None

    def add(self, name: str, spec: Spec, scope: str, next: str | None, kind: str = "", **more: Any) -> str:
        self.nodes[name] = Node(name, kind or KINDS[type(spec).__name__], spec, scope, next, **more)
        return name

    def block(self, name: str, scope: str, depth: int) -> str:
        self.nodes[name] = Node(name, "block", Block(""), scope)  # so that the scope stands before what is in it
        first = self.path(name, depth + 1)
        return self.add(name, Block(first), scope, None)

    # --- paths ------------------------------------------------------------------------------------

    def path(self, scope: str, depth: int) -> str:
        longest = 5 if depth < 2 else 2
        steps = [self.name() for _ in range(self.random.randint(1, longest))]
        for place, name in enumerate(steps):
            ahead = steps[place + 1 :]
            behind = steps[: place + 1]
            self.step(name, scope, depth, ahead, behind)
        return steps[0]

    def step(self, name: str, scope: str, depth: int, ahead: list[str], behind: list[str]) -> None:
        kinds = [*LEAVES, *(INNER * 2 if depth < DEPTH else ())]
        make = self.random.choice(kinds)
        spec, kind = make(self, name, depth, ahead, behind)
        more: dict[str, Any] = {}
        if kind not in ("end", "terminate", "fork", "join", "switch", "fail"):
            if self.some(0.3):
                more["handlers"] = self.handlers(name, depth, ahead)
            if self.some(0.3) and depth < DEPTH:
                more |= {"undo": self.block(f"{name}/undo", scope, depth + 1), "undo_reads": ("x", "y")}
            if self.some(0.06):
                more["cancels"] = tuple(self.random.sample(sorted(self.nodes), min(len(self.nodes), 2)))
        self.add(name, spec, scope, ahead[0] if ahead else None, kind, **more)

    def handlers(self, host: str, depth: int, ahead: list[str]) -> tuple[Handler, ...]:
        return tuple(self.handler(host, n, depth, ahead) for n in range(1, self.random.choice((1, 1, 2, 3)) + 1))

    def handler(self, host: str, index: int, depth: int, ahead: list[str]) -> Handler:
        trigger = self.trigger(["after", "after", "message", "signal", "when", "changed", "error", "escalation"])
        next = self.later(ahead)
        if next is None and (depth >= DEPTH or trigger.kind == "changed"):
            trigger = Trigger("after", length=parse_duration("2h"))
        if next is None and depth >= DEPTH:
            return Handler(trigger, body=self.note(f"{host}/{index}", host))
        if next is None:
            return Handler(trigger, body=self.block(f"{host}/{index}", host, depth + 1))
        return Handler(trigger, next)

    def note(self, name: str, scope: str) -> str:
        inner = self.add(self.name(), Milestone("told"), name, None)
        return self.add(name, Block(inner), scope, None)

    def trigger(self, kinds: list[str]) -> Trigger:
        kind = self.random.choice(kinds)
        if kind == "after":
            every = parse_duration("3h") if self.some(0.3) else None
            return Trigger("after", length=parse_duration(f"{self.random.randint(1, 9)}h"), every=every, times=3)
        if kind == "message":
            key = expression("kind") if self.some(0.3) else None
            into = (Assign(("x",), expression("y")),) if self.some(0.4) else ()
            return Trigger("message", self.random.choice(MESSAGES), key=key, into=into)
        if kind == "when":
            return Trigger("when", when=expression(self.random.choice(WATCHES)))
        if kind == "changed":
            return Trigger("changed", path=(self.random.choice(("x", "ok")),))
        return Trigger(kind, {"signal": "sig", "error": "bad", "escalation": "late"}[kind])

    # --- a plain graph ----------------------------------------------------------------------------

    def plain(self, scope: str, depth: int) -> str:
        """Forks, joins, switches and people, joined by flows that lead ahead; people's outcomes may lead back."""
        steps = [self.name() for _ in range(self.random.randint(5, 14))]
        specs: dict[str, Any] = {}
        ways: dict[str, list[str]] = {}
        for place, name in enumerate(steps):
            ahead = steps[place + 1 :]
            kind = self.random.choice(("human", "human", "fork", "switch", "join", "join", "set")) if ahead else "human"
            to = [self.random.choice(ahead[:4]) for _ in range(3 if kind == "fork" else 2)] if ahead else []
            back = [self.random.choice(steps[1:])] if kind == "human" and self.some(0.1) else []
            ways[name] = {"fork": sorted(set(to)), "switch": to, "human": to[:1] + back}.get(kind, to[:1])
            specs[name] = kind
        for name, kind in specs.items():
            to = ways[name]
            into = tuple(other for other in steps if name in ways[other])
            if kind == "join" and len(into) < 2:
                kind = "set"
            self.add(name, self.plain_spec(kind, to, into), scope, to[0] if to and kind in ("set", "join") else None)
        return steps[0]

    def plain_spec(self, kind: str, to: list[str], into: tuple[str, ...]) -> Spec:
        if kind == "fork":
            when = [self.condition() if self.some(0.4) else None for _ in to]
            return Fork(tuple(Flow(c, t) for c, t in zip(when, to, strict=True)), to[0])
        if kind == "switch":
            return Switch((Flow(self.condition(), to[0]), Flow(None, to[1])))
        if kind == "join":
            mode = self.random.choice(("all", "inclusive", "inclusive", "count"))
            return Join(mode, into, self.random.randint(1, len(into)) if mode == "count" else 0)
        if kind == "human":
            outcomes = {f"o{n}": Outcome(f"o{n}", {}, step) for n, step in enumerate(to)}
            return Human((("x",), ("ok",)), outcomes)
        return Set(self.assigns())

    def region(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        """A block that holds a plain graph."""
        return Block(self.plain(name, depth + 1)), "block"

    # --- kinds of step ----------------------------------------------------------------------------

    def human(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        outcomes = {"go": Outcome("go", {})}
        if self.some(0.3):
            outcomes["back"] = Outcome("back", {}, self.random.choice(behind))
        if ahead and self.some(0.3):
            outcomes["skip"] = Outcome("skip", {}, self.random.choice(ahead))
        form = self.random.sample((("x",), ("y",), ("ok",), ("flag",), ("kind",)), 3)
        return Human(tuple(form), outcomes if self.some(0.6) or len(outcomes) > 1 else {}), "human"

    def set(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        return Set(self.assigns()), "set"

    def switch(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        flows = [Flow(self.condition(), self.later(ahead)) for _ in range(self.random.randint(1, 2))]
        return Switch((*flows, *([Flow(None, self.later(ahead))] if self.some(0.9) else ()))), "switch"

    def service(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        return Service("f", {"x": expression("x")}, (("r", ("y",)),)), "service"

    def catch(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        return Catch(self.trigger(["after", "message", "signal", "when"])), "receive"

    def race(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        triggers = [self.trigger(["after", "message", "signal", "when"]) for _ in range(self.random.randint(2, 3))]
        return Race(tuple(Handler(t, self.later(ahead)) for t in triggers)), "race"

    def small(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        specs: tuple[Spec, ...] = (
            Milestone("m"), Send("m1", expression("'k'"), {}), Signal("sig"), Escalate("late"), Fail("bad"),
            Compensate(), Compensate(), Compensate(),
        )  # fmt: skip
        spec = self.random.choice(specs)
        return spec, KINDS[type(spec).__name__]

    def end(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        if ahead:
            return self.human(name, depth, ahead, behind)
        return End(f"end_{name}"), "terminate" if self.some(0.15) else "end"

    def call(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        return Call("other", {"x": expression("x")}, ()), "call"

    def parallel(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        number = self.random.randint(2, 3)
        merge = {"y": "sum", "x": "last"} if self.some(0.3) else {}

        def inner() -> str:
            return self.block(self.name(), name, depth) if self.some(0.3) else self.path(name, depth + 1)

        branches = tuple(Branch(str(n), inner(), self.condition() if self.some(0.3) else None) for n in range(number))
        needs = self.random.randint(1, number) if self.some(0.4) else None
        return Parallel(branches, inner() if self.some(0.8) else None, needs, merge=merge), "parallel"

    def each(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        body = self.block(f"{name}/item", name, depth)
        until = None
        if self.some(0.4):
            until = expression(self.random.choice(("done >= 2", "done * 2 > total", "ok")))
        collect = ((("out",), expression("item")), (("log",), expression("y"))) if self.some(0.6) else ()
        return Each(expression("items"), "item", body, self.some(0.4), until, collect), "each"

    def box(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        return Block(self.path(name, depth + 1)), "block"

    def adhoc(self, name: str, depth: int, ahead: list[str], behind: list[str]) -> tuple[Spec, str]:
        steps = tuple(self.path(name, depth + 1) for _ in range(self.random.randint(1, 3)))
        return AdHoc(steps, self.condition() if self.some(0.6) else None), "adhoc"


LEAVES = [
    Maker.human, Maker.human, Maker.human, Maker.human, Maker.human, Maker.set, Maker.switch, Maker.service,
    Maker.catch, Maker.race, Maker.small, Maker.end, Maker.call,
]  # fmt: skip
INNER = [Maker.parallel, Maker.parallel, Maker.each, Maker.box, Maker.adhoc, Maker.region]
