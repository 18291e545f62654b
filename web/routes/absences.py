"""Absences: of one's own line, for all who lead; one's own; and where the work goes of somebody who is away."""

from typing import Any, cast, get_args

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web import absences as view
from web.absences import Way
from web.bulk import Result
from web.deps import Form, Signed
from web.desk import Desk
from web.gates import Lead
from web.problems import Problem
from web.render import page
from web.roles import sees_admin
from web.routes.account import account_page
from web.routes.arranged import Show, everybody, list_of, text_of
from web.routes.floor import selected
from web.sections import admin_page

router = APIRouter()


@router.get("/admin/absences")
def absences(request: Request, desk: Lead, past: bool = False) -> Response:
    return _absences(request, desk, 200, "", past)


def _absences(request: Request, desk: Desk, status: int, wrong: str, past: bool = False) -> Response:
    people = everybody(desk)
    mine = [(user, name) for user, name in people if view.may_note(desk, user)]
    return admin_page(
        request, desk, "admin_absences.html", status, wrong, absences=view.absences(desk, past), past=past, mine=mine,
        ours={user for user, _ in mine}, people=people, processes=_processes(desk),
    )  # fmt: skip


@router.post("/admin/absences")
def note_absence(request: Request, desk: Lead, form: Form) -> Response:
    return _note(request, desk, form, text_of(form, "user"), _absences, "/admin/absences")


@router.post("/admin/absences/end")
def end_absence(request: Request, desk: Lead, form: Form) -> Response:
    return _end(request, desk, form, _absences, "/admin/absences")


@router.post("/account/absences")
def note_own(request: Request, desk: Signed, form: Form) -> Response:
    return _note(request, desk, form, desk.user, account_page, "/account")


@router.post("/account/absences/end")
def end_own(request: Request, desk: Signed, form: Form) -> Response:
    return _end(request, desk, form, account_page, "/account")


@router.get("/absences/{key}")
def absence(request: Request, desk: Signed, key: str) -> Response:
    return _left(request, desk, key)


@router.post("/absences/{key}")
def move(request: Request, desk: Signed, form: Form, key: str) -> Response:
    """Moves the marked tasks; each is answered by itself."""
    way, chosen = text_of(form, "to"), selected(form.getlist("task"))
    if way not in get_args(Way) or not (chosen or way == "leave"):
        return _left(request, desk, key, 422, wrong=desk.say("bulk.none"))
    answers = view.move(desk, key, cast(Way, way), chosen)
    if way == "leave":
        return RedirectResponse("/admin/absences" if sees_admin(desk) else "/account", 303)
    return _left(request, desk, key, answers=answers)


def _left(
    request: Request, desk: Desk, key: str, status: int = 200, answers: list[Result] | None = None, wrong: str = ""
) -> Response:
    return page(
        request, desk, "absence.html", status, left=view.left(desk, key), answers=answers or [], wrong=wrong,
        up=("/admin/absences", "absences") if sees_admin(desk) else ("/account", "account"),
    )  # fmt: skip


def _note(request: Request, desk: Desk, form: FormData, user: str, again: Show, back: str) -> Response:
    """Notes the absence, and leads to what stays behind, if something does."""
    given: dict[str, Any] = {name: text_of(form, name) for name in ("from", "to", "substitute")}
    try:
        made = view.note(desk, {"user": user, **given, "processes": list_of(form, "processes")})
    except Problem as problem:
        return _again(request, desk, form, again, problem)
    to = f"/absences/{made.key}" if made.tasks else back
    return RedirectResponse(f"{to}?said={'change_proposed' if made.proposal else 'changed'}", 303)


def _end(request: Request, desk: Desk, form: FormData, again: Show, back: str) -> Response:
    try:
        view.end(desk, text_of(form, "key"))
    except Problem as problem:
        return _again(request, desk, form, again, problem)
    return RedirectResponse(f"{back}?said=changed", 303)


def _again(request: Request, desk: Desk, form: FormData, again: Show, problem: Problem) -> Response:
    if problem.status == 403:
        raise problem
    request.state.posted = form
    return again(request, desk, problem.status, problem.detail)


def _processes(desk: Desk) -> list[tuple[str, str]]:
    return [(name, desk.process(name)) for name in desk.caseway.definitions.names()]
