"""The page of closed cases whose time is over, for administrators."""

from datetime import date
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web.gates import Arranger
from web.kept import over
from web.sections import admin_page

router = APIRouter()


@router.get("/admin/retention")
def kept(request: Request, desk: Arranger, on: str = "", after: str = "") -> Response:
    try:
        day = date.fromisoformat(on) if on else None
    except ValueError:
        day = None
    found = over(desk, day, after)
    more = f"/admin/retention?{urlencode({'on': on, 'after': found.next})}" if found.next else ""
    facts = {"cases": found.cases, "on": found.on.isoformat(), "more": more, "after": after}
    return admin_page(request, desk, "admin_retention.html", 200, "", **facts)
