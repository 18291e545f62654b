"""What endpoints ask for: the desk of whoever signed in, forms that came from our own pages, the API's caller."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, Header
from starlette.datastructures import FormData
from starlette.requests import Request

from web.desk import Desk
from web.guard import UNSAFE
from web.problems import Problem, SignIn


def visitor(request: Request) -> Iterator[Desk]:
    """A desk for whoever it is; `user` is "" before signing in."""
    app, session = request.app.state, request.state.session
    with app.desks.borrow() as caseway:
        user = session.user
        if user and not app.accounts.holds(caseway.connection, session):
            request.state.session, user = app.sessions.begin(caseway.clock.now()), ""
        ground = f"web:{request.client.host if request.client else ''}"
        yield Desk(caseway, user, request.state.language, ground, request.state.zone)


Visitor = Annotated[Desk, Depends(visitor)]


def entered(desk: Visitor) -> Desk:
    """The desk of somebody who has signed in; otherwise they are sent to do so."""
    if not desk.user:
        raise SignIn
    return desk


Entered = Annotated[Desk, Depends(entered)]


def signed_in(request: Request, desk: Entered) -> Desk:
    """The same; and whoever must have a second factor has one, or is sent to set it up."""
    if lacks_second(request, desk):
        raise SignIn("/account/second-factor?said=second_needed")
    return desk


def must_have_second(request: Request, desk: Desk) -> bool:
    """Whether one of the user's roles asks for a second factor; a provider that vouched sees to that itself."""
    return request.state.session.how == "password" and bool(desk.roles & request.app.state.second_factor)


def lacks_second(request: Request, desk: Desk) -> bool:
    factors = request.app.state.accounts.factors
    return must_have_second(request, desk) and not factors.enrolled(desk.caseway.connection, desk.user)


Signed = Annotated[Desk, Depends(signed_in)]


async def own_form(request: Request) -> AsyncIterator[None]:
    """Holds for every page: what changes something comes from a page of this very session."""
    if request.method not in UNSAFE:
        yield
        return
    async with request.form() as form:  # whose uploaded files are closed with it
        token = form.get("csrf") or request.headers.get("x-csrf-token") or ""
        if request.state.foreign or not request.app.state.sessions.fits(request.state.session, str(token)):
            raise Problem(403, "forged", _forged(request))
        yield


async def posted(request: Request) -> FormData:
    return await request.form()


Form = Annotated[FormData, Depends(posted)]


def caller(request: Request, authorization: Annotated[str, Header(include_in_schema=False)] = "") -> Iterator[Desk]:
    """The desk of a program: by its token, or by the session of a page, whose commands carry the page's token."""
    app, session = request.app.state, request.state.session
    scheme, _, token = authorization.partition(" ")
    with app.desks.borrow() as caseway:
        if scheme.lower() == "bearer":
            request.state.bearer = True
            user = app.accounts.bearer(caseway.connection, token.strip())
        else:
            user = session.user if session.user and app.accounts.holds(caseway.connection, session) else ""
            forged = request.state.foreign or not app.sessions.fits(session, request.headers.get("x-csrf-token", ""))
            if user and request.method in UNSAFE and forged:
                raise Problem(403, "forged", _forged(request))
        if not user:
            raise Problem(401, "unauthenticated")
        desk = Desk(caseway, user, request.state.language, "api", request.state.zone)
        if not getattr(request.state, "bearer", False) and lacks_second(request, desk):
            raise Problem(403, "second_factor", desk.say("said.second_needed"))
        yield desk


Caller = Annotated[Desk, Depends(caller)]


def _forged(request: Request) -> str:
    from web.texts import text

    return text("forged", request.state.language)
