"""What is done with a case as a whole: its data corrected, a token moved, the case reopened, held, linked.

Theory of operation. The flow decides here what each of these does to the case; who may ask for it is the work
slice's affair (`tasks.steering`), as it is with tasks (R1). A move takes a token from its step with all that hangs
on it and places one on another step of the same block (R18). People move by two: the first proposes, and what the
proposal was seen on, tokens and data, must be the same when the second approves.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from engine.core import commands as c
from engine.core import events as e
from engine.core import linking
from engine.core.ahead import successors
from engine.core.asked import MOST_REASON, begun, given_reason, open_case
from engine.core.commands import Command, Refuse
from engine.core.correcting import correct
from engine.core.machine import Turn
from engine.core.migrating import migrate
from engine.core.model import Node, Parallel, Process
from engine.core.moves import FAULTS, advance, cancel, enter, follow
from engine.core.state import FlowState
from engine.core.waiting import arm, planned

_sorted = msgspec.json.Encoder(order="sorted").encode


@lru_cache(maxsize=1024)
def branch_of(process: Process, block: str) -> Mapping[str, str]:
    """For each step right within a `parallel`: the first step of the branch to which it belongs."""
    spec = process.nodes[block].spec
    assert isinstance(spec, Parallel)
    found: dict[str, str] = {}
    for first in (*(branch.first for branch in spec.branches), *([spec.otherwise] if spec.otherwise else ())):
        ahead = [first]
        while ahead:
            step = ahead.pop()
            if step not in found:
                found[step] = first
                ahead.extend(successors(process.nodes[step]))
    return found


def targets(process: Process, flow: FlowState, number: int) -> tuple[str, ...]:
    """The steps to which a token may be moved: those of its block, in a `parallel` of its branch; none for what
    the compiler put there."""
    token = flow.tokens.get(number)
    node = process.nodes.get(token.at) if token is not None else None
    if token is None or node is None or "/" in node.id:
        return ()
    around = process.nodes.get(node.scope)
    found = [one for one in process.nodes.values() if one.scope == node.scope and "/" not in one.id and one is not node]
    if around is not None and isinstance(around.spec, Parallel):
        branch = branch_of(process, around.id)
        found = [one for one in found if branch.get(one.id) == branch.get(node.id)]
    return tuple(one.id for one in found)


def standing(flow: FlowState) -> str:
    """Tells one standing of a case from another: its tokens and its data."""
    return sha256(_sorted((flow.status, list(flow.tokens.items()), flow.data))).hexdigest()[:32]


def _movable(turn: Turn, number: int, target: str) -> Node:
    """Where the token stands. Raises Refuse if it cannot be moved to that step."""
    flow = open_case(turn, also_suspended=False)
    token = flow.tokens.get(number)
    if token is None:
        raise Refuse("closed", f"案件已不在第 {number} 处", f"case {flow.number} no longer stands at {number}")
    known = targets(turn.process, flow, number)
    if target not in known:
        zh = f"{token.at} 只能移到同一块内的步骤：{'、'.join(known) or '无'}"
        en = f"{token.at} can be moved to a step of its own block: {', '.join(known) or 'there is none'}, not {target}"
        raise Refuse("target", zh, en)
    return turn.process.nodes[token.at]


def _move(turn: Turn, number: int, target: str, reason: str, proposed_by: str = "") -> None:
    flow: FlowState = turn.state.flow
    step = _movable(turn, number, target).id
    token = flow.tokens[number]
    turn.emit(e.TokenMoved(number, step, target, turn.request.actor, turn.now, reason, proposed_by))
    cancel(turn, number, cause=f"moved to {target}")
    follow(turn, token, target)
    advance(turn)


def _move_token(turn: Turn, command: c.MoveToken) -> None:
    _move(turn, command.token, command.target, given_reason(command.reason))


def _propose(turn: Turn, command: c.ProposeMove) -> None:
    reason = given_reason(command.reason)
    _movable(turn, command.token, command.target)
    flow: FlowState = turn.state.flow
    seen, before = standing(flow), flow.proposal
    if before is not None and before.seen == seen:
        raise Refuse(
            "proposed", "已有一项移动待批准：请先批准或撤回", "a move has been proposed: approve or withdraw that first"
        )
    turn.emit(
        e.MoveProposed(
            flow.seq + 1, command.token, command.target, turn.request.actor, turn.now, reason, seen
        )
    )  # fmt: skip


def _approve(turn: Turn, command: c.ApproveMove) -> None:
    open_case(turn, also_suspended=False)
    flow = _proposed(turn, command.proposal)
    proposal = flow.proposal
    assert proposal is not None
    if proposal.by == turn.request.actor:
        raise Refuse("four_eyes", "移动须由提议人以外的人批准", "somebody other than who proposed it approves a move")
    if proposal.seen != standing(flow):
        raise Refuse(
            "moved", "提议之后案件已有变化：请重新查看并提议", "the case has moved since this was proposed: look again"
        )
    _move(turn, proposal.token, proposal.target, proposal.reason, proposal.by)


def _withdraw(turn: Turn, command: c.WithdrawMove) -> None:
    _proposed(turn, command.proposal)
    turn.emit(e.MoveWithdrawn(command.proposal, turn.request.actor, turn.now, command.reason.strip()[:MOST_REASON]))


def _proposed(turn: Turn, number: int) -> FlowState:
    flow = open_case(turn)
    if flow.proposal is None or flow.proposal.number != number:
        raise Refuse("closed", "没有这项待批准的移动", f"no move {number} waits for approval")
    return flow


def _reopen(turn: Turn, command: c.ReopenCase) -> None:
    """The case's own handlers are armed afresh, as at its start; clocks start again where they say so (R29)."""
    flow, reason, steps = begun(turn), given_reason(command.reason), turn.process.reopen
    if flow.status != "ended":
        raise Refuse("not_ended", f"案件 {flow.number} 尚未结束", f"case {flow.number} has not ended")
    if not steps:
        raise Refuse("final", "此流程的案件结束后不能重开", f"a case of {turn.process.name} is not reopened")
    step = command.step or steps[0]
    if step not in steps:
        raise Refuse("target", f"只能在 {'、'.join(steps)} 重开", f"it is reopened at {' or '.join(steps)}, not {step}")
    turn.emit(e.CaseReopened(turn.now, step, turn.request.actor, reason, flow.end))
    try:
        arm(turn, planned(turn, 0, turn.process.handlers))
    except FAULTS as fault:
        raise Refuse("reopen", f"无法重开：{fault}", str(fault)) from fault
    enter(turn, step, up=0)
    advance(turn)


# --- holds ------------------------------------------------------------------------------------------


def _hold(turn: Turn, command: c.HoldCase) -> None:
    flow, reason = begun(turn), given_reason(command.reason)
    turn.emit(e.HoldPlaced(flow.seq + 1, turn.request.actor, turn.now, reason))


def _lift(turn: Turn, command: c.LiftHold) -> None:
    flow, reason = begun(turn), given_reason(command.reason)
    if command.hold not in flow.holds:
        raise Refuse("closed", "没有这项保全", f"case {flow.number} has no hold {command.hold}")
    turn.emit(e.HoldLifted(command.hold, turn.request.actor, turn.now, reason))


DECIDE: Mapping[type[Command], Callable[[Turn, Any], None]] = {
    c.CorrectData: correct,
    c.MoveToken: _move_token,
    c.ProposeMove: _propose,
    c.ApproveMove: _approve,
    c.WithdrawMove: _withdraw,
    c.ReopenCase: _reopen,
    c.HoldCase: _hold,
    c.LiftHold: _lift,
    c.MigrateCase: migrate,
    **linking.DECIDE,
}
