"""Signing in and out: a password, a code of the second factor, an OpenID provider that vouches."""

import logging
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.accounts import Asked, Known, Refused
from web.deps import Form, Visitor
from web.desk import Desk
from web.oidc import Leaving, OidcRefused, Provider
from web.own import address, told
from web.problems import Problem
from web.render import page
from web.sessions import NOTE

log = logging.getLogger(__name__)
router = APIRouter()
LEFT = "caseway_oidc"
"""The cookie that remembers, on the way to the provider and back, what was asked."""
PLACE = "/sign-in/oidc"


def inside(target: str) -> str:
    """Where to go next, if that is one of our own pages; otherwise the first page."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return target if ours else "/"


@router.get("/sign-in")
def sign_in_page(request: Request, desk: Visitor, next: str = "/") -> Response:
    if desk.user:
        return RedirectResponse(inside(next), 303)
    return _sign_in(request, desk, next)


@router.post("/sign-in")
def sign_in(request: Request, desk: Visitor, form: Form) -> Response:
    app = request.app.state
    user, target = str(form.get("user", "")).strip(), str(form.get("next", "/"))
    if app.throttle.closed(address(request)):
        return _sign_in(request, desk, target, user, desk.say("slow_down"), 429)
    found = app.accounts.sign_in(desk.caseway.connection, user, str(form.get("password", "")))
    if isinstance(found, Asked):
        return _code(request, desk, target, app.sessions.note(request.state.session, desk.now, *found))
    if isinstance(found, Refused):
        app.throttle.failed(address(request))
        return _sign_in(request, desk, target, user, told(desk, found), 401)
    return _enter(request, desk, found, target)


@router.post("/sign-in/code")
def second_factor(request: Request, desk: Visitor, form: Form) -> Response:
    """The second step: the note says who has given the right password, here and a moment ago."""
    app, note, target = request.app.state, str(form.get("note", "")), str(form.get("next", "/"))
    said = app.sessions.noted(request.state.session, desk.now, note)
    if len(said) != 2:
        return _sign_in(request, desk, target, "", desk.say("too_slow"), 401)
    if app.throttle.closed(address(request)):
        return _code(request, desk, target, note, desk.say("slow_down"), 429)
    found = app.accounts.second(desk.caseway.connection, Asked(str(said[0]), int(said[1])), str(form.get("code", "")))
    if isinstance(found, Refused):
        app.throttle.failed(address(request))
        return _code(request, desk, target, note, told(desk, found), 401)
    return _enter(request, desk, found, target)


def enter(request: Request, desk: Desk, found: Known, how: str) -> None:
    """A new session in place of the one that this browser had."""
    app, before = request.app.state, request.state.session
    app.accounts.sessions.end(before.user, before.place)
    session = request.state.session = app.sessions.begin(desk.now, found.user, how)
    app.accounts.sessions.open(session, found.generation, address(request), request.headers.get("user-agent", ""))


def _enter(request: Request, desk: Desk, found: Known, target: str, how: str = "password") -> Response:
    enter(request, desk, found, how)
    return RedirectResponse(inside(target), 303)


def _code(request: Request, desk: Desk, target: str, note: str, why: str = "", status: int = 200) -> Response:
    return page(request, desk, "sign_in_code.html", status, next=inside(target), note=note, why=why)


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
    provider: Provider | None = request.app.state.provider
    return page(
        request, desk, "sign_in.html", status, next=inside(target), user=user, why=why, demo=demo,
        provider=desk.told(provider.settings.title) if provider else "",
    )  # fmt: skip


@router.post("/sign-out")
def sign_out(request: Request, desk: Visitor) -> Response:
    """Ends the session itself: a copy of its cookie is nothing, too."""
    request.app.state.accounts.sessions.end(desk.user, request.state.session.place)
    request.state.session = request.app.state.sessions.begin(desk.now)
    return RedirectResponse("/sign-in", 303)


# --- an OpenID provider ---------------------------------------------------------------------------------


@router.get(PLACE)
def leave(request: Request, desk: Visitor, next: str = "/") -> Response:
    """To the provider; what must be known afterwards travels in a signed cookie of ten minutes."""
    provider = _provider(request)
    try:
        left = provider.leave(_back(request, provider))
    except OidcRefused as refused:
        return _refused(request, desk, next, refused)
    session, sessions = request.state.session, request.app.state.sessions
    session.fresh = True  # the browser must have it when it is back
    note = sessions.note(session, desk.now, left.state, left.nonce, left.verifier, inside(next))
    answer = RedirectResponse(left.url, 303)
    answer.set_cookie(
        LEFT, note, int(NOTE.total_seconds()), path=PLACE, httponly=True, samesite="lax",
        secure=request.app.state.secure,
    )  # fmt: skip
    return answer


@router.get(f"{PLACE}/done")
def arrive(request: Request, desk: Visitor) -> Response:
    """Back from the provider."""
    app, provider = request.app.state, _provider(request)
    said = app.sessions.noted(request.state.session, desk.now, request.cookies.get(LEFT, ""))
    if app.throttle.closed(address(request)):
        return _sign_in(request, desk, "/", "", desk.say("slow_down"), 429)
    try:
        if len(said) != 4:
            raise OidcRefused("oidc.state", "nobody was sent to the provider from here, or long ago")
        state, nonce, verifier, target = map(str, said)
        left = Leaving("", state, nonce, verifier)
        claims = provider.arrive(_back(request, provider), dict(request.query_params), left, desk.now)
        subject = provider.subject(claims)
        user = _user(desk, provider.settings.claim, subject)
        found = app.accounts.vouched(desk.caseway.connection, user) if user else Refused("wrong")
        if isinstance(found, Refused):
            raise OidcRefused("oidc.unknown", f"{subject} is nobody in service here")
        answer = _enter(request, desk, found, target, "oidc")
    except OidcRefused as refused:
        app.throttle.failed(address(request))
        answer = _refused(request, desk, "/", refused)
    answer.delete_cookie(LEFT, path=PLACE)
    return answer


def _user(desk: Desk, claim: str, subject: str) -> str:
    """The user whose id it is, or the only one who has it under `contact`; "" for nobody."""
    users = desk.caseway.directory.users
    if subject in users:
        return subject
    same = [user.id for user in users.values() if user.contact.get(claim, "").lower() == subject.lower()]
    return same[0] if len(same) == 1 else ""


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.provider
    if found is None:
        raise Problem(404, "oidc")
    return found


def _back(request: Request, provider: Provider) -> str:
    """Our address that the provider sends the browser to."""
    return f"{provider.settings.address or str(request.base_url).rstrip('/')}{PLACE}/done"


def _refused(request: Request, desk: Desk, target: str, refused: OidcRefused) -> Response:
    log.warning("sign-in by OpenID: %s", refused)
    return _sign_in(request, desk, target, "", desk.say(refused.code), 502 if refused.code == "oidc.away" else 401)
