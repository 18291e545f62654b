"""Every standing that a process can reach, scope by scope, and what of it is a fault.

Theory of operation. A region (the inside of a closed scope, the process at last) is explored breadth first, so that the
first way found to a standing is a shortest one. A standing is *good* when some way leads from it to a result of the
region: being done, throwing, ending the case. What is not good waits or runs for ever. A scope within is one token,
its results those of its own region, explored once however often it stands there: effort is the sum of the scopes, not
their product. That loses nothing (a *box* is independent of what is around it until it has a result): take a real case
that can never end, let all boxes in it come to their results, and it is in a standing that the outer region has; and
a way to an end out here is one there, because every box that is entered afresh can have any of its results.

A `parallel` is put together from its branches, an `each` from its body and so on, without playing one against the
other; only what is entangled (see `shape`) is played as a whole.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.model import AdHoc, Block, Each, Parallel, Process
from engine.language.soundness import steps  # noqa: F401  # fills the tables of the game
from engine.language.soundness.game import Game
from engine.language.soundness.shape import SCOPES, Given, Shape
from engine.language.soundness.world import (
    CLOSING,
    DONE,
    ENDED,
    HELD,
    HUNG,
    STEPS,
    Label,
    Out,
    Summary,
    World,
    alternatives,
)  # fmt: skip

MOST, MOST_OF_ALL = 2_000, 6_000
"""Standings of one region, and of a whole process, that are looked at."""
SEVERAL = 5
"""Faults of one process that are told at once."""
CROWD = 6
"""So many tokens on one step of one activation are not followed any further: a plain graph can make ever more."""
OVERRUN = "overrun"


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


@dataclass(slots=True)
class Graph:
    worlds: list[World] = field(default_factory=list)
    ways: list[list[tuple[tuple[Label, ...], int]]] = field(default_factory=list)
    came: list[tuple[int, tuple[Label, ...]]] = field(default_factory=list)
    unknown: set[int] = field(default_factory=set)  # standings that were not followed

    def trail(self, index: int) -> tuple[Label, ...]:
        parts = []
        while index >= 0:
            index, labels = self.came[index]
            parts.append(labels)
        return tuple(label for labels in reversed(parts) for label in labels)


class Explorer:
    """Explores one process. `visited` and `fired` are what tokens reach, `crowded` where two stand at once."""

    def __init__(self, process: Process, given: Given, *, whole: bool = False, most: int = MOST) -> None:
        self.shape = Shape(process, given)
        self.whole = whole  # play everything together: dear, but it needs no argument
        self.most = most
        self.states = 0
        self.bounded: list[str] = []
        self.cut = False  # whether a standing was too crowded to be followed
        self.visited: set[str] = set()
        self.fired: set[tuple[str, int]] = set()
        self.crowded: dict[str, tuple[Label, ...]] = {}
        self.known: dict[tuple[str, str], Summary] = {}
        self.cancelling = [n.id for n in process.nodes.values() if n.cancels]

    def process(self) -> list[Stuck]:
        """The ways in which the process may wait for ever, shortest first; none if it always can end."""
        process = self.shape.process
        game = self._game(Boxes(self, ""))
        starts = [world for first in dict.fromkeys((process.first, *process.reopen)) for world in game.start(first)]
        return self._stuck(game, self._explore(game, starts))

    def _game(self, boxes: "Boxes", scope: str = "", compensate: str = "", held: bool = False) -> Game:
        return Game(self.shape, boxes, scope, compensate, held, self.visited, self.fired)

    # --- one region --------------------------------------------------------------------------------------

    def _explore(self, game: Game, starts: list[World]) -> Graph:
        graph = Graph()
        known: dict[Any, int] = {}
        todo: deque[int] = deque()

        def place(world: World, before: int) -> int:
            key = world.key()
            if key not in known:
                known[key] = len(graph.worlds)
                graph.worlds.append(world)
                graph.ways.append([])
                graph.came.append((before, tuple(world.trail)))
                if world.result is None:
                    todo.append(known[key])
            return known[key]

        for start in starts:
            for world in self._run(game, start):
                place(world, -1)
        while todo:
            index = todo.popleft()
            world = graph.worlds[index]
            self.states += 1
            if len(graph.worlds) > self.most or self.states > MOST_OF_ALL:
                self.bounded.append(game.scope)
                graph.unknown.update(todo, [index])
                break
            if self._crowd(graph, index):
                self.cut = True
                graph.unknown.add(index)
                continue
            for after in self._after(game, world):
                graph.ways[index].append((tuple(after.trail), place(after, index)))
        return graph

    def _after(self, game: Game, world: World) -> Iterator[World]:
        if world.ready:
            for moved in alternatives(world, _runs(game)):
                yield from self._run(game, moved)
            return
        settled = list(alternatives(world, game.settle))
        if settled:
            for moved in settled:
                yield from self._run(game, moved)
            return
        game.waited = True
        for happening in game.happenings(world):
            for moved in alternatives(world, happening):
                yield from self._run(game, moved)

    def _run(self, game: Game, world: World) -> Iterator[World]:
        """Runs on while nothing has to be decided; a standing where something has is a standing of its own."""
        for _ in range(STEPS):
            if world.result is not None or not world.ready:
                yield world
                return
            trail = world.trail
            ways = list(alternatives(world, _runs(game)))
            for way in ways:
                way.trail = trail + way.trail
            if len(ways) != 1:
                yield from ways
                return
            world = ways[0]
        world.result = OVERRUN
        yield world

    def _crowd(self, graph: Graph, index: int) -> bool:
        """Whether so many stand on one step that it is not followed any further; where two do is noted."""
        world = graph.worlds[index]
        if len(world.tokens) < 2:
            return False
        nodes = self.shape.nodes
        beside = Counter((t.at, t.up, t.body) for t in world.tokens.values() if not self._many(world, t.up))
        for (at, _, body), number in beside.items():
            if number > 1 and not body and nodes[at].kind != "join" and not world.ready:
                self.crowded.setdefault(at, graph.trail(index))
        return max(beside.values(), default=0) >= CROWD

    def _many(self, world: World, up: int) -> bool:
        return bool(up) and self.shape.nodes[world.tokens[up].at].kind in ("each", "adhoc")

    # --- what is wrong with it ---------------------------------------------------------------------------

    def _stuck(self, game: Game, graph: Graph) -> list[Stuck]:
        """One for each standing without hope in which nothing can happen any more, and one for going round for ever."""
        bad = sorted(set(range(len(graph.worlds))) - _good(graph))
        ends = [index for index in bad if not graph.ways[index]]
        found = {stuck.standing or stuck.cycle: stuck for stuck in (self._end(game, graph, i) for i in reversed(ends))}
        rest = sorted(set(bad) - _leading(graph, ends))
        if rest:
            held = (i for i in rest if any(t.phase in (HUNG, HELD) for t in graph.worlds[i].tokens.values()))
            where = next(held, None)  # handlers go on beside it, but that helps nobody
            round = Stuck(graph.trail(rest[0]), cycle=_circle(graph, rest[0]))
            found[()] = round if where is None else self._end(game, graph, where)
        return list(reversed(found.values()))[:SEVERAL]

    def _end(self, game: Game, graph: Graph, end: int) -> Stuck:
        world, trail = graph.worlds[end], graph.trail(end)
        if world.result == OVERRUN:
            return Stuck(trail[: -len(world.trail)] or trail[:1], cycle=tuple(world.trail[-STEPS // 4 :]))
        standing = tuple(_standing(game, world))
        cycle: tuple[Label, ...] = ()
        for key in self._hung(game, world):
            stuck: Stuck = self.known[key].stuck
            trail, standing, cycle = trail + stuck.trail, standing + stuck.standing, cycle or stuck.cycle
        return Stuck(trail, standing, cycle)

    def _hung(self, game: Game, world: World) -> Iterator[tuple[str, str]]:
        for token in world.tokens.values():
            if token.phase == HUNG:
                yield token.at, game.compensate

    # --- scopes by themselves ----------------------------------------------------------------------------

    def closed(self, scope: str) -> bool:
        """Whether a scope is a box."""
        return not self.whole and self.shape.nodes[scope].kind in SCOPES and scope not in self.shape.entangled

    def summary(self, scope: str, compensate: str) -> Summary:
        """What a closed scope may come to; `compensate` is the step that runs it if it is an undo body, or in one."""
        key = (scope, compensate)
        if key not in self.known:
            self.known[key] = Summary()  # a compensation that runs itself
            self.known[key] = self._summary(scope, compensate)
        return self.known[key]

    def _summary(self, scope: str, compensate: str) -> Summary:
        node = self.shape.nodes[scope]
        spec = node.spec
        if self._inseparable(scope):
            return self._region(scope, compensate, [scope], held=True)
        if isinstance(spec, Block):
            return self._region(scope, compensate, [spec.first])
        if isinstance(spec, Parallel):
            return self._parallel(spec, scope, compensate)
        if isinstance(spec, Each):
            self.visited.add(spec.body)
            return _perhaps([self.summary(spec.body, compensate)])
        if isinstance(spec, AdHoc):
            return _perhaps([self._region(scope, compensate, [first]) for first in spec.steps], waits=True)
        bodies = self.shape.undoes(scope)
        self.visited.update(bodies)
        return _perhaps([self.summary(body, scope) for body in bodies if body not in self.shape.entangled])

    def _inseparable(self, scope: str) -> bool:
        """Whether what stands side by side in a scope is entangled."""
        node, shape = self.shape.nodes[scope], self.shape
        if isinstance(node.spec, Each):
            return node.spec.body in shape.entangled
        if not isinstance(node.spec, Parallel | AdHoc) or not self.cancelling:
            return False
        inside = set(shape.within(scope))
        pairs = ((one, other) for one in self.cancelling for other in shape.nodes[one].cancels)
        return any(one in inside and other in inside for one, other in pairs)

    def _region(self, scope: str, compensate: str, firsts: list[str], *, held: bool = False) -> Summary:
        open_scope = scope if held else ""
        game = self._game(Boxes(self, compensate, open_scope), scope, compensate, held)
        starts = [world for first in firsts for world in game.start(first)]
        graph = self._explore(game, starts)
        results = {world.result for world in graph.worlds}
        outs = frozenset(r for r in results if isinstance(r, Out)) | game.beside
        stuck = next(iter(self._stuck(game, graph)), None)
        sure = not graph.unknown
        return Summary(DONE in results or not sure, outs, ENDED in results, not game.waited and sure, stuck)

    def _parallel(self, spec: Parallel, scope: str, compensate: str) -> Summary:
        def inside(first: str) -> Summary:
            return self._region(scope, compensate, [first])

        sure = [inside(b.first) for b in spec.branches if b.when is None]
        perhaps = [(i, inside(b.first)) for i, b in enumerate(spec.branches) if b.when is not None]
        otherwise = [inside(spec.otherwise)] if spec.otherwise and not sure else []
        every = [*sure, *(one for _, one in perhaps), *otherwise]
        enough = spec.needs if spec.needs is not None else len(spec.branches) + 1
        can = [one for one in (*sure, *(one for _, one in perhaps)) if one.done]
        done = bool(can) and (all(one.done for one in sure) or len(can) >= enough)
        done = done or any(one.done for one in otherwise)
        stuck = self._hangs(scope, sure, perhaps, enough) or next((o.stuck for o in otherwise if o.stuck), None)
        return Summary(
            done,
            frozenset().union(*(one.outs for one in every)),
            any(one.ended for one in every),
            all(one.instant for one in every),
            stuck,
        )

    def _hangs(self, scope: str, sure: list[Summary], perhaps: list[tuple[int, Summary]], enough: int) -> Stuck | None:
        """How too few branches may be done: one of them waits for ever, and none of those taken leaves the block."""
        if any(not one.done and one.stuck is None for one in sure):
            return None
        if sum(one.stuck is None for one in sure) >= enough:
            return None
        found = next((one.stuck for one in sure if one.stuck is not None), None)
        if found is not None:
            return found  # type: ignore[no-any-return]  # a Summary says Any of it
        for number, one in perhaps:
            if one.stuck is not None:
                label = Label("way", scope, ways=(number,))
                return Stuck((label, *one.stuck.trail), one.stuck.standing, one.stuck.cycle)
        return None


class Boxes(Mapping[str, Summary]):
    """The closed scopes, each explored when first somebody enters it; what is never entered is never explored."""

    def __init__(self, explorer: Explorer, compensate: str, but: str = "") -> None:
        self.explorer, self.compensate, self.but = explorer, compensate, but

    def __contains__(self, scope: object) -> bool:
        return scope != self.but and isinstance(scope, str) and self.explorer.closed(scope)

    def __getitem__(self, scope: str) -> Summary:
        if scope not in self:
            raise KeyError(scope)
        return self.explorer.summary(scope, self.compensate)

    def __iter__(self) -> Iterator[str]:
        return (scope for scope in self.explorer.shape.nodes if scope in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _perhaps(inner: list[Summary], *, waits: bool = False) -> Summary:
    """A scope that may run what is in it, or not, one after another or side by side."""
    return Summary(
        True,
        frozenset().union(*(one.outs for one in inner)),
        any(one.ended for one in inner),
        not waits and all(one.instant for one in inner),
        next((one.stuck for one in inner if one.stuck is not None), None),
    )


def _runs(game: Game) -> Any:
    def run(world: World) -> bool:
        game.run(world)
        return True

    return run


def _good(graph: Graph) -> set[int]:
    """The standings from which some way leads to a result, or to what was not followed."""
    results = [i for i, world in enumerate(graph.worlds) if world.result not in (None, OVERRUN)]
    return _leading(graph, [*results, *graph.unknown])


def _leading(graph: Graph, to: list[int]) -> set[int]:
    before: list[list[int]] = [[] for _ in graph.worlds]
    for index, ways in enumerate(graph.ways):
        for _, after in ways:
            before[after].append(index)
    found: set[int] = set()
    todo = list(to)
    while todo:
        index = todo.pop()
        if index not in found:
            found.add(index)
            todo.extend(before[index])
    return found


def _circle(graph: Graph, first: int) -> tuple[Label, ...]:
    """A shortest way round, of those that can be reached from there."""
    seen, todo = {first}, deque([first])
    best: tuple[Label, ...] | None = None
    while todo:
        index = todo.popleft()
        around = _back(graph, index)
        moves = around is not None and any(label.what == "enter" for label in around)
        if around is not None and moves and (best is None or len(around) < len(best)):
            best = around
        for _, after in graph.ways[index]:
            if after not in seen and len(seen) < 60:
                seen.add(after)
                todo.append(after)
    return best or ()


def _back(graph: Graph, index: int) -> tuple[Label, ...] | None:
    todo: deque[tuple[int, tuple[Label, ...]]] = deque([(index, ())])
    seen: set[int] = set()
    while todo:
        one, labels = todo.popleft()
        for more, after in graph.ways[one]:
            if after == index:
                return labels + more
            if after not in seen:
                seen.add(after)
                todo.append((after, labels + more))
    return None


def _standing(game: Game, world: World) -> Iterator[Standing]:
    for token in world.tokens.values():
        node = game.node(token)
        if token.phase == CLOSING or (node.kind in SCOPES and token.phase not in (HUNG, HELD)):
            continue
        if token.phase == HUNG:
            continue  # what stands in it is told instead
        missing: tuple[str, ...] = ()
        if node.kind == "join":
            here = {t.via for t in world.tokens.values() if (t.at, t.up) == (token.at, token.up)}
            missing = tuple(via for via in getattr(node.spec, "incoming", ()) if via not in here)
        yield Standing(token.at, token.phase, missing)
