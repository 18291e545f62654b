"""Merges of a plain graph: all, inclusive, or a count (a block's own join is the block itself).

The inclusive join follows Zeebe's rule: it goes on when every incoming flow has brought a token, or when no
token of its scope can still reach it over a flow that has not. That second half may become true by a move
elsewhere, so waiting joins are looked at again whenever a command has settled.
"""

from engine.core import events as e
from engine.core.ahead import reaching
from engine.core.machine import Turn
from engine.core.model import Join, Node
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
    reach = reaching(turn.process, node.id)
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
