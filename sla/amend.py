"""What people change about clocks: more time, counting again on another calendar (R30), why one is late."""

from collections.abc import Mapping
from datetime import timedelta

from engine.core.commands import Refuse
from engine.core.durations import SECONDS, Duration, parse_duration
from engine.core.machine import Turn
from sla.events import (
    AcknowledgeBreach,
    BreachAcknowledged,
    BreachExplained,
    ClockExtended,
    ExtendClock,
    RebaseClocks,
)
from sla.measure import metered
from sla.model import Clock, Extension, calendar_name, clock_of, clocks_of
from sla.runs import aim, calendar_of, follow, recount
from sla.state import ClocksState, Late, Run


def extend(turn: Turn, command: ExtendClock) -> None:
    number, run = _run(turn, command)
    clock = clock_of(turn.process, run.clock)
    cap = clock.extension
    if cap is None:
        raise Refuse("no_extension", f"时限 {clock.name} 不能延期", f"clock {clock.name} may not be extended")
    _approved(turn, clock, cap)
    if not command.reason.strip():
        text = {"zh": "请说明理由", "en": "Give the reason"}
        en = f"expected a reason to extend clock {clock.name}"
        raise Refuse("reason", f"延长时限 {clock.name} 须说明理由", en, {"reason": text})
    if run.passed(turn.now):
        at = run.deadline.isoformat()
        en = f"clock {clock.name} can no longer be extended: its deadline passed at {at}"
        raise Refuse("passed", f"时限 {clock.name} 已于 {at} 到期，不能再延期", en)
    by = _within_cap(clock, cap, run, command.by)
    try:
        lengthen(turn, number, clock, str(by), command.reason.strip(), turn.request.actor)
    except ValueError as error:
        raise Refuse("duration", f"时限 {clock.name}：{error}", f"clock {clock.name}: {error}") from error


def lengthen(turn: Turn, number: int, clock: Clock, by: str, reason: str, approver: str) -> None:
    """Gives a run more time, counted on the calendar in force. Raises ValueError where it ends beyond all days."""
    run: Run = turn.state.clocks.open[number]
    calendar = calendar_of(turn, clock, run)
    recount(turn, number, clock, run, calendar, "calendar")
    due = metered(calendar, run.since, parse_duration(run.limit), clock.roll, [*run.more, by], run.breaks).due
    turn.emit(ClockExtended(number, clock.name, by, reason, approver, turn.now, run.deadline, due.at, due.provisional))
    aim(turn, number, clock, calendar)


def acknowledge(turn: Turn, command: AcknowledgeBreach) -> None:
    """Of a run that is open and late, or has closed late and was not explained yet. Raises Refuse."""
    clocks: ClocksState = turn.state.clocks
    number = _one({**clocks.open, **clocks.late}, command)
    rule, actor = clocks_of(turn.process).breaches, turn.request.actor
    directory = turn.env.directory
    if directory is None or rule.by.isdisjoint(directory.roles(actor)):
        roles = ", ".join(sorted(rule.by))
        en = f"expected someone with a role that acknowledges breaches ({roles or 'the house names none'}), not {actor}"
        raise Refuse("role", f"确认超时须有以下角色之一：{roles or '本机构未指定'}", en)
    open_run = clocks.open.get(number)
    if open_run is not None and not open_run.passed(turn.now):
        at = open_run.deadline.isoformat()
        en = f"clock {open_run.clock} is not late: its deadline is {at}"
        raise Refuse("in_time", f"时限 {open_run.clock} 未超时：{at} 到期", en)
    if command.reason not in rule.reasons:
        known = ", ".join(rule.reasons)
        text = {"zh": "请选择所列原因之一", "en": "Choose one of the reasons"}
        en = f"expected one of {known}, not {command.reason!r}"
        raise Refuse("breach_reason", "请选择所列原因之一", en, {"reason": text})
    said = BreachAcknowledged if open_run is not None else BreachExplained
    run = open_run or clocks.late[number]
    turn.emit(said(number, run.clock, run.run, command.reason, actor, turn.now, command.note.strip()))


def _run(turn: Turn, command: ExtendClock) -> tuple[int, Run]:
    clocks: ClocksState = turn.state.clocks
    number = _one(clocks.open, command)
    return number, clocks.open[number]


def _one(among: Mapping[int, Run | Late], command: ExtendClock | AcknowledgeBreach) -> int:
    """The id of the one run that is meant. Raises Refuse."""
    found = [
        (number, run) for number, run in among.items() if run.clock == command.clock and command.run in (0, run.run)
    ]
    if not found:
        there = ", ".join(sorted({run.clock for run in among.values()})) or "none"
        en = f"clock {command.clock!r} does not run in this case, nor has it closed late; there are: {there}"
        raise Refuse("not_running", f"本案没有正在计时或逾期未说明的时限 {command.clock}；现有：{there}", en)
    if len(found) > 1:
        runs = ", ".join(str(run.run) for _, run in found)
        en = f"clock {command.clock} has several runs: name one of {runs}"
        raise Refuse("which", f"时限 {command.clock} 有多个计时轮次，请指明其一：{runs}", en)
    return found[0][0]


def _approved(turn: Turn, clock: Clock, cap: Extension) -> None:
    directory, actor = turn.env.directory, turn.request.actor
    if directory is None or cap.role not in directory.roles(actor):
        en = f"expected someone with the role {cap.role} to extend clock {clock.name}, not {actor}"
        raise Refuse("role", f"延长时限 {clock.name} 须有角色 {cap.role}", en)


def _within_cap(clock: Clock, cap: Extension, run: Run, text: str) -> Duration:
    """The extension, if all of them together stay within the cap. Raises Refuse."""
    try:
        by = parse_duration(text)
    except ValueError as error:
        told = {"by": {"zh": "请写成 5wd、10d 这样的时长", "en": "Write a length such as 5wd or 10d"}}
        raise Refuse("duration", f"不是有效的时长：{text}", str(error), told) from error
    if by.measure != cap.most.measure or (by.unit not in SECONDS and by.unit != cap.most.unit):
        en = f"expected an extension in {cap.most.unit}, like the {cap.most} allowed, not {by}"
        told = {"by": {"zh": f"请用单位 {cap.most.unit}", "en": f"Write it in {cap.most.unit}"}}
        raise Refuse("duration", f"延期须以 {cap.most.unit} 为单位，与允许的 {cap.most} 相同", en, told)
    total = sum((_size(parse_duration(one)) for one in run.more), start=_size(by))
    if total > _size(cap.most):
        had = f", of which {' + '.join(run.more)} is used" if run.more else ""
        used = f"（已用 {' + '.join(run.more)}）" if run.more else ""
        en = f"clock {clock.name} may be extended by {cap.most} in all{had}, not by {by}"
        told = {"by": {"zh": f"累计最多 {cap.most}{used}", "en": f"At most {cap.most} in all{had}"}}
        raise Refuse("cap", f"时限 {clock.name} 累计最多延长 {cap.most}{used}，不能再延长 {by}", en, told)
    return by


def _size(one: Duration) -> timedelta:
    """A length to compare with others of the same unit."""
    return one.span if one.unit in SECONDS else timedelta(days=int(one.amount))


def rebase(turn: Turn, command: RebaseClocks) -> None:
    """R30: the old and the new deadline of every open run on that calendar. A run whose deadline has passed stays what
    it was, breached (R29); it is told only that it has been looked at. Raises Refuse if none is older."""
    calendar = turn.env.calendars.get(command.calendar)
    if calendar is None or calendar.version != command.version:
        known = calendar.version if calendar else "none"
        en = f"expected version {known} of calendar {command.calendar}, not {command.version}"
        raise Refuse("calendar", f"日历 {command.calendar} 现为版本 {known}", en)
    clocks: ClocksState = turn.state.clocks
    before = len(turn.events)
    for number, run in list(clocks.open.items()):
        clock = clock_of(turn.process, run.clock)
        if calendar_name(turn.process, clock, run.calendar) != command.calendar:
            continue
        follow(turn, number, clock, run, calendar)
        aim(turn, number, clock, calendar)
    if len(turn.events) == before:
        en = f"no open clock of this case is on an older version of {command.calendar}"
        raise Refuse("current", f"本案没有时限仍按日历 {command.calendar} 的旧版本计算", en)
