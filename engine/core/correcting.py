"""Data of a case put right: by an ordinary change, so that clocks, conditions and the places of tasks follow it as
they follow any. Beside it, what has been armed with the old values (moments, keys of messages) is armed again.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from engine.core import commands as c
from engine.core import events as e
from engine.core.asked import form_changes, given_reason, open_case, wrong_fields
from engine.core.commands import Refuse
from engine.core.data import write
from engine.core.firing import report, trigger_at
from engine.core.machine import Turn
from engine.core.model import (
    Call,
    Catch,
    Compute,
    Decide,
    Each,
    Handler,
    Human,
    Process,
    Race,
    Service,
    Set,
    Trigger,
)
from engine.core.moves import FAULTS, advance
from engine.core.state import FlowState
from engine.core.waiting import key_of, moment

_MICROSECOND = timedelta(microseconds=1)


def correct(turn: Turn, command: c.CorrectData) -> None:
    flow, process, reason = open_case(turn), turn.process, given_reason(command.reason)
    paths = tuple((name,) for name in command.changes)
    _enterable(process, command.changes)
    wrong = {p.path: dict(p.message) for p in process.check(paths)(command.changes)} if process.check else {}
    if wrong:
        raise wrong_fields(wrong)
    changes = form_changes(turn, paths, command.changes)
    before = {name: flow.data.get(name) for name in changes}
    told = len(turn.events)
    try:
        write(turn, 0, {name: value for name, value in changes.items() if value is not None or name in flow.data})
    except FAULTS as fault:
        raise Refuse("form", f"无法更正：{fault}", str(fault)) from fault
    if len(turn.events) == told:
        raise Refuse("unchanged", "没有需要更正的内容", "nothing is changed by that")
    after = {name: flow.data[name] for event in turn.events[told:] for name in event.changes}  # type: ignore[attr-defined]  # `write` emits DataChanged
    old = {name: before[name] for name in after}
    turn.emit(e.DataCorrected(old, after, turn.request.actor, turn.now, reason))
    _arm_again(turn, frozenset(after))
    advance(turn)


def _enterable(process: Process, changes: Mapping[str, Any]) -> None:
    """Only what people, messages or other cases bring in can have been brought in wrongly."""
    fields = {}
    for name in changes:
        if name not in process.names:
            fields[name] = {"zh": "案件没有此项资料", "en": "The case has no such field"}
        elif name in worked_out(process):
            zh = "此项由流程得出：请更正其依据，或将案件移到得出它的步骤"
            en = "The process works this out: correct what it follows from, or move the case to the step that does"
            fields[name] = {"zh": zh, "en": en}
    if fields or not changes:
        named = ", ".join(fields)
        en = f"these fields cannot be corrected: {named or 'none is named'}"
        raise Refuse("form", f"以下各项不能更正：{named or '未指明'}", en, fields)


@lru_cache(maxsize=256)
def worked_out(process: Process) -> frozenset[str]:
    """The top-level names that the process alone writes: no form asks for them, no message brings them. They
    follow from other data and from what was decided, under the authority that it took."""
    entered = {path[0] for path in process.start.form} | {one.path[0] for one in process.start.into}
    entered |= _caught(process.handlers)
    worked: set[str] = set()
    for node in process.nodes.values():
        entered |= _caught(node.handlers)
        match node.spec:
            case Human(form=form, outcomes=outcomes):
                entered |= {path[0] for path in form}
                worked |= {one.path[0] for outcome in outcomes.values() for one in outcome.sets}
            case Set(assigns=assigns):
                worked |= {one.path[0] for one in assigns}
            case Compute(into=into) | Decide(into=into) | Service(into=into) | Call(into=into):
                worked |= {path[0] for _, path in into}
            case Each(collect=collect):
                worked |= {path[0] for path, _ in collect}
            case Catch(trigger=trigger):
                entered |= {one.path[0] for one in trigger.into}
            case Race(options=options):
                entered |= _caught(options)
            case _:
                pass
    return frozenset(worked - entered)


def _caught(handlers: tuple[Handler, ...]) -> set[str]:
    return {one.path[0] for handler in handlers for one in handler.trigger.into}


def _arm_again(turn: Turn, changed: frozenset[str]) -> None:
    """Moments and keys that were read from what has been corrected. One that can no longer be told stays as it was,
    and an incident says so."""
    flow: FlowState = turn.state.flow
    for number, timer in list(flow.timers.items()):
        trigger = trigger_at(turn, timer.token, timer.handler)
        if trigger.at is None or timer.fired or not trigger.at.reads & changed:
            continue
        try:
            due = moment(turn, timer.token, trigger.at)
        except FAULTS as fault:
            report(turn, timer.token, fault)
            continue
        turn.emit(e.TimerSet(number, timer.token, due, timer.handler, timer.fired))
        if flow.status == "suspended":
            turn.emit(e.TimerHeld(number, max(0, (due - turn.now) // _MICROSECOND)))
    for number, wait in list(flow.waits.items()):
        trigger = trigger_at(turn, wait.token, wait.handler)
        if trigger.key is not None and trigger.key.reads & changed:
            _key_again(turn, number, trigger)


def _key_again(turn: Turn, number: int, trigger: Trigger) -> None:
    flow: FlowState = turn.state.flow
    wait = flow.waits[number]
    assert trigger.key is not None
    try:
        key = key_of(trigger.key, turn, wait.token)
    except FAULTS as fault:
        report(turn, wait.token, fault)
        return
    if key != wait.key:
        turn.emit(e.WaitClosed(number))
        turn.emit(e.WaitOpened(flow.seq + 1, wait.token, wait.kind, wait.name, key, wait.handler))
