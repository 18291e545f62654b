"""Opening secrets, breaking the glass, restricting a case; and the lists for those who review what was read."""

from typing import Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from organisation.looks import MOST_REASON
from tasks.commands import LiftRestriction, RestrictCase
from web import reading
from web.commands import ask
from web.deps import Form, Signed
from web.desk import Desk
from web.opened import Opened
from web.problems import Problem
from web.render import page
from web.roles import reviews
from web.routes.case import case_page
from web.search import line_of

router = APIRouter()
Showing = Literal["waiting", "glass", "looks"]


@router.post("/cases/{number}/secrets")
def secrets(request: Request, desk: Signed, form: Form, number: str) -> Response:
    """The case's page with its secrets, this once."""
    opened = Opened(desk, number)
    shown = reading.revealed(desk, opened.sight, opened.subject, reason=str(form.get("reason", "")))
    return case_page(request, desk, number, secrets=shown)


@router.get("/cases/{number}/glass")
def glass(request: Request, desk: Signed, number: str) -> Response:
    return _glass(request, desk, number)


def _glass(request: Request, desk: Desk, number: str, status: int = 200, wrong: str = "") -> Response:
    opened = Opened(desk, number, "")
    return page(request, desk, "glass.html", status, line=line_of(desk, opened.case), wrong=wrong, most=MOST_REASON)


@router.post("/cases/{number}/glass")
def break_glass(request: Request, desk: Signed, form: Form, number: str) -> Response:
    opened = Opened(desk, number, "")
    try:
        reading.break_glass(desk, opened.sight, opened.state.flow.number or opened.case, str(form.get("reason", "")))
    except Problem as problem:
        return _glass(request, desk, number, problem.status, problem.detail)
    return RedirectResponse(f"/cases/{quote(number)}?said=glass", 303)


@router.post("/cases/{number}/restrict")
def restrict(request: Request, desk: Signed, form: Form, number: str) -> Response:
    readers = tuple(str(one) for one in form.getlist("reader"))
    return _marked(
        request, desk, number, RestrictCase(str(form.get("reason", "")), readers), str(form.get("command", ""))
    )


@router.post("/cases/{number}/lift")
def lift(request: Request, desk: Signed, form: Form, number: str) -> Response:
    return _marked(request, desk, number, LiftRestriction(str(form.get("reason", ""))), str(form.get("command", "")))


def _marked(request: Request, desk: Desk, number: str, command: RestrictCase | LiftRestriction, id: str) -> Response:
    opened = Opened(desk, number)
    try:
        ask(desk, opened.case, command, id=id)
    except Problem as problem:
        return case_page(request, desk, number, problem.status, problem.detail)
    said = "restricted" if isinstance(command, RestrictCase) else "lifted"
    return RedirectResponse(f"/cases/{quote(number)}?said={said}", 303)


@router.get("/reading")
def lists(
    request: Request, desk: Signed, show: Showing = "waiting", case: str = "", user: str = "", after: str = ""
) -> Response:
    return _lists(request, desk, show, case, user, after)


def _lists(
    request: Request, desk: Desk, show: Showing, case: str = "", user: str = "", after: str = "",
    status: int = 200, wrong: str = "",
) -> Response:  # fmt: skip
    found: reading.Glass | reading.Looks
    match show:
        case "waiting":
            found = reading.unreviewed(desk, after)
        case "glass":
            found = reading.broken(desk, case.strip(), user, after)
        case "looks":
            found = reading.looked(desk, case.strip(), user, after)
    asked = {"show": show, "case": case, "user": user}
    users = sorted(desk.caseway.directory.users, key=desk.person)
    return page(
        request, desk, "reading.html", status, found=found, showing=show, case=case, user=user, wrong=wrong,
        users=[(one, desk.person(one)) for one in users], most=MOST_REASON,
        more=f"/reading?{urlencode({**asked, 'after': found.next})}" if found.next else "",
        first=f"/reading?{urlencode(asked)}" if after else "",
    )  # fmt: skip


@router.post("/reading/glass/{id}")
def review(request: Request, desk: Signed, form: Form, id: str) -> Response:
    try:
        reading.reviewed(desk, id, str(form.get("verdict", "")), str(form.get("note", "")))
    except Problem as problem:
        if not reviews(desk):
            raise
        return _lists(request, desk, "waiting", status=problem.status, wrong=problem.detail)
    return RedirectResponse("/reading?said=reviewed", 303)
