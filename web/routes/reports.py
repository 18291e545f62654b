"""Pages of reports: a figure's table, its picture and its definition; the same as a file."""

from dataclasses import asdict, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from reports.figures import DIMENSIONS, FIGURES
from reports.files import FORMATS
from reports.sheets import LISTS, REPORTS
from web.deps import Signed
from web.desk import Desk
from web.problems import Problem
from web.render import page
from web.reports import (
    FILE_ROWS,
    PAGE,
    PERIODS,
    Question,
    after,
    asked,
    cell,
    chart,
    meanings,
    reliability,
    report,
    scope,
)

router = APIRouter()
TABS = (*(name for name in REPORTS if name != "trend"), "figures")
_Text = Annotated[str, Query(max_length=120)]


def question(
    period: _Text = "this-month", process: _Text = "", queue: _Text = "", by: _Text = "clause", value: _Text = "",
    after: _Text = "",
) -> Question:  # fmt: skip
    return Question(period or "this-month", process, queue, by, value, after)


Asks = Annotated[Question, Depends(question)]


@router.get("/reports")
def reports(desk: Signed) -> Response:
    scope(desk)
    return RedirectResponse("/reports/compliance", 303)


@router.get("/reports/figures")
def figures(request: Request, desk: Signed) -> Response:
    scope(desk)
    return page(request, desk, "report_figures.html", figures=FIGURES, dimensions=DIMENSIONS, tabs=TABS, tab="figures")


@router.get("/reports/{name}")
def show_report(request: Request, desk: Signed, name: str, asks: Asks) -> Response:
    names = sorted(desk.caseway.definitions.names(), key=desk.process)
    if name == "steps" and not asks.process:
        asks = replace(asks, process=_busiest(desk, asks) or (names[0] if names else ""))
    sheet = report(desk, name, asks, PAGE + 1 if name in LISTS else PAGE)
    more = len(sheet.rows) > PAGE if name in LISTS else False
    sheet = replace(sheet, rows=sheet.rows[:PAGE]) if name in LISTS else sheet
    given = asked(desk, asks)
    span, seen = given.wanted.period, given.wanted.scope
    queues = desk.house.queues if seen.queues is None else seen.queues
    shown = chart(desk, report(desk, "trend", asks)) if name == "compliance" else chart(desk, sheet)

    def to(where: str = name, **changes: str) -> str:
        """An address that asks the same but for what is changed."""
        words = {key: text for key, text in {**asdict(asks), **changes}.items() if text}
        return f"/reports/{where}?{urlencode(words)}"

    return page(
        request, desk, "report.html", sheet=sheet, tab=name, tabs=TABS, asks=asks, span=span, periods=PERIODS,
        processes=[(one, desk.process(one)) for one in names], dimensions=DIMENSIONS, chart=shown,
        queues=[(one, desk.queue(one)) for one in sorted(queues, key=desk.queue)], to=to,
        meanings=meanings(desk, sheet),
        cell=lambda column, value: cell(desk, column, value), more=to(after=after(sheet)) if more else "",
        first=to(after="") if asks.after else "", formats=FORMATS, defined=FIGURES,
        only=given.told(asks.by, asks.value, asks.process) if asks.value else "",
        bins=reliability(sheet) if name == "forecast" else [],
        headline=_headline(desk, asks) if name == "compliance" else None,
    )  # fmt: skip


@router.get("/reports/{name}/file")
def file(desk: Signed, name: str, asks: Asks, format: _Text = "csv") -> Response:
    """The report as a file; a list with its first rows."""
    if format not in FORMATS:
        raise Problem(404, "unknown")
    media, write = FORMATS[format]
    sheet, given = report(desk, name, asks, FILE_ROWS), asked(desk, asks)
    called = f"{name}-{given.wanted.period.name}.{format}"
    return Response(
        write(sheet, given.zone, desk.language), media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{called}"'},
    )  # fmt: skip


def _busiest(desk: Desk, asks: Question) -> str:
    """The process of which most cases ended: where steps are looked at first."""
    rows = report(desk, "cases", asks).rows
    return str(rows[0]["process"]) if rows else ""


def _headline(desk: Desk, asks: Question) -> list[tuple[str, str, str]]:
    """Title, figure and colour of what stands above all."""
    from reports.ask import compliance, open_now, total
    from web.charts import percent

    given = asked(desk, asks)
    all_of_it = total(compliance(given.connection, given.wanted, "process"))
    now = {kind: sum(open_now(given.connection, kind, given.wanted).values()) for kind in ("age", "late", "risk")}
    counted = [
        ("share", percent(all_of_it.share), ""), ("met", str(all_of_it.met), ""), ("late", str(all_of_it.late), "late"),
        ("unmet", str(all_of_it.unmet), ""), ("open", str(now["age"]), ""), ("open_late", str(now["late"]), "late"),
        ("at_risk", str(now["risk"]), "soon"),
    ]  # fmt: skip
    return [(desk.told(FIGURES[name].title), text, kind) for name, text, kind in counted]
