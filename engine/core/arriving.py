"""What reaches a case that waits for it: moments, messages, signals, and the results of jobs and of called cases."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import commands as c
from engine.core import events as e
from engine.core.asked import open_case
from engine.core.commands import Command, Refuse
from engine.core.data import Fault, taken, write
from engine.core.firing import escalated, fire, report, throw, timer_fired
from engine.core.machine import Turn
from engine.core.model import Call, Json, Node, Service
from engine.core.moves import FAULTS, advance, hold, leave
from engine.core.state import FlowState


def _fire_timer(turn: Turn, command: c.FireTimer) -> None:
    if command.slice != "flow":
        return
    flow = open_case(turn, also_suspended=False)
    timer = flow.timers.get(command.timer)
    if timer is None or timer.due != command.due:
        en = f"timer {command.timer} of case {flow.number} is no longer set for {command.due}"
        raise Refuse("stale", f"案件 {flow.number} 的定时器 {command.timer} 已不再等待这一时刻", en)
    timer_fired(turn, command.timer, timer, command.due)
    advance(turn)


def _deliver(turn: Turn, kind: str, name: str, key: str, payload: dict[str, Json]) -> None:
    flow = open_case(turn)
    found = (n for n, w in flow.waits.items() if (w.kind, w.name) == (kind, name) and w.key in ("", key))
    number = next(found, None)  # in order of opening: the oldest has it (R22)
    if number is None:
        en = f"nothing in case {flow.number} waits for {kind} {name} with key {key!r}"
        raise Refuse("nobody_waits", f"案件 {flow.number} 未在等待 {name}（关联键 {key}）", en)
    wait = flow.waits[number]
    turn.emit(e.MessageCaught(number, kind, name, key))
    try:
        fire(turn, wait.token, wait.handler, payload)
    except FAULTS as fault:
        raise Refuse("payload", f"{name}：{fault}", f"{kind} {name}: {fault}") from fault
    advance(turn)


def _message(turn: Turn, command: c.DeliverMessage) -> None:
    _deliver(turn, "message", command.message, command.key, command.payload)


def _signal(turn: Turn, command: c.DeliverSignal) -> None:
    """A signal reaches everything in the case that waits for it, once each."""
    flow = open_case(turn)
    waiting = [
        n
        for n, w in flow.waits.items()
        if w.kind == "signal" and w.name == command.signal and w.key in ("", command.key)
    ]
    for number in waiting:
        wait = flow.waits.get(number)
        if wait is not None:
            turn.emit(e.MessageCaught(number, "signal", command.signal, command.key))
            try:
                fire(turn, wait.token, wait.handler)
            except FAULTS as fault:
                report(turn, wait.token, fault)
    advance(turn)


def _finish_job(turn: Turn, command: c.FinishJob) -> None:
    open_case(turn)
    token, node = _job(turn, command.job)
    spec = node.spec
    assert isinstance(spec, Service)
    turn.emit(e.JobClosed(command.job, "finished"))
    try:
        write(turn, token, taken(turn, spec.into, command.result, f"the result of {spec.function}"))
    except Fault as fault:
        hold(turn, token, "service", str(fault))
        return
    leave(turn, token)
    advance(turn)


def _job(turn: Turn, number: int) -> tuple[int, Node]:
    flow: FlowState = turn.state.flow
    job = flow.jobs.get(number)
    if job is None:
        en = f"job {number} of case {flow.number} is no longer open"
        raise Refuse("closed", f"案件 {flow.number} 的作业 {number} 已经结束", en)
    return job.token, turn.process.nodes[flow.tokens[job.token].at]


def _fail_job(turn: Turn, command: c.FailJob) -> None:
    open_case(turn)
    token, _ = _job(turn, command.job)
    turn.emit(e.JobClosed(command.job, "failed"))
    if command.code:
        throw(turn, token, command.code, command.text)
    else:
        hold(turn, token, "service", command.text)
    advance(turn)


def _finish_call(turn: Turn, command: c.FinishCall) -> None:
    node = _call(turn, command.token, command.case)
    turn.emit(e.CallClosed(command.token, command.case))
    if command.error:
        throw(turn, command.token, command.error, f"from the called case {command.case}")
    else:
        assert isinstance(node.spec, Call)
        try:
            result = {**command.data, "end": command.end}
            write(turn, command.token, taken(turn, node.spec.into, result, f"the result of {node.spec.process}"))
        except Fault as fault:
            hold(turn, command.token, "call", str(fault))
            return
        leave(turn, command.token)
    advance(turn)


def _call(turn: Turn, token: int, case: str) -> Node:
    flow = open_case(turn)
    if flow.calls.get(token) != case:
        en = f"case {flow.number} no longer waits for case {case}"
        raise Refuse("closed", f"案件 {flow.number} 已不再等待案件 {case}", en)
    return turn.process.nodes[flow.tokens[token].at]


def _escalate_call(turn: Turn, command: c.EscalateCall) -> None:
    _call(turn, command.token, command.case)
    escalated(turn, command.token, command.name)
    advance(turn)


DECIDE: Mapping[type[Command], Callable[[Turn, Any], None]] = {
    c.FireTimer: _fire_timer,
    c.DeliverMessage: _message,
    c.DeliverSignal: _signal,
    c.FinishJob: _finish_job,
    c.FailJob: _fail_job,
    c.FinishCall: _finish_call,
    c.EscalateCall: _escalate_call,
}
