"""Closed cases whose time is over, as the pages and the API show them."""

from datetime import date, datetime
from itertools import islice

from pydantic import BaseModel

from engine.runtime.tables import moment
from web.desk import Desk
from web.paging import after_of, place

PAGE = 50


class OverLine(BaseModel):
    """A case that the house keeps no longer. `keep_until`: the last day for which it was to be kept."""

    number: str
    process: str
    process_title: str
    ended_at: datetime
    keep_until: date


class OverList(BaseModel):
    """`on`: the day that was asked for."""

    on: date
    cases: list[OverLine]
    next: str | None


def over(desk: Desk, on: date | None = None, after: str = "", limit: int = PAGE) -> OverList:
    """Those whose time was over before a day, left out: today; of longest ago first. Raises Problem for a place that is
    none."""
    filed = desk.caseway.filed
    day = on or filed.today
    found = list(islice(filed.over(day, place(after) or (-1, "")), limit + 1))
    lines = [
        OverLine(
            number=one.number,
            process=one.process,
            process_title=desk.process(one.process),
            ended_at=moment(one.ended),
            keep_until=one.keep_until,
        )
        for one in found[:limit]
    ]
    more = after_of((found[limit - 1].ended, found[limit - 1].case)) if len(found) > limit else None
    return OverList(on=day, cases=lines, next=more)
