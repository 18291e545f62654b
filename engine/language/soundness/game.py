"""The rules of the token game: what the interpreter (`engine.core.moves`, `firing`) may do, whatever the data.

Theory of operation. A region (the process, or the inside of one closed scope) is moved as the interpreter moves a case:
something from outside happens (a person, a moment, a message, a result), then all that is ready runs until it waits.
Wherever data would decide, every way is taken. So every run of a case is a run of this game, but for what is done to a
case from without: moving its tokens, cancelling it, adding instances, correcting data, retrying what failed. What is
left out, and why it does no harm:

- Time: any armed timer may fire at any moment, in any order, as often as it likes if it repeats.
- Several activations of one handler's body: at most one waits in each standing; they are independent of each other, so
  what several can do one can do, and then another.
- `each` has 0, 1 or 2 items: instances are independent, and more of them end, wait or throw as those do.
- A message that only this process sends stays receivable once sent; any other message or signal may come at any time.
- `compensate` may find any of the bodies that it could reach, or none.
- A closed scope is a *box*: a single token that takes one of the results which its own region has (`Summary`). Of an
  error that a handler of the process takes which has fired already, a box makes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.ahead import reaching
from engine.core.model import Join, Node, Trigger
from engine.language.soundness.shape import SPONTANEOUS, Shape, takes
from engine.language.soundness.world import (
    CLOSING,
    DONE,
    ENDED,
    HUNG,
    WAITING,
    Label,
    Out,
    Stuck,
    Summary,
    Token,
    World,
)

Move = Callable[[World], bool]
"""Moves a world; False if nothing came of it."""

ENTER: "dict[str, Callable[[Game, World, int, Token], None]]" = {}
"""What each kind of step does when a token comes; what is not there goes on. Filled by `steps`, like the next two."""
CHILD_DONE: "dict[str, Callable[[Game, World, int, Token], Callable[[], None]]]" = {}
"""For scopes: a path within ends; returns what is to happen once its token is gone."""
HAPPENS: "dict[str, Callable[[Game, World, int, Token], Iterator[Move]]]" = {}
"""What may happen to a token that waits."""
UNKNOWN = Summary(stuck=Stuck(()))
"""Of what is not played: it may hang, for all that is known."""


@dataclass(slots=True)
class Game:
    """The rules, for one region. `scope` is the scope that the region is the inside of, "" the process.

    `held` is the scope's own token where the region has one: a scope that is played open, not as a plain block.
    """

    shape: Shape
    boxes: Mapping[str, Summary]
    scope: str = ""
    compensate: str = ""
    held: bool = False
    visited: set[str] = field(default_factory=set)
    fired: set[tuple[str, int]] = field(default_factory=set)
    beside: set[Out] = field(default_factory=set)
    waited: bool = False

    def start(self, first: str) -> Iterator[World]:
        world = World(self.shape.nodes)
        self.enter(world, first, 0)
        yield world

    # --- moving --------------------------------------------------------------------------------------

    def node(self, token: Token) -> Node:
        return self.shape.nodes[token.at]

    def enter(self, world: World, step: str, up: int, via: str = "", body: int = 0) -> int:
        world.seq += 1
        world.tokens[world.seq] = Token(step, up, via, body)
        world.ready.append(world.seq)
        world.trail.append(Label("enter", step))
        self.visited.add(step)
        return world.seq

    def follow(self, world: World, token: Token, step: str) -> None:
        self.enter(world, step, token.up, token.at, token.body)

    def leave(self, world: World, number: int, to: str | None) -> None:
        token = world.tokens[number]
        if any(t.up == number and t.body for t in world.tokens.values()):
            token.phase, token.goal = CLOSING, to or ""
        else:
            self.go(world, number, to or "")

    def go(self, world: World, number: int, goal: str) -> None:
        token = world.tokens[number]
        node = self.node(token)
        after = None if goal else self.path_end(world, number, token)
        for step in node.cancels:
            self.cancel_step(world, step, number)
        self.remove(world, number)
        if goal:
            self.follow(world, token, goal)
        elif after is not None:
            after()

    def on(self, token: Token) -> str | None:
        """Where a step leads when it says nothing else; the scope that a region is the inside of leads out of it."""
        return None if self.held and not token.up else self.node(token).next

    def path_end(self, world: World, number: int, token: Token) -> Callable[[], None]:
        if token.up and not token.body:
            around = world.tokens[token.up]
            return CHILD_DONE[self.node(around).kind](self, world, token.up, around)
        return lambda: self.body_done(world, token.up)

    def body_done(self, world: World, host: int) -> None:
        if not host:
            if not world.tokens:
                world.result = DONE
        else:
            around = world.tokens[host]
            if around.phase == CLOSING and not world.children(host):
                self.go(world, host, around.goal)

    def remove(self, world: World, number: int) -> None:
        del world.tokens[number]
        for key in [k for k in world.joins if k[0] == number]:
            del world.joins[key]

    def cancel(self, world: World, number: int) -> None:
        for child in world.children(number):
            self.cancel(world, child)
        self.remove(world, number)

    def cancel_step(self, world: World, step: str, by: int) -> None:
        spared = {by}
        number = by
        while number := world.tokens[number].up:
            spared.add(number)
        for target in [n for n, t in world.tokens.items() if t.at == step]:
            number = target
            while number in world.tokens and number not in spared:
                up, body = world.tokens[number].up, world.tokens[number].body
                self.cancel(world, number)
                if not up:
                    break
                around = world.tokens[up]
                if around.phase == CLOSING:
                    if not world.children(up):
                        world.ready.append(up)
                    break
                emptied = self.node(around).kind in ("block", "parallel", "each", "compensate")
                if body or world.children(up, bodies=False) or not emptied:
                    break
                if up in spared:
                    self.leave(world, up, self.on(around))
                number = up

    # --- what is thrown ------------------------------------------------------------------------------

    def caught(self, world: World, number: int, kind: str, name: str) -> bool:
        """Fires the nearest handler, here or further out; whether there is one. A region that is left has a result."""
        host, skip = number, False
        while host:
            token = world.tokens[host]
            if self.held and not token.up:
                break
            if not skip and token.phase != CLOSING:
                for index, handler in enumerate(self.node(token).handlers, 1):
                    if takes(handler, kind, name):
                        self.fire(world, host, index)
                        return True
            host, skip = token.up, bool(token.body)
        if self.scope:
            return self._out(world, kind, name)
        return not skip and self._process_handler(world, kind, name)

    def _process_handler(self, world: World, kind: str, name: str) -> bool:
        for index, handler in enumerate(self.shape.process.handlers, 1):
            if takes(handler, kind, name) and not (handler.body is None and index in world.spent):
                self.fire(world, 0, index)
                return True
        return False

    def _out(self, world: World, kind: str, name: str) -> bool:
        found = self.shape.catcher(self.scope, kind, name, self.compensate)
        if found is None:
            return False
        out = Out(kind, *found, name)
        handler = self.shape.handlers(out.host)[out.number - 1]
        leaves = handler.body is None or kind == "error"
        if not leaves or (kind == "escalation" and not out.host and world.pick(2)):
            self.beside.add(out)  # one of the process fires once only: then nothing comes of telling it
            return not leaves
        world.result = out
        return True

    def arrives(self, world: World, number: int, out: Out) -> bool:
        """What a box throws or tells; False if nothing comes of it."""
        host = number
        while host and world.tokens[host].at != out.host:
            host = world.tokens[host].up
        if host and not (self.held and not world.tokens[host].up):
            return self.fire(world, host, out.number)
        if self.scope:
            handler = self.shape.handlers(out.host)[out.number - 1]
            if handler.body is not None and out.kind == "escalation":
                self.beside.add(out)
                return False
            world.result = out
            return True
        return not out.host and self._process_handler(world, out.kind, out.name)

    def fire(self, world: World, host: int, index: int) -> bool:
        """What a handler does; False if that needs no looking at."""
        at = world.tokens[host].at if host else ""
        handler = self.shape.handlers(at)[index - 1]
        self.fired.add((at, index))
        if handler.body is not None:
            return self._beside(world, host, index, handler.body, handler.trigger)
        assert handler.next is not None
        world.trail.append(Label("fires", at, str(index)))
        if host:
            token = world.tokens[host]
            self.cancel(world, host)
            self.follow(world, token, handler.next)
        else:
            world.spent |= {index}
            for child in world.children(0):
                self.cancel(world, child)
            self.enter(world, handler.next, 0)
        return True

    def _beside(self, world: World, host: int, index: int, body: str, trigger: Trigger) -> bool:
        self.visited.add(body)
        if trigger.kind == "error":
            for child in world.children(host, bodies=False):
                self.cancel(world, child)
            if host:
                token = world.tokens[host]
                token.phase, token.goal = CLOSING, self.on(token) or ""
        elif self.boxes.get(body, UNKNOWN).harmless:
            return False
        elif host and trigger.kind in ("after", "at") and trigger.every is None:
            token = world.tokens[host]
            if index in token.fired:
                return False
            token.fired |= {index}
        if any(t.up == host and t.body == index and t.phase == WAITING for t in world.tokens.values()):
            return False
        world.trail.append(Label("fires", world.tokens[host].at if host else "", str(index)))
        self.enter(world, body, host, body=index)
        return True

    # --- what is ready runs ----------------------------------------------------------------------------

    def run(self, world: World) -> None:
        """Runs the first token that is ready."""
        number = world.ready.popleft()
        token = world.tokens.get(number)
        if token is None:
            return
        if token.phase == CLOSING:
            self.go(world, number, token.goal)
        elif token.at in self.boxes:
            box = self.boxes[token.at]
            if box.instant and world.ready and world.pick(2):
                world.ready.append(number)  # it takes as many moves as it has steps: others may be done before
            elif box.instant:
                results = box_results(box)
                take(world, self, number, results[world.pick(len(results))])
        else:
            ENTER[self.node(token).kind](self, world, number, token)

    def settle(self, world: World) -> bool:
        """Inclusive joins that nothing can reach any more; whether one went on."""
        for number, token in list(world.tokens.items()):
            spec = self.node(token).spec
            waiting = isinstance(spec, Join) and spec.mode == "inclusive" and token.phase == WAITING
            if waiting and number in world.tokens and self.try_join(world, number, token):
                return True
        return False

    def try_join(self, world: World, number: int, token: Token) -> bool:
        """Goes on if all flows have come, or (inclusive) none is left that could come."""
        spec = self.node(token).spec
        assert isinstance(spec, Join)
        first: dict[str, int] = {}
        for other, one in world.tokens.items():
            if one.at == token.at and one.up == token.up and one.phase != CLOSING:
                first.setdefault(one.via, other)
        missing = frozenset(via for via in spec.incoming if via not in first)
        if missing and (spec.mode == "all" or self._can_come(world, token, missing)):
            return False
        goes = first.pop(token.via, number)
        for other in first.values():
            for child in world.children(other):
                self.cancel(world, child)
            self.remove(world, other)
        self.leave(world, goes, self.on(world.tokens[goes]))
        return True

    def _can_come(self, world: World, token: Token, missing: frozenset[str]) -> bool:
        reach = reaching(self.shape.process, token.at)
        return any(
            other.up == token.up and other.at != token.at and missing & reach.get(other.at, frozenset())
            for other in world.tokens.values()
        )

    # --- what may happen from outside ------------------------------------------------------------------

    def happenings(self, world: World) -> Iterator[Move]:
        """Everything that may happen next; each moves a copy of the world, and says whether anything came of it."""
        if not self.scope:
            for index, handler in enumerate(self.shape.process.handlers, 1):
                spent = handler.body is None and index in world.spent
                if not spent and self._may(world, handler.trigger):
                    yield bound(self.fire, 0, index)
        for number, token in world.tokens.items():
            if token.phase == CLOSING:
                continue
            node = self.node(token)
            if not (self.held and not token.up):
                for index, handler in enumerate(node.handlers, 1):
                    if self._may(world, handler.trigger):
                        yield bound(self.fire, number, index)
            if token.phase == WAITING:
                if token.at in self.boxes:
                    yield from (bound(take, self, number, result) for result in box_results(self.boxes[token.at]))
                elif node.kind in HAPPENS:
                    yield from HAPPENS[node.kind](self, world, number, token)

    def _may(self, world: World, trigger: Trigger) -> bool:
        if trigger.kind not in SPONTANEOUS:
            return False
        own = trigger.kind == "message" and trigger.name in self.shape.given.own
        return not own or trigger.name in world.sent

    def may_catch(self, world: World, token: Token, trigger: Trigger) -> bool:
        return self._may(world, trigger) and not self.shape.hopeless(self.node(token), trigger)


def bound(function: Callable[..., Any], *facts: Any) -> Move:
    """A move that is a function with its facts, the world first."""
    return lambda world: function(world, *facts) is not False


def box_results(box: Summary) -> list[Any]:
    """What a box may come to."""
    found: list[Any] = [DONE] if box.done else []
    found += [ENDED] if box.ended else []
    found += [HUNG] if box.stuck is not None else []
    return found + sorted(box.outs)


def take(world: World, game: Game, number: int, result: Any) -> bool:
    """A box comes to one of its results; False if nothing comes of that."""
    token = world.tokens[number]
    if result == DONE:
        game.leave(world, number, game.on(token))
    elif result == ENDED:
        world.result = ENDED
    elif result == HUNG:
        token.phase = HUNG
        if any(one == token for other, one in world.tokens.items() if other != number and token.body):
            game.remove(world, number)  # one more body that waits for ever changes nothing
    else:
        world.trail.append(Label("throws", token.at, result.name))
        return game.arrives(world, number, result)
    return True
