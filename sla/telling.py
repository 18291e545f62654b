"""Accounts of clocks for people (rich tables, in the language asked for) and for programs (plain JSON values)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Line

from engine.core.model import Process, Text
from engine.core.values import moment
from sla.calendar import WorkCalendar
from sla.explain import LATE, PAUSED, RUNS, START_DAY, Account, Days, Stretch, lasting, measured

_MICRO = timedelta(microseconds=1)

WORDS: Mapping[str, Text] = {
    RUNS: {"zh": "计时", "en": "counts"},
    PAUSED: {"zh": "暂停", "en": "paused"},
    START_DAY: {"zh": "起始日不计", "en": "the start day does not count"},
    LATE: {"zh": "逾期", "en": "after the deadline"},
    "running": {"zh": "运行中", "en": "running"},
    "stopped": {"zh": "已完成", "en": "met its end"},
    "unmet": {"zh": "未完成即结束", "en": "ended unmet"},
    "void": {"zh": "不适用", "en": "void"},
    "breached": {"zh": "已逾期", "en": "breached"},
    "provisional": {"zh": "暂定（节假日尚未公布）", "en": "provisional: its holidays are not published yet"},
    "law": {"zh": "法律", "en": "law"},
    "manual": {"zh": "手册", "en": "manual"},
    "target": {"zh": "目标", "en": "target"},
    "weekday": {"zh": "工作日", "en": "working day"},
    "weekend": {"zh": "周末", "en": "weekend"},
    "holiday": {"zh": "节假日", "en": "holiday"},
    "make_up": {"zh": "调休上班", "en": "made up"},
    "company": {"zh": "公司日", "en": "company day"},
    "from": {"zh": "起", "en": "from"},
    "to": {"zh": "止", "en": "to"},
    "elapsed": {"zh": "历时", "en": "elapsed"},
    "counted": {"zh": "计入", "en": "counted"},
    "why": {"zh": "原因", "en": "why"},
    "sum": {"zh": "合计", "en": "sum"},
    "of": {"zh": "限额", "en": "of"},
    "deadline": {"zh": "到期", "en": "deadline"},
    "extended": {"zh": "延期", "en": "extended"},
    "rebased": {"zh": "重算", "en": "counted again"},
    "rung": {"zh": "升级", "en": "rung"},
    "at_steps": {"zh": "在", "en": "at"},
    "another_calendar": {
        "zh": "该期限按另一版日历计算，下列分段按现行日历列出",
        "en": "counted on another version of the calendar than the one these stretches are told on",
    },
}


def say(key: str, language: str) -> str:
    text = WORDS[key]
    return text.get(language) or text["en"]


def tables(accounts: Iterable[Account], process: Process, language: str = "en") -> RenderableType:
    """One table for each run: its stretches, and their sums."""
    return Group(*(one for account in accounts for one in _told(account, process, language)))


def _told(account: Account, process: Process, language: str) -> Iterator[RenderableType]:
    zone = _zone(account)
    yield Line(_heading(account, process, language), style="bold")
    for line in _notes(account, zone, language):
        yield Line(f"  {line}")
    table = Table("from", "to", "elapsed", "counted", "why", box=None, pad_edge=True)
    for column in table.columns:
        column.header = say(str(column.header), language)
    for stretch in account.stretches:
        counted = measured(stretch.counted, account.unit) if stretch.why != PAUSED else ""
        table.add_row(
            _local(stretch.start, zone), _local(stretch.end, zone), lasting(stretch.elapsed), counted,
            _why(stretch, process, language),
        )  # fmt: skip
        for days in stretch.days:
            table.add_row("", "", lasting(days.elapsed), measured(days.counted, account.unit), _day(days, language))
    total = f"{measured(account.used, account.unit)} {say('of', language)} {measured(account.allowance, account.unit)}"
    table.add_row(say("sum", language), "", lasting(account.elapsed), total, "", style="bold")
    yield table


def _heading(account: Account, process: Process, language: str) -> str:
    clock = account.clock
    title = _step(process, clock.name, language) if account.token else _titled(clock.title, clock.name, language)
    run = f" #{account.run}" if account.run > 1 else ""
    clauses = f" [{', '.join(clock.clauses)}]" if clock.clauses else ""
    status = say(account.status if account.status != "paused" else PAUSED, language)
    late = f", {say('breached', language)}" if account.breached else ""
    return f"{title}{run} · {say(clock.origin, language)}{clauses} · {account.limit} · {status}{late}"


def _notes(account: Account, zone: tzinfo, language: str) -> Iterator[str]:
    provisional = f" ({say('provisional', language)})" if account.provisional else ""
    yield f"{say('deadline', language)} {_local(account.deadline, zone)}{provisional}"
    if account.note:
        yield account.note
    for one in account.more:
        yield f"{say('extended', language)} +{one.by}, {one.approver}: {one.reason}"
    for again in account.rebased:
        moved = f"{_local(again.old, zone)} → {_local(again.deadline, zone)}"
        yield f"{say('rebased', language)} {_local(again.at, zone)} ({again.why}): {moved}"
    for rung in account.rungs:
        words = account.clock.ladder[rung.rung].at
        times = f" ×{rung.repeat}" if rung.repeat > 1 else ""
        yield f"{say('rung', language)} {words}{times}: {_local(rung.due, zone)}"
    if account.version != account.calendar.version:
        yield say("another_calendar", language)


def _why(stretch: Stretch, process: Process, language: str) -> str:
    names = ", ".join(_step(process, step, language) for step in stretch.steps)
    return f"{say(stretch.why, language)} {say('at_steps', language)} {names}" if names else say(stretch.why, language)


def _day(days: Days, language: str) -> str:
    span = f"{days.first:%m-%d}" if days.first == days.last else f"{days.first:%m-%d} – {days.last:%m-%d}"
    reason = f": {_titled(days.reason, '', language)}" if days.reason else ""
    return f"  {span} {say(days.kind, language)}{reason}"


def _step(process: Process, step: str, language: str) -> str:
    node = process.nodes.get(step)
    return _titled(node.title if node else {}, step, language)


def _titled(text: Text, name: str, language: str) -> str:
    return text.get(language) or next(iter(text.values()), name)


def _zone(account: Account) -> tzinfo:
    assert isinstance(account.calendar, WorkCalendar)
    return account.calendar.zone


def _local(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


# --- for programs ---------------------------------------------------------------------------------


def plain(account: Account) -> dict[str, Any]:
    """The account as JSON values: moments in UTC, lengths in microseconds beside their written form."""
    steps, most = account.lost()
    return {
        "clock": account.clock.name,
        "run": account.run,
        "token": account.token,
        "title": dict(account.clock.title),
        "clauses": list(account.clock.clauses),
        "origin": account.clock.origin,
        "limit": account.limit,
        "since": moment(account.since),
        "until": moment(account.until),
        "deadline": moment(account.deadline),
        "provisional": account.provisional,
        "status": account.status,
        "breached": account.breached,
        "closed_by": account.closed_by,
        "note": account.note,
        "calendar": account.calendar.name,
        "calendar_version": account.version,
        "allowance": _length(account.allowance, account.unit),
        "used": _length(account.used, account.unit),
        "over": _length(account.over, account.unit),
        "elapsed_us": account.elapsed // _MICRO,
        "lost_at": {"steps": list(steps), **_length(most, account.unit)},
        "stretches": [_stretch(one, account.unit) for one in account.stretches],
        "extensions": [
            {"by": one.by, "reason": one.reason, "approver": one.approver, "at": moment(one.at),
             "old": moment(one.old), "deadline": moment(one.deadline)}
            for one in account.more
        ],
        "rebased": [
            {"why": one.why, "at": moment(one.at), "old": moment(one.old), "deadline": moment(one.deadline)}
            for one in account.rebased
        ],
        "rungs": [
            {"at": account.clock.ladder[one.rung].at, "repeat": one.repeat, "due": moment(one.due),
             "fired": moment(one.at)}
            for one in account.rungs
        ],
    }  # fmt: skip


def _stretch(one: Stretch, unit: str) -> dict[str, Any]:
    return {
        "start": moment(one.start),
        "end": moment(one.end),
        "why": one.why,
        "counts": one.why == RUNS,
        "steps": list(one.steps),
        "elapsed_us": one.elapsed // _MICRO,
        **_length(one.counted, unit),
        "days": [
            {"first": d.first.isoformat(), "last": d.last.isoformat(), "kind": d.kind, "reason": dict(d.reason),
             "elapsed_us": d.elapsed // _MICRO, **_length(d.counted, unit)}
            for d in one.days
        ],
    }  # fmt: skip


def _length(amount: timedelta, unit: str) -> dict[str, Any]:
    return {"counted": measured(amount, unit), "counted_us": amount // _MICRO}
