"""Calendars: a year of each, days that are to be otherwise and what they move, and counting open deadlines again."""

from datetime import date
from urllib.parse import quote

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.core.commands import Refuse
from engine.language.problems import DefinitionError
from web import upkeep
from web.calendars import Changes, Trial, proposed, recounted, standing, tried
from web.deps import Form
from web.desk import Desk
from web.gates import Designer, Lead
from web.problems import Problem
from web.roles import designs, sees_admin
from web.sections import admin_page

router = APIRouter(prefix="/admin/calendars")
LINES = 4
"""Stretches of days that the form takes."""
FIELDS = ("first", "last", "hours", "own", "title")
BLANK = dict.fromkeys(FIELDS, "")
NOTHING = {"lines": [BLANK] * LINES, "ical": "", "until": "", "reason": ""}


@router.get("")
def calendars(request: Request, desk: Lead) -> Response:
    names = list(desk.caseway.calendars)
    if not names:
        return admin_page(request, desk, "admin_calendar.html", 200, "", calendar=None, calendars=[])
    return RedirectResponse(f"/admin/calendars/{names[0]}/{desk.now.astimezone(desk.zone).year}", 303)


@router.get("/{name}/{year}")
def calendar(request: Request, desk: Lead, name: str, year: int) -> Response:
    return _page(request, desk, name, year)


@router.post("/{name}/{year}/days")
def days(request: Request, desk: Designer, form: Form, name: str, year: int) -> Response:
    """Days tried, or proposed."""
    given = _given(form)
    trial = None
    try:
        changes = _changes(desk, given)
        if form.get("what") == "propose":
            made = proposed(desk, name, changes, str(given["reason"]))
            return RedirectResponse(f"/processes/proposals/{quote(made.id)}?said=proposed", 303)
        trial = tried(desk, name, changes)
    except Problem as problem:
        if problem.status != 422:
            raise
        return _page(request, desk, name, year, 422, problem.detail, given)
    except Refuse as refused:
        return _page(request, desk, name, year, 422, refused.refusal.said(desk.language), given)
    except DefinitionError as error:
        return _page(request, desk, name, year, 422, str(error), given)
    return _page(request, desk, name, year, given=given, trial=trial)


@router.post("/{name}/{year}/recount")
def recount(request: Request, desk: Lead, name: str, year: int) -> Response:
    found = recounted(desk, name)
    if found.left:
        why = next(iter(found.left.values()))
        return _page(request, desk, name, year, 409, desk.say("calendar.left", count=len(found.left), why=why))
    return RedirectResponse(f"/admin/calendars/{quote(name)}/{year}?said=recounted", 303)


def _page(
    request: Request, desk: Desk, name: str, year: int, status: int = 200, wrong: str = "",
    given: dict[str, object] | None = None, trial: Trial | None = None,
) -> Response:  # fmt: skip
    found = upkeep.calendar_view(desk, name, year)
    titles = [(one, desk.told(dict(calendar.title), one)) for one, calendar in desk.caseway.calendars.items()]
    return admin_page(
        request, desk, "admin_calendar.html", status, wrong, calendar=found, calendars=titles,
        today=desk.now.astimezone(desk.zone).date(), standing=standing(desk, name), designs=designs(desk),
        leads=sees_admin(desk), given=given or NOTHING, trial=trial,
    )  # fmt: skip


def _given(form: FormData) -> dict[str, object]:
    """What was written, line by line."""
    rows = zip(*([str(one).strip() for one in form.getlist(field)][:LINES] for field in FIELDS), strict=False)
    lines = [dict(zip(FIELDS, row, strict=True)) for row in rows]
    sent = form.get("ical_file")
    ical = sent.file.read().decode("utf-8", "replace") if isinstance(sent, UploadFile) and sent.filename else ""
    return {
        "lines": [*lines, *[BLANK] * (LINES - len(lines))], "ical": ical or str(form.get("ical", "")),
        "until": str(form.get("until", "")).strip(), "reason": str(form.get("reason", "")),
    }  # fmt: skip


def _changes(desk: Desk, given: dict[str, object]) -> Changes:
    """The same as what is to change. Raises Problem."""
    rows = []
    for line in given["lines"] if isinstance(given["lines"], list) else []:
        if not line["first"]:
            continue
        for text in filter(None, (line["first"], line["last"])):
            _day(desk, text)
        if line["hours"] == "own" and not line["own"]:
            raise Problem(422, "calendar.hours", desk.say("calendar.hours", first=line["first"]))
        hours = {"own": line["own"], "as_others": ""}.get(line["hours"], line["hours"])
        rows.append({"first": line["first"], "last": line["last"] or None, "hours": hours, "title": line["title"]})
    until = str(given["until"])
    try:
        return Changes.model_validate(
            {"days": rows, "ical": given["ical"], "published_until": int(until) if until.isdecimal() else 0}
        )
    except (ValidationError, ValueError) as error:
        raise Problem(422, "calendar.days", desk.say("calendar.unfit")) from error


def _day(desk: Desk, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise Problem(422, "calendar.day", desk.say("calendar.day", text=text)) from error
