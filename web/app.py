"""The application: one installation, open, behind pages and an API.

Theory of operation. The core is synchronous; every endpoint that touches it is a plain function, which FastAPI
runs in a thread, with a connection of its own (`web.desk`). Pages are rendered on the server and work without
script. `web.guard` sees every request; the routers add who may ask, and that forms come from our own pages.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
from argon2 import PasswordHasher
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bootstrap import Caseway
from engine.runtime.cipher import VaultError
from engine.runtime.errors import StoreError
from web import (
    api,
    api_absences,
    api_account,
    api_admin,
    api_calendars,
    api_cases,
    api_documents,
    api_floor,
    api_kept,
    api_messages,
    api_migrating,
    api_notices,
    api_papers,
    api_processes,
    api_reading,
    api_reports,
    api_sessions,
    api_talk,
    api_webhooks,
    health,
    problems,
)
from web.accounts import Accounts
from web.deps import own_form
from web.desk import Desks
from web.guard import Guard, TooLarge
from web.limits import Limits
from web.live import Live
from web.live import router as live
from web.measured import Measured, Watch
from web.oidc import Provider
from web.reach import Reach
from web.rollup import Rollup
from web.routes import (
    absences,
    account,
    admin,
    arranging,
    calendars,
    case,
    customer,
    documents,
    floor,
    hooks,
    inbox,
    kept,
    migrating,
    notices,
    papers,
    processes,
    reading,
    reports,
    signing_in,
    start,
    talk,
    task,
    tasks,
    trying,
)
from web.sessions import Sessions
from web.throttle import Throttle
from workbench.grounds import Kept

HERE = Path(__file__).parent
PAGES = (
    signing_in.router, papers.router, documents.router, talk.router, account.router, inbox.router, task.router,
    tasks.router, reading.router, case.router, floor.router, start.router, migrating.router, trying.router,
    processes.router, absences.router, admin.router, calendars.router, arranging.router, hooks.router,
    notices.router, kept.router, reports.router,
)  # fmt: skip
PROGRAMS = (
    api_reading.router, api_papers.router, api_documents.router, api_talk.router, api.router, api_floor.router,
    api_webhooks.router, api_migrating.router, api_processes.router, api_cases.router, api_absences.router,
    api_admin.router, api_calendars.router, api_sessions.router, api_account.router,
    api_notices.router, api_kept.router, api_reports.router, api_messages.router,
)  # fmt: skip
THREADS = 24
"""Requests that are worked on at once; further ones wait."""


class Files(StaticFiles):
    """Style and script: the same until the next version, so browsers may keep them for an hour."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


def create_app(
    caseway: Caseway, *, secure: bool = False, demo: tuple[str, Sequence[str]] | None = None,
    hasher: PasswordHasher | None = None, reach: Reach | None = None,
    second_factor: Collection[str] = (), provider: Provider | None = None, watches: Sequence[Watch] = (),
    rate: float = 0,
) -> FastAPI:  # fmt: skip
    """The application over an open installation, which stays the caller's to close.

    secure: it is reached over TLS, so cookies are kept to it. demo: a password and accounts that the page for
    signing in shows. hasher: argon2's cost, for tests. reach: where webhooks may lead.
    second_factor: roles that do not get in without one. provider: who vouches for people besides passwords.
    watches: what measures requests. rate: how many a second one caller may ask for; 0 is as many as there are.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        app.state.live.close()
        app.state.desks.close()

    app = FastAPI(
        title="Caseway",
        version="1",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.desks = Desks(caseway)
    app.state.accounts = Accounts(caseway, hasher)
    app.state.sessions = Sessions(caseway.vault)
    app.state.throttle = Throttle(caseway.clock.now)
    app.state.rollup = Rollup()
    app.state.grounds = Kept()
    app.state.reach = reach or Reach()
    app.state.live = Live(app.state.desks, app.state.accounts)
    app.state.secure = secure
    app.state.demo = demo
    app.state.second_factor = frozenset(second_factor)
    app.state.provider = provider
    for error in (
        problems.Problem, problems.SignIn, HTTPException, StoreError, VaultError, TooLarge,
    ):  # fmt: skip
        app.add_exception_handler(error, problems.handle)
    app.add_exception_handler(RequestValidationError, _misfit)
    app.mount("/static", Files(directory=HERE / "static"))
    for router in PAGES:
        app.include_router(router, include_in_schema=False, dependencies=[Depends(own_form)])
    app.include_router(health.router)
    app.include_router(live, include_in_schema=False)
    app.include_router(customer.router, include_in_schema=False)
    for programs in PROGRAMS:
        app.include_router(programs)
    app.add_middleware(Limits, rate=rate, refuse=problems.answer)
    app.add_middleware(
        Guard, sessions=app.state.sessions, now=caseway.clock.now, secure=secure,
        failed=lambda request, error: problems.answer(request, problems.of(error)),
    )  # fmt: skip
    app.add_middleware(Measured, watches=watches)
    return app


async def _misfit(request: Request, error: Exception) -> Response:
    """A request whose parameters or body do not fit what the API takes."""
    assert isinstance(error, RequestValidationError)
    fields = {".".join(map(str, one["loc"][1:])) or str(one["loc"][0]): one["msg"] for one in error.errors()}
    return problems.answer(request, problems.Problem(422, "request", fields=fields))
