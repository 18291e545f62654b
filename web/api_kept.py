"""Closed cases whose time is over, under the API."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from web.api import ANSWERS, Cursor, Limit
from web.gates import ArrangerCaller
from web.kept import OverList, over
from web.once import Once

router = APIRouter(prefix="/api", responses=ANSWERS, route_class=Once, tags=["retention"])


@router.get("/admin/retention")
def get_over(
    desk: ArrangerCaller,
    on: Annotated[date | None, Query(description="Whose time is over before this day; left out: today.")] = None,
    after: Cursor = "",
    limit: Limit = 50,
) -> OverList:
    """Closed cases that the house keeps no longer, those of longest ago first; nothing on hold, nothing that belongs to
    an open case. A file in the archive may be kept for longer than its case."""
    return over(desk, on, after, limit)
