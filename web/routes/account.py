"""One's own account: the language, the password, the second factor, API tokens."""

from zoneinfo import available_timezones

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.accounts import SHORTEST, Asked, Known, Refused
from web.deps import Entered, Form, Signed, must_have_second
from web.desk import Desk
from web.guard import LANGUAGE, ZONE
from web.problems import Problem
from web.render import page
from web.routes.signing_in import address, enter, inside, told
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
    if chosen and chosen not in available_timezones():
        return _account(request, desk, 422, desk.say("zone.unknown", zone=chosen[:60]))
    answer = RedirectResponse("/account?said=zone", 303)
    answer.set_cookie(
        ZONE, chosen, YEAR if chosen else 0, httponly=True, samesite="lax", secure=request.app.state.secure
    )
    return answer


@router.get("/account")
def account(request: Request, desk: Signed) -> Response:
    return _account(request, desk)


def _account(request: Request, desk: Desk, status: int = 200, wrong: str = "", token: str = "") -> Response:
    directory, accounts = desk.caseway.directory, request.app.state.accounts
    return page(
        request, desk, "account.html", status,
        roles=list(map(desk.role, sorted(desk.roles))),
        queues=list(map(desk.queue, directory.serving(desk.user))),
        manager=directory.manager(desk.user),
        tokens=accounts.tokens(desk.caseway.connection, desk.user), zones=sorted(available_timezones()),
        sessions=accounts.sessions.of(desk.caseway.connection, desk.user), this=request.state.session.place,
        second=accounts.factors.enrolled(desk.caseway.connection, desk.user),
        left=accounts.factors.left(desk.caseway.connection, desk.user), least=SHORTEST, wrong=wrong, token=token,
    )  # fmt: skip


@router.post("/account/password")
def change_password(request: Request, desk: Signed, form: Form) -> Response:
    accounts, new = request.app.state.accounts, str(form.get("new", ""))
    if _wrong_password(request, desk, str(form.get("old", ""))):
        return _account(request, desk, 422, desk.say("wrong"))
    if new != form.get("again"):
        return _account(request, desk, 422, desk.say("differ"))
    if accounts.set_password(desk.user, new, desk.user) is not None:
        return _account(request, desk, 422, desk.say("short", least=SHORTEST))
    return RedirectResponse("/sign-in?said=password", 303)


def _wrong_password(request: Request, desk: Desk, password: str) -> bool:
    """Whether it is not the user's password; counts as it does at signing in."""
    app = request.app.state
    if app.throttle.closed(address(request)):
        raise Problem(429, "slow_down", desk.say("slow_down"))
    wrong = isinstance(app.accounts.sign_in(desk.caseway.connection, desk.user, password), Refused)
    if wrong:
        app.throttle.failed(address(request))
    return wrong


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
    return _account(request, desk, 201, token=request.app.state.accounts.issue(desk.user, title))


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
    factors = request.app.state.accounts.factors
    codes = factors.confirm(desk.caseway.connection, desk.user, str(form.get("code", "")))
    if not codes:
        return _second(request, desk, 422, desk.say("wrong_code"))
    _only_here(request, desk)
    return _second(request, desk, 201, codes=codes)


@router.post(f"{PLACE}/remove")
def remove(request: Request, desk: Signed, form: Form) -> Response:
    """Takes a code as well, so that an open browser alone does not do it."""
    accounts, connection = request.app.state.accounts, desk.caseway.connection
    if must_have_second(request, desk):
        return _second(request, desk, 403, desk.say("second.must"))
    asked = Asked(desk.user, accounts.generation(connection, desk.user))
    found = accounts.second(connection, asked, str(form.get("code", "")))
    if isinstance(found, Refused):
        return _second(request, desk, 422, told(desk, found))
    accounts.factors.remove(desk.user)
    _only_here(request, desk)
    return RedirectResponse(f"{PLACE}?said=second_removed", 303)


def _only_here(request: Request, desk: Desk) -> None:
    """Ends the user's sessions but for a new one of this browser."""
    accounts = request.app.state.accounts
    accounts.end_sessions(desk.user)
    known = Known(desk.user, accounts.generation(desk.caseway.connection, desk.user))
    enter(request, desk, known, request.state.session.how)
