"""Reports under the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from reports.figures import FIGURES
from reports.files import plain
from reports.sheets import LISTS
from web.api import ANSWERS, Cursor, Name
from web.deps import Caller
from web.once import Once
from web.reports import Question, after, asked, report, scope

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["reports"])

ReportName = Literal["compliance", "trend", "breaches", "unmet", "extensions", "steps", "cases", "open", "forecast"]
By = Literal["clause", "origin", "process", "version", "queue", "person", "class", "clock", "reason", "lost"]
Period = Annotated[
    str, Query(max_length=40, description="2026, 2026-Q3, 2026-09, 2026-W36, a day, DAY..DAY, last-month")
]


class FigureBody(BaseModel):
    """What a figure is."""

    name: str
    title: str
    definition: str
    unit: str
    formula: str


class ReportBody(BaseModel):
    """A report: rows by the names of their columns, times in seconds, shares from 0 to 1 as text."""

    report: str
    period: str
    first: str
    last: str
    as_of: datetime | None
    rows: list[dict[str, Any]]
    next: str | None


@router.get("/reports/figures")
def get_figures(desk: Caller) -> list[FigureBody]:
    """The definition of every figure: all of them, there are a few dozen."""
    scope(desk)
    return [
        FigureBody(name=name, title=desk.told(one.title), definition=desk.told(one.definition), unit=one.unit,
                   formula=one.formula)
        for name, one in FIGURES.items()
    ]  # fmt: skip


@router.get("/reports/{name}")
def get_report(
    desk: Caller, name: ReportName, period: Period = "this-month", process: Name = "", queue: Name = "",
    by: By = "clause", value: Name = "", after_: Annotated[Cursor, Query(alias="after")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> ReportBody:  # fmt: skip
    """The figures of a period; of the lists of single runs a page, the latest first."""
    asks = Question(period, process, queue, by, value, after_)
    lists = name in LISTS
    sheet, span = report(desk, name, asks, limit + 1), asked(desk, asks).wanted.period
    more = lists and len(sheet.rows) > limit
    if more:
        del sheet.rows[limit:]
    return ReportBody(
        report=name, period=span.name, first=span.first.isoformat(), last=span.last.isoformat(), as_of=sheet.as_of,
        rows=plain(sheet), next=after(sheet) if more else None,
    )  # fmt: skip
