"""Merges of a plain graph: all, inclusive, or a count (a block's own join is the block itself).

The inclusive join follows Zeebe's rule: it goes on when every incoming flow has brought a token, or when no
token of its scope can still reach it over a flow that has not. That second half may become true by a move
elsewhere, so waiting joins are looked at again whenever a command has settled.
"""

from collections.abc import Iterator
from functools import lru_cache

from engine.core import events as e
from engine.core.machine import Turn
from engine.core.model import Fork, Human, Join, Node, Process, Race, Switch
from engine.core.moves import cancel_children, leave, path_end
from engine.core.state import CLOSING, WAITING, FlowState
from engine.core.waiting import disarm


def enter(turn: Turn, number: int, node: Node) -> None:
    spec = node.spec
    assert isinstance(spec, Join)
    if spec.mode == "count":
        _count(turn, number, node, spec)
    else:
        _try(turn, number, node, spec)


def _try(turn: Turn, number: int, node: Node, spec: Join) -> bool:
    """Goes on if all flows have come (or, inclusive, if none is left that could come)."""
    flow: FlowState = turn.state.flow
    up = flow.tokens[number].up
    first: dict[str, int] = {}  # flow -> its oldest waiting token
    for other, token in flow.tokens.items():
        if token.at == node.id and token.up == up and token.phase != CLOSING:
            first.setdefault(token.via, other)
    missing = [via for via in spec.incoming if via not in first]
    if missing and (spec.mode == "all" or _can_arrive(turn, node, up, missing)):
        return False
    goes = first.pop(flow.tokens[number].via, number)
    for other in first.values():
        cancel_children(turn, other, cause=node.id)
        disarm(turn, other)
        turn.emit(e.StepLeft(other, node.id, turn.now, "merged"))
    leave(turn, goes)
    return True


def _can_arrive(turn: Turn, node: Node, up: int, missing: list[str]) -> bool:
    flow: FlowState = turn.state.flow
    reach = _reaching(turn.process, node.id)
    sources = frozenset(missing)
    return any(
        token.up == up and token.at != node.id and sources & reach.get(token.at, frozenset())
        for token in flow.tokens.values()
    )


def release(turn: Turn) -> None:
    """Looks again at the inclusive joins that wait."""
    flow: FlowState = turn.state.flow
    for number, token in list(flow.tokens.items()):
        node = turn.process.nodes[token.at]
        if node.kind != "join" or number not in flow.tokens or token.phase != WAITING:
            continue
        spec = node.spec
        assert isinstance(spec, Join)
        if spec.mode == "inclusive":
            _try(turn, number, node, spec)


def _count(turn: Turn, number: int, node: Node, spec: Join) -> None:
    """The n-th flow to come goes on, the others are swallowed; when all have come it starts afresh. A flow that
    has come already is blocked until then (a flow counts as often as `incoming` has it)."""
    flow: FlowState = turn.state.flow
    token = flow.tokens[number]
    key = f"{token.up}.{node.id}"
    arrived = list(flow.joins.get(key, ()))
    if arrived.count(token.via) >= spec.incoming.count(token.via):
        return
    arrived.append(token.via)
    afresh = len(arrived) == len(spec.incoming)
    goes = len(arrived) == spec.needs
    after = None if goes else path_end(turn, number, token)  # a swallowed token may be the last of its scope
    turn.emit(e.JoinCounted(key, [] if afresh else arrived))
    if afresh:
        blocked = (n for n, t in flow.tokens.items() if t.at == node.id and t.up == token.up and n != number)
        turn.ready.extend(blocked)
    if after is None:
        leave(turn, number)
    else:
        turn.emit(e.StepLeft(number, node.id, turn.now, "merged"))
        after()


@lru_cache(maxsize=256)
def _reaching(process: Process, join: str) -> dict[str, frozenset[str]]:
    """For each node, the incoming flows of the join that a token on it can still come by."""
    ahead = {name: frozenset(successors(node)) for name, node in process.nodes.items()}
    spec = process.nodes[join].spec
    assert isinstance(spec, Join)
    reach: dict[str, set[str]] = {name: set() for name in ahead}
    for source in spec.incoming:
        seen = {source}
        while True:
            more = {n for n, after in ahead.items() if n not in seen and n != join and after & seen}
            if not more:
                break
            seen |= more
        for name in seen:
            reach[name].add(source)
    return {name: frozenset(found) for name, found in reach.items()}


def successors(node: Node) -> Iterator[str]:
    """Every step that a token may go to from here, within the same scope."""
    spec = node.spec
    goals: list[str | None] = [node.next]
    if isinstance(spec, Switch):
        goals = [flow.next for flow in spec.flows]
    elif isinstance(spec, Fork):
        goals = [*(flow.next for flow in spec.flows), spec.otherwise]
    elif isinstance(spec, Race):
        goals += [option.next for option in spec.options]
    elif isinstance(spec, Human):
        goals += [outcome.next for outcome in spec.outcomes.values()]
    goals += [handler.next for handler in node.handlers]
    return (goal for goal in goals if goal is not None)
