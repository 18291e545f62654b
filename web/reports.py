"""Reports on pages and for programs: what somebody may see of them, and what its values are called.

Supervisors and managers see the work of the queues and people that they look after, those who answer for every case see
all. Figures are sums; of people they name only those whom the reader looks after.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import dropwhile
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from engine.runtime.errors import StoreError
from reports import ask, lists
from reports.ask import Scope, Wanted
from reports.figures import DIMENSIONS, FIGURES
from reports.forecast.model import Bin, pooled
from reports.forecast.words import WHY
from reports.keywords import class_of
from reports.periods import day_of, period
from reports.sheets import LISTS, REPORTS, Asked, Column, Sheet, Told
from web import charts, show
from web.breaches import reasons, supervises
from web.desk import Desk
from web.lists import clock_title
from web.problems import Problem
from web.roles import EVERYTHING, floor_people, floor_queues
from web.schema import part

PERIODS = ("this-week", "last-week", "this-month", "last-month", "this-quarter", "last-quarter", "this-year")
"""Periods that the page offers; any other can be written."""
PAGE = 50
"""Rows of a list on a page."""
FILE_ROWS = 10_000
"""Rows of a list in a file, at most."""
_DAYS = re.compile(r"([0-9.]+)(wd|d)")
_PARTS = re.compile(r"([0-9]+)(d|h|min)\b")
STEPS = 12
"""Steps in a chart, at most."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a report, as it stands in an address."""

    period: str = "this-month"
    process: str = ""
    queue: str = ""
    by: str = "clause"
    value: str = ""
    after: str = ""


def scope(desk: Desk) -> Scope:
    """Of whose work the reader sees figures. Raises Problem for somebody who looks after nothing."""
    supervises(desk)
    return ask.EVERYTHING if desk.roles & EVERYTHING else Scope(floor_queues(desk), floor_people(desk))


def asked(desk: Desk, question: Question, limit: int = PAGE) -> Asked:
    """Raises Problem for what cannot be asked: another's queue, a period that is none."""
    seen, zone = scope(desk), ZoneInfo(desk.caseway.zone)
    if question.queue and seen.queues is not None and question.queue not in seen.queues:
        raise Problem(403, "floor", desk.say("floor.not_you"))
    if question.by not in DIMENSIONS:
        raise Problem(422, "form", fields={"by": f"expected {', '.join(DIMENSIONS)}"})
    try:
        span = period(question.period, day_of(desk.now, zone))
    except ValueError as error:
        fields = {"period": desk.say("reports.period.wrong") if desk.language == "zh" else str(error)}
        raise Problem(422, "form", fields=fields) from None
    return Asked(
        desk.caseway.connection, Wanted(span, seen, question.process, question.queue), told(desk), zone,
        tuple(desk.caseway.definitions.names()), question.by, question.value, after=_place(question.after), limit=limit,
    )  # fmt: skip


def report(desk: Desk, name: str, question: Question, limit: int = PAGE) -> Sheet:
    """A report as the reader sees it. Raises Problem."""
    if name not in REPORTS:
        raise Problem(404, "unknown")
    return REPORTS[name](asked(desk, question, limit))


def told(desk: Desk) -> Told:
    """What values are called in the reader's language."""
    why = reasons(desk)

    def clause(value: str, process: str) -> str:
        if not value:
            return desk.say("reports.no_clause")
        title = desk.told(desk.house.clauses.get(value), "")
        return f"{value} {title}".strip()

    def kind(value: str, process: str) -> str:
        try:
            found = desk.caseway.definitions.process(process)
        except StoreError:
            return value
        named = class_of(found) if found is not None else ""
        if found is None or not named:
            return value
        field = part(desk, found, (named,))
        if value in ("true", "false"):
            return f"{desk.told(field.kind.title, named)}: {desk.say('yes' if value == 'true' else 'no')}"
        return desk.told(field.labels.get(value), value)

    def steps(value: str, process: str) -> str:
        if not value:
            return desk.say("reports.before")
        return (" + " if desk.language == "en" else "、").join(desk.step(process, one) for one in value.split())

    tellers: dict[str, Callable[[str, str], str]] = {
        "clause": clause,
        "origin": lambda value, process: desk.say(value),
        "process": lambda value, process: desk.process(value),
        "version": lambda value, process: value[:8],
        "queue": lambda value, process: desk.queue(value) if value else desk.say("reports.no_queue"),
        "person": lambda value, process: desk.person(value) if value else desk.say("nobody"),
        "class": lambda value, process: kind(value, process) if value else desk.say("reports.no_class"),
        "clock": lambda value, process: clock_title(desk, process, value),
        "reason": lambda value, process: desk.told(why.get(value), value) if value else desk.say("reports.no_reason"),
        "lost": steps,
        "step": lambda value, process: desk.step(process, value),
        "why": lambda value, process: (
            desk.say("forecast.silent", why=desk.told(WHY.get(value), value)) if value else desk.say("forecast.says")
        ),
    }

    @cache
    def tell(dimension: str, value: str, process: str) -> str:
        return tellers[dimension](value, process)

    return tell


# --- as the page shows them -----------------------------------------------------------------------


def cell(desk: Desk, column: Column, value: Any) -> str | Markup:
    """A figure as people read it."""
    if value is None:
        return "–"
    if column.unit == "share":
        bar = charts.share_bar(value) if column.name == "share" else ""
        return Markup("{} {}").format(charts.percent(value), bar)
    if column.name in ("extended_by", "extension_cap"):
        return show.length(desk, value) if value else "–"
    if column.name == "lost_time":
        return spent(desk, value)
    if column.unit == "score":
        return f"{value:.3f}"
    if column.unit == "seconds":
        return show.lasting(desk, timedelta(seconds=value))
    if column.unit == "moment":
        return show.short(desk, value)
    return str(value)


def spent(desk: Desk, text: str) -> str:
    """What a clock has measured, as `sla.explain.measured` writes it, in its two largest units: 4.5 working days."""
    days = _DAYS.fullmatch(text)
    if days is not None:
        return f"{Decimal(days[1]).quantize(Decimal('0.1'))} {desk.say(days[2])}"
    return " ".join(f"{count} {desk.say(unit)}" for count, unit in _PARTS.findall(text)[:2]) or text


def meanings(desk: Desk, sheet: Sheet) -> list[tuple[str, str, str]]:
    """Title, definition and formula of each figure of a report."""
    found = [(FIGURES[column.name], column) for column in sheet.columns if column.name in FIGURES]
    return [(desk.told(one.title), desk.told(one.definition), one.formula) for one, _ in found]


def chart(desk: Desk, sheet: Sheet) -> Markup:
    """The picture of a report; nothing where a table says it better."""
    made = _CHARTS.get(sheet.report)
    return made(desk, sheet) if made is not None and sheet.rows else Markup("")


def _trend(desk: Desk, sheet: Sheet) -> Markup:
    begun = list(dropwhile(lambda row: row["share"] is None, sheet.rows))  # before there was anything to count
    points: Sequence[tuple[str, int, Decimal | None]] = [(row["period"], row["late"], row["share"]) for row in begun]
    if not points:
        return Markup("")
    return charts.trend(points, desk.say("reports.trend"), desk.say("reports.late"))


def _ages(desk: Desk, sheet: Sheet) -> Markup:
    ages = [column for column in sheet.columns if column.name.startswith("age_")]
    points = [(desk.told(column.title), sum(row[column.name] for row in sheet.rows)) for column in ages]
    return charts.columns(points, desk.say("reports.open"))


def _spans(desk: Desk, sheet: Sheet) -> Markup:
    names = ("cycle_p50", "cycle_p80", "cycle_p95")
    rows = [
        (row.get("title") or row["process_title"],
         [(row[name], f"{name[-3:].upper()} {show.lasting(desk, timedelta(seconds=row[name]))}") for name in names
          if row[name] is not None])
        for row in sheet.rows[:STEPS]
    ]  # fmt: skip
    return charts.spans([row for row in rows if row[1]], desk.say("reports.times"))


def reliability(sheet: Sheet) -> list[Bin]:
    """What was said and what came by classes of chance, of all clocks of a forecast together."""
    return [pooled(bins) for bins in zip(*(row["bins"] for row in sheet.rows if row["bins"]), strict=True)]


def _reliability(desk: Desk, sheet: Sheet) -> Markup:
    found = [one for one in reliability(sheet) if one.count]
    points = [
        (one.said, one.came, one.count,
         desk.say("reports.moments", count=one.count, said=f"{one.said:.0%}", came=f"{one.came:.0%}"))
        for one in found
    ]  # fmt: skip
    return charts.reliability(points, desk.say("reports.reliability"), desk.say("reports.said"),
                              desk.say("reports.came")) if points else Markup("")  # fmt: skip


_CHARTS = {"trend": _trend, "open": _ages, "steps": _spans, "cases": _spans, "forecast": _reliability}


# --- places in lists ------------------------------------------------------------------------------


def after(sheet: Sheet) -> str:
    """Where a list goes on."""
    last = sheet.rows[-1]
    at = last[LISTS[sheet.report]]
    return f"{int(at.timestamp())}.{at.microsecond:06}.{last['case']}.{last['id']}"


def _place(text: str) -> lists.Place | None:
    if not text:
        return None
    seconds, _, rest = text.partition(".")
    micro, _, rest = rest.partition(".")
    case, _, number = rest.rpartition(".")
    if not all(one.isascii() and one.isdecimal() and len(one) < 18 for one in (seconds, micro, number)):
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(seconds) * 1_000_000 + int(micro), case, int(number)
