"""What each kind of step does in the token game: the counterpart of `engine.core.nodes`, data deciding every way."""

from collections.abc import Callable, Iterator
from itertools import combinations

from engine.core.model import (
    AdHoc,
    Block,
    Call,
    Catch,
    Each,
    Escalate,
    Fail,
    Fork,
    Human,
    Join,
    Parallel,
    Race,
    Send,
    Service,
    Switch,
)  # fmt: skip
from engine.core.nodes import KINDS
from engine.language.soundness.game import CHILD_DONE, ENTER, HAPPENS, Game, Move, bound
from engine.language.soundness.world import ENDED, HELD, Label, Token, World

# --- what each kind of step does when a token comes -----------------------------------------------------------


def _pass(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    if isinstance(spec, Send) and spec.message in game.shape.given.own:
        world.sent |= {spec.message}
    game.leave(world, number, game.on(token))


def _stand(game: Game, world: World, number: int, token: Token) -> None:
    """Waits for something outside."""


def _switch(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Switch)
    way = world.pick(len(spec.flows))
    if len(spec.flows) > 1 or spec.flows[0].when is not None:
        world.trail.append(Label("way", token.at, ways=(way,)))
    game.leave(world, number, spec.flows[way].next)


def chosen(world: World, always: list[int], perhaps: list[int], otherwise: bool) -> list[int]:
    """Which of several ways are taken: those without a condition, and any of the others; -1 is `else`."""
    sets = [[*always, *more] for n in range(len(perhaps) + 1) for more in combinations(perhaps, n)]
    sets = [sorted(found) for found in sets if found] + ([[-1]] if otherwise and not always else [])
    return sets[world.pick(len(sets))]


def _fork(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Fork)
    always = [i for i, flow in enumerate(spec.flows) if flow.when is None]
    perhaps = [i for i, flow in enumerate(spec.flows) if flow.when is not None]
    ways = chosen(world, always, perhaps, spec.otherwise is not None)
    if perhaps:
        world.trail.append(Label("way", token.at, ways=tuple(ways)))
    goals = [spec.otherwise if way < 0 else spec.flows[way].next for way in ways]
    after = None if any(goals) else game.path_end(world, number, token)
    game.remove(world, number)
    for goal in goals:
        if goal is not None:
            game.follow(world, token, goal)
    if after is not None:
        after()


def _join(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Join)
    if spec.mode != "count":
        game.try_join(world, number, token)
        return
    key = (token.up, token.at)
    arrived = world.joins.get(key, ())
    if arrived.count(token.via) >= spec.incoming.count(token.via):
        return
    arrived = (*arrived, token.via)
    afresh, goes = len(arrived) == len(spec.incoming), len(arrived) == spec.needs
    after = None if goes else game.path_end(world, number, token)
    if afresh:
        world.joins.pop(key, None)
        world.ready.extend(n for n, t in world.tokens.items() if (t.at, t.up) == (token.at, token.up) and n != number)
    else:
        world.joins[key] = tuple(sorted(arrived))
    if after is None:
        game.leave(world, number, game.on(token))
    else:
        game.remove(world, number)
        after()


def _block(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Block)
    game.enter(world, spec.first, number)


def _parallel(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Parallel)
    always = [i for i, branch in enumerate(spec.branches) if branch.when is None]
    perhaps = [i for i, branch in enumerate(spec.branches) if branch.when is not None]
    ways = chosen(world, always, perhaps, spec.otherwise is not None)
    if perhaps:
        world.trail.append(Label("way", token.at, ways=tuple(ways)))
    for way in ways:
        game.enter(world, (spec.otherwise or "") if way < 0 else spec.branches[way].first, number, token.at)


def _each(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Each)
    items = world.pick(3)
    if not items:
        game.leave(world, number, game.on(token))
        return
    now = 1 if spec.sequential else items
    token.left = items - now
    for _ in range(now):
        game.enter(world, spec.body, number)


def _compensate(game: Game, world: World, number: int, token: Token) -> None:
    bodies = game.shape.undoes(token.at)
    left = [i for i in range(len(bodies)) if i not in token.fired]
    way = world.pick(len(left) + 1)
    if not way:
        game.leave(world, number, game.on(token))
        return
    token.fired |= {left[way - 1]}
    game.enter(world, bodies[left[way - 1]], number)


def _end(game: Game, world: World, number: int, token: Token) -> None:
    game.leave(world, number, None)


def _terminate(game: Game, world: World, number: int, token: Token) -> None:
    world.result = ENDED


def _fail(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Fail)
    if not game.caught(world, number, "error", spec.name):
        if game.shape.given.called:
            world.result = ENDED
        else:
            token.phase = HELD


def _escalate(game: Game, world: World, number: int, token: Token) -> None:
    spec = game.node(token).spec
    assert isinstance(spec, Escalate)
    game.caught(world, number, "escalation", spec.name)
    if number in world.tokens and world.result is None:
        game.leave(world, number, game.on(token))


ENTER.update(dict.fromkeys(KINDS, _pass))
ENTER.update(dict.fromkeys(("human", "service", "call", "receive", "wait", "race", "adhoc"), _stand))
ENTER.update(
    {
        "switch": _switch,
        "fork": _fork,
        "join": _join,
        "block": _block,
        "parallel": _parallel,
        "each": _each,
        "compensate": _compensate,
        "end": _end,
        "terminate": _terminate,
        "fail": _fail,
        "escalate": _escalate,
    }
)


# --- what a scope does when a path in it ends -----------------------------------------------------------------


def _if_empty(game: Game, world: World, number: int, token: Token) -> Callable[[], None]:
    def after() -> None:
        if not world.children(number, bodies=False):
            game.leave(world, number, game.on(token))

    return after


def _adhoc_done(game: Game, world: World, number: int, token: Token) -> Callable[[], None]:
    return lambda: None  # that somebody finishes it, or that its condition holds, may happen at any time


def _branch_done(game: Game, world: World, number: int, token: Token) -> Callable[[], None]:
    spec = game.node(token).spec
    assert isinstance(spec, Parallel)

    def after() -> None:
        token.count += spec.needs is not None
        left = world.children(number, bodies=False)
        if left and (spec.needs is None or token.count < spec.needs):
            return
        for other in left:
            game.cancel(world, other)
        game.leave(world, number, game.on(token))

    return after


def _instance_done(game: Game, world: World, number: int, token: Token) -> Callable[[], None]:
    spec = game.node(token).spec
    assert isinstance(spec, Each)

    def after() -> None:
        if spec.until is not None and world.pick(2):
            for other in world.children(number, bodies=False):
                game.cancel(world, other)
        elif spec.sequential and token.left:
            token.left -= 1
            game.enter(world, spec.body, number)
        if not world.children(number, bodies=False):
            game.leave(world, number, game.on(token))

    return after


def _undone(game: Game, world: World, number: int, token: Token) -> Callable[[], None]:
    return lambda: _compensate(game, world, number, token)


CHILD_DONE.update(
    {
        "block": _if_empty,
        "adhoc": _adhoc_done,
        "parallel": _branch_done,
        "each": _instance_done,
        "compensate": _undone,
    }
)


# --- what may happen to a token that waits ----------------------------------------------------------------


Happenings = Iterator[Move]


def _leaves(world: World, game: Game, number: int, to: str | None, label: Label | None = None) -> None:
    if label is not None:
        world.trail.append(label)
    game.leave(world, number, to)


def _human(game: Game, world: World, number: int, token: Token) -> Happenings:
    node = game.node(token)
    spec, on = node.spec, game.on(token)
    assert isinstance(spec, Human)
    if not spec.outcomes or any(getattr(part, "skippable", False) for part in node.parts.values()):
        yield bound(_leaves, game, number, on)
    for name, outcome in spec.outcomes.items():
        label = Label("outcome", token.at, name) if len(spec.outcomes) > 1 else None
        yield bound(_leaves, game, number, on if outcome.next is None else outcome.next, label)


def _catch(game: Game, world: World, number: int, token: Token) -> Happenings:
    spec = game.node(token).spec
    assert isinstance(spec, Catch)
    if game.may_catch(world, token, spec.trigger):
        yield bound(_leaves, game, number, game.on(token))


def _race(game: Game, world: World, number: int, token: Token) -> Happenings:
    spec = game.node(token).spec
    assert isinstance(spec, Race)
    for place, option in enumerate(spec.options):
        if game.may_catch(world, token, option.trigger):
            label = Label("option", token.at, str(place))
            yield bound(_leaves, game, number, game.on(token) if option.next is None else option.next, label)


def _work(game: Game, world: World, number: int, token: Token) -> Happenings:
    """A job or a called case: it is done, or fails in a way that makes a difference."""
    yield bound(_leaves, game, number, game.on(token))
    chain = [token.at, *game.shape.above(token.at, game.compensate)]
    kinds = ("error", "escalation") if isinstance(game.node(token).spec, Call) else ("error",)
    assert isinstance(game.node(token).spec, Call | Service)
    for kind in kinds:
        for name in game.shape.caught_names(kind, iter(chain)):
            yield bound(_throw, game, number, kind, name)


def _throw(world: World, game: Game, number: int, kind: str, name: str) -> bool:
    label = "fails" if kind == "error" else "tells"
    world.trail.append(Label(label, world.tokens[number].at, name))
    return game.caught(world, number, kind, name)


def _adhoc(game: Game, world: World, number: int, token: Token) -> Happenings:
    spec = game.node(token).spec
    assert isinstance(spec, AdHoc)
    inside = [world.tokens[n].via for n in world.children(number, bodies=False)]
    if not inside:
        yield bound(_leaves, game, number, game.on(token))
    standing = {world.tokens[n].at for n in world.children(number, bodies=False)}
    yield from (bound(_begin, game, number, step) for step in spec.steps if step not in standing)


def _begin(world: World, game: Game, number: int, step: str) -> None:
    game.enter(world, step, number, world.tokens[number].at)


HAPPENS.update(
    {
        "human": _human,
        "receive": _catch,
        "wait": _catch,
        "race": _race,
        "service": _work,
        "call": _work,
        "adhoc": _adhoc,
    }
)
