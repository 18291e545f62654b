"""Standings of tokens, and every way in which one may be moved: what the token game is played on.

Theory of operation. Wherever data would decide, every way is taken: what moves a world asks it to `pick`, and
`alternatives` moves it again for each answer. A world is told from another by its `key`, which is the same whatever
the order in which its tokens came about.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.core.model import Node

STEPS = 400
"""Automatic steps in one go that are taken to go on for ever when nothing decides on the way."""
WAITING, HUNG, HELD, CLOSING = "", "hung", "held", "closing"
DONE, ENDED = "done", "ended"


class Out(NamedTuple):
    """What leaves a region beside being done: something thrown to, or told, a handler further out."""

    kind: str  # error | escalation
    host: str
    number: int  # of the handler
    name: str


class Label(NamedTuple):
    """One thing that happened, for the story: a step entered, an outcome, a handler, a way chosen."""

    what: str  # enter | outcome | fires | option | way | fails | tells | done | left
    at: str
    detail: str = ""
    ways: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """One token of a standing that waits for ever. `missing`: of a join, the flows that have not come."""

    at: str
    phase: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stuck:
    """How it comes that a region has no result: the way to the first standing without hope, on from there to where
    nothing can happen any more (`standing`), or round in a circle (`cycle`)."""

    trail: tuple[Label, ...]
    standing: tuple[Standing, ...] = ()
    cycle: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a closed scope may come to. `instant`: nothing in it waits. `stuck` tells how it may wait for ever."""

    done: bool = True
    outs: frozenset[Out] = frozenset()
    ended: bool = False  # the whole case, by `terminate`
    instant: bool = False
    stuck: Stuck | None = None

    @property
    def harmless(self) -> bool:
        """It can always be done, and does nothing else: a body like that need not be looked at."""
        return self.done and not self.outs and not self.ended and self.stuck is None


@dataclass(slots=True)
class Token:
    at: str
    up: int
    via: str = ""
    body: int = 0
    phase: str = WAITING
    goal: str = ""
    fired: frozenset[int] = frozenset()
    count: int = 0
    left: int = 0

    def copy(self) -> "Token":
        return Token(self.at, self.up, self.via, self.body, self.phase, self.goal, self.fired, self.count, self.left)


class World:
    """One standing. `result` is set when the region is done or left."""

    __slots__ = (
        "asked", "joins", "nodes", "ready", "result", "script", "sent", "seq", "spent", "tokens", "trail",
    )  # fmt: skip

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self.tokens: dict[int, Token] = {}
        self.ready: deque[int] = deque()
        self.joins: dict[tuple[int, str], tuple[str, ...]] = {}
        self.spent: frozenset[int] = frozenset()
        self.sent: frozenset[str] = frozenset()
        self.seq = 0
        self.result: str | Out | None = None
        self.trail: list[Label] = []
        self.script: list[int] = []
        self.asked: list[int] = []

    def copy(self) -> "World":
        new = World(self.nodes)
        new.tokens = {n: t.copy() for n, t in self.tokens.items()}
        new.ready = deque(self.ready)
        new.joins = dict(self.joins)
        new.spent, new.sent, new.seq = self.spent, self.sent, self.seq
        return new

    def pick(self, ways: int) -> int:
        """Which of so many ways is taken: as the script says, the first beyond its end."""
        place = len(self.asked)
        self.asked.append(ways)
        return self.script[place] if place < len(self.script) else 0

    def key(self) -> Any:
        """The standing in a form that is the same for all orders in which it may have come about."""
        rank = {n: i for i, n in enumerate(self.ready)}
        inner: dict[int, list[int]] = {}
        for number, token in self.tokens.items():
            inner.setdefault(token.up, []).append(number)
        joins: dict[int, list[Any]] = {}
        for (up, node), arrived in self.joins.items():
            joins.setdefault(up, []).append((node, arrived))

        def one(number: int) -> Any:
            t = self.tokens[number]
            via = t.via if self.nodes[t.at].kind == "join" else ""
            return (
                t.at, via, t.body, t.phase, t.goal, tuple(sorted(t.fired)), t.count, t.left, rank.get(number, -1),
                tuple(sorted(joins.get(number, ()))), tuple(sorted(one(n) for n in inner.get(number, ()))),
            )  # fmt: skip

        return (
            tuple(sorted(one(n) for n in inner.get(0, ()))),
            tuple(sorted(joins.get(0, ()))),
            self.spent,
            self.sent,
            self.result,
        )

    def children(self, number: int, *, bodies: bool = True) -> list[int]:
        return [n for n, t in self.tokens.items() if t.up == number and (bodies or not t.body)]


def alternatives(world: World, move: Callable[[World], bool]) -> Iterator[World]:
    """The worlds that a move may lead to, one for each way it may be decided."""
    scripts: list[list[int]] = [[]]
    while scripts:
        new = world.copy()
        new.script = scripts.pop()
        moved = move(new)
        taken = new.script + [0] * (len(new.asked) - len(new.script))
        for place in range(len(new.script), len(new.asked)):
            scripts.extend([*taken[:place], other] for other in range(1, new.asked[place]))
        if moved:
            yield new
