"""Administration: the overview, accounts, tokens, incidents."""

from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.runtime.clock import new_id
from web import notified, upkeep
from web import organisation as view
from web.accounts import ACTS
from web.bulk import MOST, Chosen, several
from web.deps import Form
from web.desk import Desk
from web.gates import Arranger, Lead
from web.problems import Problem
from web.roles import arranges
from web.sections import admin_page

router = APIRouter(prefix="/admin")


# --- overview -------------------------------------------------------------------------------------------


@router.get("")
def overview(request: Request, desk: Lead) -> Response:
    return _overview(request, desk, 200, "")


def _overview(request: Request, desk: Desk, status: int, wrong: str) -> Response:
    connection = desk.caseway.connection
    return admin_page(
        request, desk, "admin.html", status, wrong, changes=len(view.waiting(desk)),
        incidents=len(upkeep.incidents(desk, limit=999).incidents), failing=len(upkeep.failing(desk, limit=999).jobs),
        undelivered=notified.undelivered(desk, 999) if arranges(desk) else 0,
        away=[one for one in view.people(desk, state="away")], revision=desk.caseway.directory.revision,
        locked=request.app.state.accounts.locked(connection) if arranges(desk) else [],
    )  # fmt: skip


@router.post("/accounts/{user}/{action}")
def account(request: Request, desk: Arranger, form: Form, user: str, action: str) -> Response:
    """What an administrator does with somebody's account."""
    if action not in ACTS or user not in desk.caseway.directory.users:
        raise Problem(404, "account")
    if not request.app.state.accounts.tend(user, action, desk.user):
        raise Problem(409, "own_account", desk.say("account.own"))
    back = "/admin" if form.get("back") == "overview" else f"/admin/people/{quote(user)}"
    return RedirectResponse(f"{back}?said={action}", 303)


# --- tokens, incidents -----------------------------------------------------------------------


@router.get("/tokens")
def tokens(request: Request, desk: Arranger, after: str = "") -> Response:
    found = request.app.state.accounts.all_tokens(desk.caseway.connection, after[:80], upkeep.PAGE + 1)
    more = f"/admin/tokens?{urlencode({'after': found[-2].digest})}" if len(found) > upkeep.PAGE else ""
    return admin_page(request, desk, "admin_tokens.html", 200, "", tokens=found[: upkeep.PAGE], more=more, after=after)


@router.post("/tokens/revoke")
def revoke(request: Request, desk: Arranger, form: Form) -> Response:
    if not request.app.state.accounts.revoke(str(form.get("user", "")), str(form.get("digest", ""))):
        raise Problem(404, "token")
    return RedirectResponse("/admin/tokens?said=revoked", 303)


@router.get("/incidents")
def incidents(request: Request, desk: Lead, after: str = "") -> Response:
    return _incidents(request, desk, 200, "", after)


def _incidents(
    request: Request, desk: Desk, status: int, wrong: str, after: str = "",
    answers: list[tuple[str, int, str]] | None = None,
) -> Response:  # fmt: skip
    found = upkeep.incidents(desk, after)
    more = f"/admin/incidents?{urlencode({'after': found.next})}" if found.next else ""
    return admin_page(
        request, desk, "admin_incidents.html", status, wrong, incidents=found.incidents, more=more, after=after,
        failing=upkeep.failing(desk).jobs, answers=answers or [], command=new_id(desk.now),
    )  # fmt: skip


@router.post("/incidents")
def retry(request: Request, desk: Lead, form: Form) -> Response:
    """Tries the selected ones again; each is answered by itself."""
    chosen = [str(one) for one in form.getlist("task")][:MOST]
    items = [Chosen(number, int(item)) for one in chosen for number, _, item in [one.rpartition("/")] if _number(item)]
    if not items:
        return _incidents(request, desk, 422, desk.say("bulk.none"))
    done = several(desk, "retry", items, {}, str(form.get("command", "")))
    answers = [
        (one.chosen.number, one.chosen.item, one.problem.detail or desk.say("error.404") if one.problem else "")
        for one in done
    ]
    return _incidents(request, desk, 200, "", answers=answers)


def _number(text: str) -> bool:
    return text.isdecimal() and len(text) < 16
