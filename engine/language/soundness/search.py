"""Every standing of one region, breadth first, so that the first way found to a standing is a shortest one.

What is bounded: how many standings are looked at, in a region and in all, and how many tokens may crowd on one step.
What lies beyond a bound is `unknown` in the graph and counts as good: nothing is claimed of it.
"""

from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from engine.language.soundness.game import Game
from engine.language.soundness.shape import Shape
from engine.language.soundness.standings import OVERRUN, Graph
from engine.language.soundness.world import STEPS, Label, World, alternatives

MOST, MOST_OF_ALL = 2_000, 6_000
"""Standings of one region, and of a whole process, that are looked at."""
CROWD = 6
"""So many tokens on one step of one activation are not followed any further: a plain graph can make ever more."""


class Search:
    """The search through the regions of one process. `crowded` are the steps at which two tokens stand at once, each
    with the way there, `bounded` the scopes with too many standings; `cut`: one was too crowded to be followed."""

    def __init__(self, shape: Shape, most: int = MOST) -> None:
        self.shape = shape
        self.most = most
        self.states = 0
        self.bounded: list[str] = []
        self.cut = False
        self.crowded: dict[str, tuple[Label, ...]] = {}

    def explore(self, game: Game, starts: list[World]) -> Graph:
        """All standings of the region that this game is played in, from these on, breadth first."""
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


def _runs(game: Game) -> Any:
    def run(world: World) -> bool:
        game.run(world)
        return True

    return run
