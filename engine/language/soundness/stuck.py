"""What is wrong with the standings of a region: those from which no way leads to a result.

A fault is told once for each standing in which nothing can happen any more, and once for going round for ever. Of a
scope that hangs, what stands in it is told: `known` are the summaries of the scopes within.
"""

from collections.abc import Iterator, Mapping

from engine.language.soundness.game import Game
from engine.language.soundness.shape import SCOPES
from engine.language.soundness.standings import OVERRUN, Graph, circle, good, leading
from engine.language.soundness.world import CLOSING, HELD, HUNG, STEPS, Label, Standing, Stuck, Summary, World

SEVERAL = 5
"""Faults of one process that are told at once."""


def faults(game: Game, graph: Graph, known: Mapping[tuple[str, str], Summary]) -> list[Stuck]:
    """One for each standing without hope in which nothing can happen any more, and one for going round for ever."""
    bad = sorted(set(range(len(graph.worlds))) - good(graph))
    ends = [index for index in bad if not graph.ways[index]]
    found = {stuck.standing or stuck.cycle: stuck for stuck in (_end(game, graph, i, known) for i in reversed(ends))}
    rest = sorted(set(bad) - leading(graph, ends))
    if rest:
        held = (i for i in rest if any(t.phase in (HUNG, HELD) for t in graph.worlds[i].tokens.values()))
        where = next(held, None)  # handlers go on beside it, but that helps nobody
        round = Stuck(graph.trail(rest[0]), cycle=circle(graph, rest[0]))
        found[()] = round if where is None else _end(game, graph, where, known)
    return list(reversed(found.values()))[:SEVERAL]


def _end(game: Game, graph: Graph, end: int, known: Mapping[tuple[str, str], Summary]) -> Stuck:
    world, trail = graph.worlds[end], graph.trail(end)
    if world.result == OVERRUN:
        return Stuck(trail[: -len(world.trail)] or trail[:1], cycle=tuple(world.trail[-STEPS // 4 :]))
    standing = tuple(_standing(game, world))
    cycle: tuple[Label, ...] = ()
    for key in _hung(game, world):
        stuck = known[key].stuck
        assert stuck is not None  # or it would not hang
        trail, standing, cycle = trail + stuck.trail, standing + stuck.standing, cycle or stuck.cycle
    return Stuck(trail, standing, cycle)


def _hung(game: Game, world: World) -> Iterator[tuple[str, str]]:
    for token in world.tokens.values():
        if token.phase == HUNG:
            yield token.at, game.compensate


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
