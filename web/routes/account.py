"""Signing in and out, the language, one's own account."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web import show
from web.accounts import SHORTEST, Refused
from web.deps import Form, Signed, Visitor
from web.desk import Desk
from web.guard import LANGUAGE
from web.render import page

router = APIRouter()
YEAR = 365 * 24 * 3600


def inside(target: str) -> str:
    """Where to go next, if that is one of our own pages; otherwise the first page."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return target if ours else "/"


@router.get("/sign-in")
def sign_in_page(request: Request, desk: Visitor, next: str = "/") -> Response:
    if desk.user:
        return RedirectResponse(inside(next), 303)
    return _sign_in(request, desk, next)


@router.post("/sign-in")
def sign_in(request: Request, desk: Visitor, form: Form) -> Response:
    app, address = request.app.state, request.client.host if request.client else ""
    user, target = str(form.get("user", "")).strip(), str(form.get("next", "/"))
    if app.throttle.closed(address):
        return _sign_in(request, desk, target, user, desk.say("slow_down"), 429)
    found = app.accounts.sign_in(desk.caseway.connection, user, str(form.get("password", "")))
    if isinstance(found, Refused):
        app.throttle.failed(address)
        why = desk.say(found.why, until=show.moment(desk, found.until)) if found.until else desk.say(found.why)
        return _sign_in(request, desk, target, user, why, 401)
    request.state.session = app.sessions.begin(desk.now, found.user, found.generation)
    return RedirectResponse(inside(target), 303)


def _sign_in(request: Request, desk: Desk, target: str, user: str = "", why: str = "", status: int = 200) -> Response:
    demo: dict[str, Any] | None = None
    if request.app.state.demo:
        password, users = request.app.state.demo
        directory = desk.caseway.directory
        people = [
            (one, desk.person(one), " · ".join(map(desk.role, sorted(directory.roles(one)))),
             " · ".join(map(desk.queue, directory.serving(one))))
            for one in users
        ]  # fmt: skip
        demo = {"password": password, "people": people}
    return page(request, desk, "sign_in.html", status, next=inside(target), user=user, why=why, demo=demo)


@router.post("/sign-out")
def sign_out(request: Request, desk: Visitor) -> Response:
    request.state.session = request.app.state.sessions.begin(desk.now)
    return RedirectResponse("/sign-in", 303)


@router.post("/language")
def language(request: Request, form: Form) -> Response:
    """Another language; a cookie of its own, so that it outlives the session."""
    chosen = "en" if form.get("language") == "en" else "zh"
    answer = RedirectResponse(inside(str(form.get("next", "/"))), 303)
    answer.set_cookie(LANGUAGE, chosen, YEAR, httponly=True, samesite="lax", secure=request.app.state.secure)
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
        tokens=accounts.tokens(desk.caseway.connection, desk.user),
        least=SHORTEST, wrong=wrong, token=token,
    )  # fmt: skip


@router.post("/account/password")
def change_password(request: Request, desk: Signed, form: Form) -> Response:
    accounts, new = request.app.state.accounts, str(form.get("new", ""))
    checked = accounts.sign_in(desk.caseway.connection, desk.user, str(form.get("old", "")))
    if isinstance(checked, Refused):
        return _account(request, desk, 422, desk.say("wrong"))
    if new != form.get("again"):
        return _account(request, desk, 422, desk.say("differ"))
    if accounts.set_password(desk.user, new, desk.user) is not None:
        return _account(request, desk, 422, desk.say("short", least=SHORTEST))
    return RedirectResponse("/sign-in?said=password", 303)


@router.post("/account/leave")
def leave(request: Request, desk: Signed) -> Response:
    request.app.state.accounts.end_sessions(desk.user)
    return RedirectResponse("/sign-in", 303)


@router.post("/account/tokens")
def make_token(request: Request, desk: Signed, form: Form) -> Response:
    title = str(form.get("title", "")).strip()[:100] or "API"
    return _account(request, desk, 201, token=request.app.state.accounts.issue(desk.user, title))


@router.post("/account/tokens/revoke")
def revoke(request: Request, desk: Signed, form: Form) -> Response:
    request.app.state.accounts.revoke(desk.user, str(form.get("digest", "")))
    return RedirectResponse("/account?said=revoked", 303)
