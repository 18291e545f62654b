"""One's own account: the language, the password, the second factor, API tokens."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.core.zones import zones
from web import notified, own
from web.absences import absences
from web.accounts import SHORTEST, Known
from web.deps import Entered, Form, Signed, must_have_second
from web.desk import Desk
from web.guard import LANGUAGE, ZONE
from web.problems import Problem
from web.render import page
from web.routes.arranged import everybody
from web.routes.signing_in import enter, inside
from web.totp import drawn, uri

router = APIRouter()
YEAR = 365 * 24 * 3600


@router.post("/language")
def language(request: Request, form: Form) -> Response:
    """Another language; a cookie of its own, so that it outlives the session."""
    chosen = "en" if form.get("language") == "en" else "zh"
    answer = RedirectResponse(inside(str(form.get("next", "/"))), 303)
    answer.set_cookie(LANGUAGE, chosen, YEAR, httponly=True, samesite="lax", secure=request.app.state.secure)
    return answer


@router.post("/account/zone")
def zone(request: Request, desk: Signed, form: Form) -> Response:
    """The time zone in which the pages show moments, in this browser; empty: the organisation's."""
    chosen = str(form.get("zone", "")).strip()
    if chosen and chosen not in zones():
        return account_page(request, desk, 422, desk.say("zone.unknown", zone=chosen[:60]))
    answer = RedirectResponse("/account?said=zone", 303)
    answer.set_cookie(
        ZONE, chosen, YEAR if chosen else 0, httponly=True, samesite="lax", secure=request.app.state.secure
    )
    return answer


@router.get("/account")
def account(request: Request, desk: Signed) -> Response:
    return account_page(request, desk)


def account_page(request: Request, desk: Desk, status: int = 200, wrong: str = "", token: str = "") -> Response:
    directory, accounts = desk.caseway.directory, request.app.state.accounts
    return page(
        request, desk, "account.html", status,
        away=[one for one in absences(desk) if one.user == desk.user],
        people=[one for one in everybody(desk) if one[0] != desk.user],
        roles=list(map(desk.role, sorted(desk.roles))),
        queues=list(map(desk.queue, directory.serving(desk.user))),
        manager=directory.manager(desk.user),
        tokens=accounts.tokens(desk.caseway.connection, desk.user), zones=sorted(zones()),
        sessions=accounts.sessions.of(desk.caseway.connection, desk.user), this=request.state.session.place,
        second=accounts.factors.enrolled(desk.caseway.connection, desk.user),
        left=accounts.factors.left(desk.caseway.connection, desk.user), least=SHORTEST, wrong=wrong, token=token,
        ways=notified.channels(desk), wishes=notified.wishes(desk), languages=desk.house.languages,
    )  # fmt: skip


@router.post("/account/password")
def change_password(request: Request, desk: Signed, form: Form) -> Response:
    if form.get("new") != form.get("again"):
        return account_page(request, desk, 422, desk.say("differ"))
    try:
        own.change_password(request, desk, str(form.get("old", "")), str(form.get("new", "")))
    except Problem as problem:
        if problem.status != 422:
            raise
        return account_page(request, desk, 422, problem.detail)
    return RedirectResponse("/sign-in?said=password", 303)


@router.post("/account/leave")
def leave(request: Request, desk: Signed) -> Response:
    request.app.state.accounts.end_sessions(desk.user)
    return RedirectResponse("/sign-in", 303)


@router.post("/account/sessions/end")
def end_sessions(request: Request, desk: Signed, form: Form) -> Response:
    """One of the caller's sessions, or all but this one."""
    found, id = request.app.state.accounts.sessions, str(form.get("id", ""))
    if id and not found.end(desk.user, id):
        raise Problem(404, "session")
    if not id:
        found.end_others(desk.user, request.state.session.place)
    return RedirectResponse("/account?said=sessions", 303)


@router.post("/account/tokens")
def make_token(request: Request, desk: Signed, form: Form) -> Response:
    title = str(form.get("title", "")).strip()[:100] or "API"
    return account_page(request, desk, 201, token=request.app.state.accounts.issue(desk.user, title))


@router.post("/account/tokens/revoke")
def revoke(request: Request, desk: Signed, form: Form) -> Response:
    request.app.state.accounts.revoke(desk.user, str(form.get("digest", "")))
    return RedirectResponse("/account?said=revoked", 303)


# --- the second factor ----------------------------------------------------------------------------------

PLACE = "/account/second-factor"


@router.get(PLACE)
def second_factor(request: Request, desk: Entered) -> Response:
    return _second(request, desk)


def _second(
    request: Request, desk: Desk, status: int = 200, wrong: str = "", codes: list[str] | None = None
) -> Response:
    factors, connection = request.app.state.accounts.factors, desk.caseway.connection
    secret = factors.pending(connection, desk.user)
    return page(
        request, desk, "second_factor.html", status, wrong=wrong, codes=codes or [],
        enrolled=factors.enrolled(connection, desk.user), left=factors.left(connection, desk.user),
        must=must_have_second(request, desk), secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        picture=drawn(uri(secret, desk.user, desk.told(desk.house.title, "Caseway"))) if secret else "",
    )  # fmt: skip


@router.post(f"{PLACE}/begin")
def begin(request: Request, desk: Entered) -> Response:
    request.app.state.accounts.factors.begin(desk.caseway.connection, desk.user)
    return RedirectResponse(PLACE, 303)


@router.post(f"{PLACE}/confirm")
def confirm(request: Request, desk: Entered, form: Form) -> Response:
    """The first code; other devices have to sign in again, with a code."""
    try:
        codes = own.confirm_second(request, desk, str(form.get("code", "")))
    except Problem as problem:
        return _second(request, desk, problem.status, problem.detail)
    _here(request, desk)
    return _second(request, desk, 201, codes=codes)


@router.post(f"{PLACE}/remove")
def remove(request: Request, desk: Signed, form: Form) -> Response:
    try:
        own.remove_second(request, desk, str(form.get("code", "")))
    except Problem as problem:
        return _second(request, desk, problem.status, problem.detail)
    _here(request, desk)
    return RedirectResponse(f"{PLACE}?said=second_removed", 303)


def _here(request: Request, desk: Desk) -> None:
    """A new session for this browser, where all others have ended."""
    known = Known(desk.user, request.app.state.accounts.generation(desk.caseway.connection, desk.user))
    enter(request, desk, known, request.state.session.how)
