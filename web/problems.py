"""What is answered when something cannot be done: a page for people, Problem details (RFC 9457) for programs."""

import logging
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.core.commands import Refusal
from engine.core.model import Process
from engine.runtime.cipher import VaultError
from engine.runtime.errors import StoreError, Violation
from web.desk import Desk
from web.guard import TooLarge, Unwritable
from web.render import page
from web.texts import TEXTS, text

log = logging.getLogger(__name__)


class Problem(Exception):
    """status: of HTTP. code: a name for programs. detail: for people, in their language. fields: by path."""

    def __init__(
        self, status: int, code: str, detail: str = "", fields: dict[str, Any] | None = None, **more: Any
    ) -> None:
        super().__init__(detail or code)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields or {}
        self.more = more


class SignIn(Exception):
    """A page that is only for those who have signed in. `where`: what is still missing is done there."""

    def __init__(self, where: str = "") -> None:
        super().__init__(where)
        self.where = where


STATUS = {
    "paper": 404, "attachment": 404, "link": 404, "waive": 403, "remove": 403, "paper_reason": 422, "link_life": 422,
    "unknown": 404, "closed": 409, "form": 422, "reason": 422, "outcome": 422, "priority": 422, "target": 422,
    "draft_field": 422, "draft_size": 413, "unknown_queue": 422, "not_for": 422, "four_eyes": 403, "authority": 403,
    "had_part": 403,
    "no_amount": 403, "not_served": 403, "not_manager": 403, "not_yours": 403, "not_steering": 403, "inactive": 403,
    "role": 403, "characters": 422, "breach_reason": 422, "which": 422, "duration": 422, "cap": 422,
    "busy": 503, "stale": 412, "process": 404, "start": 422,
    "no_case": 422, "kind": 422, "itself": 422, "unchanged": 422, "other_process": 422, "back_dated": 422,
    "not_restricting": 403, "reader": 422, "readers": 422,
    "no_reason": 422, "no_file": 422, "message": 404, "sender": 403, "payload": 422,
}  # fmt: skip
"""The status of a refused command by its code; 409 for the others: the case is not where that can be done."""


def refused(desk: Desk, answer: Any, process: Process | None = None) -> Problem:
    """A refused or failed command as a problem, in the user's language; with the process, by the titles in it."""
    if not isinstance(answer, Refusal):
        return Problem(500, "failed", str(getattr(answer, "text", answer)))
    said = answer.said(desk.language)
    detail = said if process is None else desk.plain(said, process)
    return Problem(STATUS.get(answer.code, 409), answer.code, detail, dict(answer.fields))


def body(problem: Problem, language: str) -> dict[str, Any]:
    """The problem as RFC 9457 has it; `code` and `errors` (field by field) are ours."""
    key = f"error.{problem.status}"
    title = text(key if key in TEXTS else "error", language)
    errors = [
        {"field": path, "message": told if isinstance(told, str) else told.get(language, "")}
        for path, told in problem.fields.items()
    ]
    return {
        "type": "about:blank",
        "title": title,
        "status": problem.status,
        "detail": problem.detail or title,
        "code": problem.code,
        **({"errors": errors} if errors else {}),
        **problem.more,
    }


def answer(request: Request, problem: Problem) -> Response:
    """The problem as whoever asked can read it."""
    language = getattr(request.state, "language", "zh")
    if request.url.path.startswith("/api"):
        headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
        return JSONResponse(body(problem, language), problem.status, headers, "application/problem+json")
    desk = Desk(request.app.state.desks.caseway, request.state.session.user, language)
    key = f"error.{problem.status}"
    title = desk.say(key if key in TEXTS else "error")
    return page(
        request, desk, "error.html", problem.status, title=title, detail=problem.detail, code=problem.status, typed=[],
        see=problem.more.get("number", ""),
    )  # fmt: skip


def of(error: Exception) -> Problem:
    """Any error as a problem; what nobody foresaw goes to the log, and says nothing of itself."""
    match error:
        case Problem():
            return error
        case HTTPException(status_code=status):
            return Problem(status, f"http_{status}")
        case Unwritable():
            return Problem(400, "characters")
        case Violation() | UnicodeEncodeError():
            return Problem(422, "characters")  # text that no store can hold, where no command's door looks at it
        case TooLarge():
            return Problem(413, "too_large")
        case StoreError():
            log.error("the database: %s", error)
            return Problem(503, "store")
        case VaultError():
            return Problem(409, "destroyed", str(error))
        case _:
            log.exception("a fault of the program", exc_info=error)
            return Problem(500, "failed")


async def handle(request: Request, error: Exception) -> Response:
    """Starlette's way in."""
    if isinstance(error, SignIn) and error.where:
        return RedirectResponse(error.where, 303)
    if isinstance(error, SignIn):
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        wanted = request.method == "GET" and target != "/"
        return RedirectResponse(f"/sign-in?{urlencode({'next': target})}" if wanted else "/sign-in", 303)
    return answer(request, of(error))
