"""Every report as a table of figures, the same for pages, the command line, files and programs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.model import Text
from engine.runtime.database import Connection
from reports import ask, lists
from reports.ask import Counted, Wanted
from reports.figures import DIMENSIONS, FIGURES, OF_LATE, OF_PROCESS, PERCENTILES
from reports.forecast import keep
from reports.now import AGES
from reports.sums import JUDGED, MEASURES

Told = Callable[[str, str, str], str]
"""What a reader calls a value: (dimension, value, its process or "") -> text. Dimensions beside those of compliance are
`step`, `case`, and `why` a forecast says nothing ("": it says the chance)."""


@dataclass(frozen=True, slots=True)
class Column:
    """`unit` is a figure's: count, share, seconds, moment, text."""

    name: str
    title: Text
    unit: str = "text"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report. `rows` have a value for each column: numbers, Decimal shares, moments, text, or None."""

    report: str
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked with. `by`: a dimension, for compliance and for one of its values in lists and trends."""

    connection: Connection
    wanted: Wanted
    told: Told
    zone: ZoneInfo
    processes: tuple[str, ...] = ()
    by: str = "clause"
    value: str = ""
    count: int = 12  # periods of a trend
    after: lists.Place | None = None
    limit: int = 50


def figures(*names: str) -> tuple[Column, ...]:
    """The columns of figures."""
    return tuple(Column(name, FIGURES[name].title, FIGURES[name].unit) for name in names)


def _text(name: str, zh: str, en: str, unit: str = "text") -> Column:
    return Column(name, {"zh": zh, "en": en}, unit)


_PROCESS = _text("process_title", "流程", "Process")
_COUNTS = figures("met", "late", "unmet", "void", "share")


def _counted(one: Counted) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in JUDGED}, "share": one.share}


def _compliance(asked: Asked) -> Sheet:
    """The least compliant first."""
    by = asked.by if asked.by in DIMENSIONS else "clause"
    rows = [
        {
            "value": one.value, "process": one.process, "title": asked.told(by, one.value, one.process),
            "process_title": asked.told("process", one.process, "") if one.process else "", **_counted(one),
        }
        for one in ask.compliance(asked.connection, asked.wanted, by)
    ]  # fmt: skip
    within = (_PROCESS,) if by in OF_PROCESS else ()
    counts = figures("late") if by in OF_LATE else _COUNTS
    if by in OF_LATE:
        rows.sort(key=lambda row: -row["late"])
    return _sheet(asked, "compliance", (Column("title", DIMENSIONS[by]), *within, *counts), rows)


def _trend(asked: Asked) -> Sheet:
    dim = asked.by if asked.value and asked.by not in ("process", "queue") else "all"
    found = ask.trend(asked.connection, asked.wanted, asked.count, dim, asked.value if dim != "all" else "")
    rows = [{"period": span.name, **_counted(one)} for span, one in found]
    return _sheet(asked, "trend", (_text("period", "期间", "Period"), *_COUNTS), rows)


_MISSED = (
    _text("number", "案件", "Case"), _PROCESS, _text("clock_title", "时限", "Clock"),
    _text("clauses", "条款", "Clauses"), _text("origin_title", "依据", "Origin"),
    _text("queue_title", "队列", "Queue"), _text("person_title", "人员", "Person"),
    _text("deadline", "到期", "Due", "moment"), _text("closed_at", "关闭", "Closed", "moment"),
)  # fmt: skip


def _missed(asked: Asked, judged: str, name: str, more: tuple[Column, ...]) -> Sheet:
    found = lists.missed(
        asked.connection, asked.wanted, judged, asked.by if asked.value else "", asked.value, asked.after,
        asked.limit, asked.zone,
    )  # fmt: skip
    told = asked.told
    rows = [
        {
            "case": one.case, "id": one.id, "number": one.number, "process": one.process,
            "process_title": told("process", one.process, ""), "clock": one.clock,
            "clock_title": told("clock", one.clock, one.process), "clauses": " ".join(one.clauses),
            "origin": one.origin, "origin_title": told("origin", one.origin, ""), "queue": one.queue,
            "queue_title": told("queue", one.queue, ""), "person": one.person,
            "person_title": told("person", one.person, ""), "deadline": one.deadline, "closed_at": one.closed_at,
            "late_by": one.late_by // timedelta(seconds=1), "reason_code": one.reason,
            "reason": told("reason", one.reason, ""), "lost_time": one.lost_time,
            "lost": ", ".join(told("step", step, one.process) for step in one.lost) or told("lost", "", one.process),
        }
        for one in found
    ]  # fmt: skip
    return _sheet(asked, name, (*_MISSED, *more), rows)


def _breaches(asked: Asked) -> Sheet:
    more = (*figures("late_by", "lost"), _text("lost_time", "耗去", "Time lost"), *figures("reason"))
    return _missed(asked, "late", "breaches", more)


def _unmet(asked: Asked) -> Sheet:
    return _missed(asked, "unmet", "unmet", ())


_EXTENSIONS = (
    _text("number", "案件", "Case"), _PROCESS, _text("clock_title", "时限", "Clock"),
    _text("clauses", "条款", "Clauses"), _text("origin_title", "依据", "Origin"),
    *figures("extended_by", "extension_cap"), _text("reason", "理由", "Reason"),
    _text("approver_title", "批准人", "Approved by"), _text("at", "批准时间", "When", "moment"),
    _text("before", "原到期", "Was due", "moment"), _text("deadline", "现到期", "Now due", "moment"),
)  # fmt: skip


def _extensions(asked: Asked) -> Sheet:
    told = asked.told
    rows = [
        {
            "case": one.case, "id": one.id, "number": one.number, "process": one.process,
            "process_title": told("process", one.process, ""), "clock": one.clock, "run": one.run,
            "clock_title": told("clock", one.clock, one.process), "clauses": " ".join(one.clauses),
            "origin": one.origin, "origin_title": told("origin", one.origin, ""), "queue": one.queue,
            "extended_by": one.length, "extension_cap": one.most, "reason": one.reason, "approver": one.approver,
            "approver_title": told("person", one.approver, ""), "at": one.at, "before": one.before,
            "deadline": one.deadline,
        }
        for one in lists.extensions(asked.connection, asked.wanted, asked.after, asked.limit, asked.zone)
    ]  # fmt: skip
    return _sheet(asked, "extensions", _EXTENSIONS, rows)


_TIMES = figures(*(f"{name}_p{share}" for name in MEASURES for share in PERCENTILES))


def _steps(asked: Asked) -> Sheet:
    rows = [
        {
            "step": one.step, "title": asked.told("step", one.step, one.process), "done": one.done,
            "again": one.again, "again_share": one.again_share, **one.percentiles,
        }
        for one in ask.steps(asked.connection, asked.wanted)
    ]  # fmt: skip
    columns = (_text("title", "步骤", "Step"), *figures("done", "again", "again_share"), *_TIMES)
    return _sheet(asked, "steps", columns, rows)


def _cases(asked: Asked) -> Sheet:
    cycle = tuple(f"cycle_p{share}" for share in PERCENTILES)
    rows = [
        {
            "process": one.process, "process_title": asked.told("process", one.process, ""), "ended": one.done,
            "reopened": one.again, **{name: one.percentiles[name] for name in cycle},
        }
        for one in ask.cases(asked.connection, asked.wanted, asked.processes)
    ]  # fmt: skip
    return _sheet(asked, "cases", (_PROCESS, *figures("ended", "reopened", *cycle)), rows)


def age_title(first: int) -> Text:
    """The class of age that begins at so many days."""
    known = (0, *AGES)
    if first == AGES[-1]:
        return {"zh": f"{first} 天及以上", "en": f"{first} d and older"}
    beyond = known[known.index(first) + 1]
    return {"zh": f"{first}–{beyond} 天", "en": f"{first}–{beyond} d"}


def _open(asked: Asked) -> Sheet:
    """What is open now, by process: how many cases of which age, what is late, what soon will be."""
    ages = {f"age_{first}": first for first in (0, *AGES)}
    rows: dict[str, dict[str, Any]] = {}
    for kind, column in (("age", "open"), ("late", "open_late"), ("risk", "at_risk")):
        for (process, value), count in ask.open_now(asked.connection, kind, asked.wanted).items():
            row = rows.setdefault(process, {
                "process": process, "process_title": asked.told("process", process, ""), "open": 0, "open_late": 0,
                "at_risk": 0, **dict.fromkeys(ages, 0),
            })  # fmt: skip
            row[column] += count
            if kind == "age":
                row[f"age_{value}"] += count
    columns = (
        _PROCESS, *figures("open", "open_late", "at_risk"),
        *(Column(name, age_title(first), "count") for name, first in ages.items()),
    )  # fmt: skip
    return _sheet(asked, "open", columns, sorted(rows.values(), key=lambda row: (-row["open"], row["process"])))


_SCORES = {"brier": "brier", "brier_base": "base", "ranks": "ranks", "off": "off"}
_FORECAST = (
    _PROCESS, _text("clock_title", "时限", "Clock"),
    *figures("settled", "settled_late", "held_out", "brier", "brier_base", "ranks", "off"),
    _text("says", "结论", "Says"), _text("learnt_at", "学习于", "Learnt", "moment"),
)  # fmt: skip


def _forecast(asked: Asked) -> Sheet:
    """How good the forecast of each clock was on held-out cases, as it was learnt last; those that say nothing come
    last, each kind by how many runs there are. `bins`, of which no column is made: what was said and what came, by
    classes of chance."""
    rows, found_at = list[dict[str, Any]](), list[datetime]()
    for one in keep.learnt(asked.connection, asked.wanted.process):
        found, measured = one.forecast, one.forecast.measured
        found_at.append(one.at)
        told = {name: getattr(measured, kept, None) for name, kept in _SCORES.items()}
        rows.append({
            "process": one.process, "process_title": asked.told("process", one.process, ""), "clock": one.clock,
            "clock_title": asked.told("clock", one.clock, one.process), "settled": found.runs,
            "settled_late": found.late, "held_out": measured.runs if measured is not None else None,
            **{name: None if score is None else Decimal(str(round(score, 4))) for name, score in told.items()},
            "says": asked.told("why", found.refused, ""), "refused": found.refused, "learnt_at": one.at,
            "bins": measured.bins if measured is not None and found.model is not None else [],
        })  # fmt: skip
    rows.sort(key=lambda row: (bool(row["refused"]), -row["settled"], row["process"], row["clock"]))
    return Sheet("forecast", _FORECAST, rows, max(found_at, default=None))


def _sheet(asked: Asked, report: str, columns: Iterable[Column], rows: list[dict[str, Any]]) -> Sheet:
    return Sheet(report, tuple(columns), rows, ask.as_of(asked.connection))


REPORTS: Mapping[str, Callable[[Asked], Sheet]] = {
    "compliance": _compliance,
    "trend": _trend,
    "breaches": _breaches,
    "unmet": _unmet,
    "extensions": _extensions,
    "steps": _steps,
    "cases": _cases,
    "open": _open,
    "forecast": _forecast,
}
"""Each report by its name."""

LISTS: Mapping[str, str] = {"breaches": "closed_at", "unmet": "closed_at", "extensions": "at"}
"""Reports that list single runs, and the moment by which each goes, the latest first."""
