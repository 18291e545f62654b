"""What the pages of the organisation share: how a form is read, and how a change is made or told to be wrong."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web import organisation as view
from web.desk import Desk
from web.problems import Problem
from workbench import arranging

Show = Callable[[Request, Desk, int, str], Response]
"""A page, with a status and what was wrong."""


def changed(
    request: Request, desk: Desk, form: FormData, again: Show, to: str, run: Callable[[], Any], said: str = "changed"
) -> Response:
    """Makes a change of the organisation: on with a word about it, or back to the form with what is wrong."""
    try:
        made = view.changed(desk, run)
    except Problem as problem:
        request.state.posted = form
        return again(request, desk, problem.status, problem.detail)
    return RedirectResponse(f"{to}?said={'change_proposed' if made.proposal else said}", 303)


def edit(desk: Desk, form: FormData, name: str, given: Mapping[str, Any]) -> Callable[[], Any]:
    reason = str(form.get("reason", "")).strip()[:1000]
    return lambda: arranging.edit(desk.caseway, name, given, desk.user, reason)


def text_of(form: FormData, name: str) -> str:
    return str(form.get(name, "")).strip()[:400]


def list_of(form: FormData, name: str) -> list[str]:
    """Several values: marks, or words on lines and between commas."""
    return list(dict.fromkeys(word for one in form.getlist(name) for word in str(one).replace(",", "\n").split()))[:500]


def everybody(desk: Desk) -> list[tuple[str, str]]:
    """Everybody in service, or still to come, by name."""
    today = desk.caseway.directory.today(desk.now)
    users = (user for user in desk.caseway.directory.users.values() if user.end is None or user.end >= today)
    return sorted(((user.id, desk.person(user.id)) for user in users), key=lambda one: one[0])
