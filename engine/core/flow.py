"""The flow slice: what each command does to the tokens of a case.

Flow owns whether a task is open and what it yields (R1); who may complete it is the work slice's affair.
In a suspended case people's work is refused, but what comes from outside (a job's result, a message) is
taken in; nothing moves on until the case is resumed.
"""

from datetime import timedelta
from typing import TypeVar

from engine.core import arriving, linking, steering
from engine.core import commands as c
from engine.core import events as e
from engine.core.apply import APPLY
from engine.core.asked import form_changes, open_case, task_token
from engine.core.commands import Refuse
from engine.core.data import assigned, completed_by, fit, names, write
from engine.core.firing import conditions
from engine.core.machine import Slice, Turn
from engine.core.model import AdHoc, Each
from engine.core.moves import (
    FAULTS,
    ON,
    advance,
    cancel_children,
    children,
    end_case,
    enter,
    leave,
)  # fmt: skip
from engine.core.naming import aside
from engine.core.nodes import each, join
from engine.core.state import CLOSING, READY, SKIPPED, FlowState
from engine.core.waiting import arm, planned

Scope = TypeVar("Scope", AdHoc, Each)
_MICROSECOND = timedelta(microseconds=1)


def _start(turn: Turn, command: c.StartCase) -> None:
    flow: FlowState = turn.state.flow
    if flow.status != "new":
        raise Refuse("started", f"案件 {flow.number} 已经开始", f"case {flow.number} has already been started")
    process = turn.process
    check = process.admits if command.by in c.BY_ENGINE else process.validate
    problems = check(command.data) if check else ()
    if problems:
        fields = {p.path: dict(p.message) for p in problems}
        named = ", ".join(fields)
        raise Refuse("form", f"以下各项有误：{named}", f"{len(fields)} of the fields cannot be taken: {named}", fields)
    number = turn.env.number(process) if turn.env.number else turn.request.case
    request = turn.request
    turn.emit(
        e.CaseStarted(
            request.case, process.name, process.version, number, turn.now, request.actor,
            command.parent, command.parent_token, command.by,
        )
    )  # fmt: skip
    try:
        write(turn, 0, {k: fit(turn, (k,), v, "start") for k, v in command.data.items()})
        arm(turn, planned(turn, 0, process.handlers))
    except FAULTS as fault:
        raise Refuse("start", f"案件无法开始：{fault}", str(fault)) from fault
    enter(turn, process.first, up=0)
    advance(turn)


def complete(turn: Turn, command: c.CompleteTask) -> None:
    """Leaves the person's step by the outcome, with what was filled in. Raises Refuse if that cannot be taken."""
    _, node, human = task_token(turn, command.task)
    outcome = human.outcomes.get(command.outcome)
    if human.outcomes and outcome is None:
        known, hint = ", ".join(human.outcomes), aside(command.outcome, human.outcomes)
        raise Refuse("outcome", f"请选择办理结果：{known}", f"expected one of {known}, not {command.outcome!r}{hint}")
    if not human.outcomes and command.outcome:
        en = f"{node.id} has no outcomes, but {command.outcome!r} was given"
        raise Refuse("outcome", f"步骤 {node.id} 没有可选的办理结果", en)
    if outcome is not None and outcome.reason and not command.reason.strip():
        text = {"zh": "请说明理由", "en": "Give the reason"}
        raise Refuse("reason", f"{outcome.name} 须说明理由", f"{outcome.name} needs a reason", {"reason": text})
    write(turn, command.task, form_changes(turn, human.form, command.data))
    try:
        if outcome is not None and outcome.sets:
            write(turn, command.task, assigned(turn, outcome.sets, names(turn, command.task, completed_by(turn))))
    except FAULTS as fault:
        raise Refuse("outcome", f"{command.outcome}：{fault}", f"{command.outcome}: {fault}") from fault
    to = outcome.next if outcome is not None and outcome.next is not None else ON
    leave(turn, command.task, to, outcome=command.outcome, actor=turn.request.actor)
    advance(turn)


def _skip(turn: Turn, command: c.SkipTask) -> None:
    """The step is left as it falls through, with nothing filled in. Whether it may be is the work slice's affair."""
    task_token(turn, command.task)
    if not command.reason.strip():
        text = {"zh": "请说明理由", "en": "Give the reason"}
        raise Refuse("reason", "跳过步骤须说明理由", "leaving a step out needs a reason", {"reason": text})
    leave(turn, command.task, outcome=SKIPPED)
    advance(turn)


def _retry(turn: Turn, command: c.RetryIncident) -> None:
    flow = open_case(turn, also_suspended=False)
    incident = flow.incidents.get(command.incident)
    if incident is None:
        en = f"case {flow.number} has no open incident {command.incident}"
        raise Refuse("closed", f"案件 {flow.number} 没有待处理的异常 {command.incident}", en)
    turn.emit(e.IncidentClosed(command.incident, "retried"))
    if incident.token in flow.tokens and _may_go(flow, incident.token):
        turn.ready.append(incident.token)
    advance(turn)


def _may_go(flow: FlowState, number: int) -> bool:
    """Whether a token is kept back by nothing but what has just been lifted."""
    phase = flow.tokens[number].phase
    return phase == READY or (phase == CLOSING and not children(flow, number))


def _suspend(turn: Turn, command: c.SuspendCase) -> None:
    flow = open_case(turn, also_suspended=False)
    for number, timer in flow.timers.items():
        turn.emit(e.TimerHeld(number, max(0, (timer.due - turn.now) // _MICROSECOND)))
    turn.emit(e.CaseSuspended(turn.now, command.reason))


def _resume(turn: Turn, command: c.ResumeCase) -> None:
    flow = open_case(turn)
    if flow.status != "suspended":
        raise Refuse("running", f"案件 {flow.number} 未中止", f"case {flow.number} is not suspended")
    turn.emit(e.CaseResumed(turn.now, command.reason))
    for number, timer in list(flow.timers.items()):
        due = turn.now + timedelta(microseconds=timer.left or 0)
        turn.emit(e.TimerSet(number, timer.token, due, timer.handler, timer.fired))
    stuck = {i.token for i in flow.incidents.values()}
    turn.ready.extend(n for n in flow.tokens if n not in stuck and _may_go(flow, n))
    advance(turn)


def _cancel(turn: Turn, command: c.CancelCase) -> None:
    open_case(turn)
    cancel_children(turn, 0, cause="cancelled")
    end_case(turn, cancelled=True, reason=command.reason)


def _start_step(turn: Turn, command: c.StartStep) -> None:
    flow = open_case(turn, also_suspended=False)
    spec = _scope(turn, command.block, AdHoc)
    if command.step not in spec.steps:
        known = ", ".join(spec.steps)
        raise Refuse("step", f"请选择步骤：{known}", f"expected one of {known}, not {command.step!r}")
    enter(turn, command.step, up=command.block, via=flow.tokens[command.block].at)
    advance(turn)


def _finish_block(turn: Turn, command: c.FinishBlock) -> None:
    flow = open_case(turn, also_suspended=False)
    spec, at = _scope(turn, command.block, AdHoc), flow.tokens[command.block].at
    if spec.until is not None:  # as a completion condition of BPMN: it alone says when the block is done
        en = f"{at} in case {flow.number} ends by its condition, not by hand"
        raise Refuse("until", f"{at} 满足条件时自行结束，不由人结束", en)
    if children(flow, command.block, bodies=False):
        raise Refuse("steps_open", f"{at} 中还有未完成的步骤", f"{at} in case {flow.number} still has open steps")
    leave(turn, command.block)
    advance(turn)


def _add_instance(turn: Turn, command: c.AddInstance) -> None:
    open_case(turn, also_suspended=False)
    each.add(turn, command.each, _scope(turn, command.each, Each), command.item)
    advance(turn)


def _scope(turn: Turn, number: int, kind: type[Scope]) -> Scope:
    flow: FlowState = turn.state.flow
    token = flow.tokens.get(number)
    spec = turn.process.nodes[token.at].spec if token is not None and token.phase == "" else None
    if not isinstance(spec, kind):
        en = f"case {flow.number} has no such block at {number}"
        raise Refuse("scope", f"案件 {flow.number} 的 {number} 处没有这样的子流程块", en)
    return spec


def _settle(turn: Turn) -> None:
    """When nothing new comes: inclusive joins that nothing can reach any more, then conditions (R23)."""
    flow: FlowState = turn.state.flow
    if flow.status != "open":
        return
    join.release(turn)
    advance(turn)
    while flow.truths and flow.status == "open" and conditions(turn):
        advance(turn)


FLOW = Slice(
    name="flow",
    state=FlowState,
    apply=APPLY,
    decide={
        c.StartCase: _start,
        c.CompleteTask: complete,
        c.SkipTask: _skip,
        c.RetryIncident: _retry,
        c.SuspendCase: _suspend,
        c.ResumeCase: _resume,
        c.CancelCase: _cancel,
        c.StartStep: _start_step,
        c.FinishBlock: _finish_block,
        c.AddInstance: _add_instance,
        **arriving.DECIDE,
        **steering.DECIDE,
    },
    react=linking.REACT,
    settle=_settle,
)
