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

from collections.abc import Iterator, Mapping

from engine.core.model import AdHoc, Block, Each, Parallel, Process
from engine.language.soundness import steps  # noqa: F401  # fills the tables of the game
from engine.language.soundness.game import Game
from engine.language.soundness.search import MOST, Search
from engine.language.soundness.shape import SCOPES, Given, Shape
from engine.language.soundness.stuck import faults
from engine.language.soundness.world import DONE, ENDED, Label, Out, Stuck, Summary


class Explorer:
    """Explores one process. `visited` and `fired` are what tokens reach, `search` tells where they crowd."""

    def __init__(self, process: Process, given: Given, *, whole: bool = False, most: int = MOST) -> None:
        self.shape = Shape(process, given)
        self.whole = whole  # play everything together: dear, but it needs no argument
        self.search = Search(self.shape, most)
        self.visited: set[str] = set()
        self.fired: set[tuple[str, int]] = set()
        self.known: dict[tuple[str, str], Summary] = {}
        self.cancelling = [n.id for n in process.nodes.values() if n.cancels]

    def process(self) -> list[Stuck]:
        """The ways in which the process may wait for ever, shortest first; none if it always can end."""
        process = self.shape.process
        game = self._game(Boxes(self, ""))
        starts = [world for first in dict.fromkeys((process.first, *process.reopen)) for world in game.start(first)]
        return faults(game, self.search.explore(game, starts), self.known)

    def _game(self, boxes: "Boxes", scope: str = "", compensate: str = "", held: bool = False) -> Game:
        return Game(self.shape, boxes, scope, compensate, held, self.visited, self.fired)

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
        graph = self.search.explore(game, starts)
        results = {world.result for world in graph.worlds}
        outs = frozenset(r for r in results if isinstance(r, Out)) | game.beside
        stuck = next(iter(faults(game, graph, self.known)), None)
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
            return found
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
