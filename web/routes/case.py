"""Cases: search, one case whole, its picture, and what is done with a case as such."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.core import commands as core
from engine.core.commands import Command
from engine.runtime.clock import new_id
from tasks.commands import SetOwner
from web.cases import case_view
from web.commands import ask
from web.deps import Form, Signed
from web.desk import Desk
from web.problems import Problem
from web.render import page
from web.roles import may_steer
from web.search import Status, search
from web.tasks import Opened
from workbench.picture import picture

router = APIRouter()

STEERS: Mapping[str, tuple[Callable[[str, str], Command], str]] = {
    "suspend": (lambda reason, user: core.SuspendCase(reason), "suspended"),
    "resume": (lambda reason, user: core.ResumeCase(reason), "resumed"),
    "cancel": (lambda reason, user: core.CancelCase(reason), "cancelled"),
    "owner": (lambda reason, user: SetOwner(user, reason), "owned"),
}
"""What is done with a case as a whole, by name: the command, and what is said afterwards."""


@router.get("/cases")
def cases(
    request: Request, desk: Signed, q: str = "", process: str = "", status: Status = "", after: str = ""
) -> Response:
    found = search(desk, q, process, status, after)
    if q and len(found.cases) == 1 and found.cases[0].number.lower() == q.strip().lower():
        return RedirectResponse(f"/cases/{quote(found.cases[0].number)}", 303)
    asked = {"q": q, "process": process, "status": status}
    more = f"/cases?{urlencode({**asked, 'after': found.next})}" if found.next else ""
    first = f"/cases?{urlencode(asked)}" if after else ""
    processes = {name: desk.process(name) for name in desk.caseway.definitions.names()}
    return page(
        request, desk, "cases.html", found=found, q=q, process=process, chosen=status, more=more, first=first,
        processes=processes,
    )  # fmt: skip


@router.get("/cases/{number}")
def case(request: Request, desk: Signed, number: str) -> Response:
    return case_page(request, desk, number)


def case_page(
    request: Request, desk: Desk, number: str, status: int = 200, wrong: str = "",
    secrets: Mapping[str, Any] | None = None,
) -> Response:  # fmt: skip
    """The page of a case. `secrets`: those that the user has opened."""
    users = sorted(
        (user for user in desk.caseway.directory.users if request.app.state.accounts.in_service(user)), key=desk.person
    )
    return page(
        request, desk, "case.html", status, view=case_view(desk, number, secrets), wrong=wrong,
        command=new_id(desk.now), users=[(user, desk.person(user)) for user in users], shown=secrets is not None,
    )  # fmt: skip


@router.get("/cases/{number}/picture.svg")
def case_picture(desk: Signed, number: str) -> Response:
    """The process with the case's tokens. A document of its own, so that its style needs no leave from the pages."""
    opened = Opened(desk, number)
    tokens: dict[str, int] = {}
    for token in opened.state.flow.tokens.values():
        tokens[token.at] = tokens.get(token.at, 0) + 1
    drawn = picture(opened.process, desk.language, tokens)
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@router.post("/cases/{number}/incidents/{incident}/retry")
def retry(desk: Signed, number: str, incident: int) -> Response:
    opened = Opened(desk, number)
    steer(desk, opened)
    ask(desk, opened.case, core.RetryIncident(incident))
    return RedirectResponse(f"/cases/{quote(number)}", 303)


@router.post("/cases/{number}/{action}")
def do(request: Request, desk: Signed, form: Form, number: str, action: str) -> Response:
    try:
        said = steered(desk, number, action, form)
    except Problem as problem:
        if problem.status == 404:
            raise
        return case_page(request, desk, number, problem.status, problem.detail)
    return RedirectResponse(f"/cases/{quote(number)}?said={said}", 303)


def steered(desk: Desk, number: str, action: str, form: FormData) -> str:
    """Does it; what to say afterwards. Raises Problem."""
    if action not in STEERS:
        raise Problem(404, "action")
    opened = Opened(desk, number)
    steer(desk, opened)
    reason, user = str(form.get("reason", "")).strip(), str(form.get("user", ""))
    if not reason and action != "resume":
        raise Problem(422, "reason", desk.say("reason_needed"))
    make, said = STEERS[action]
    ask(desk, opened.case, make(reason, user), id=str(form.get("command", "")))
    return said


def steer(desk: Desk, opened: Opened) -> None:
    """Raises Problem unless the user may act on the case as a whole."""
    if not may_steer(desk, opened.state):
        raise Problem(403, "not_authorised", desk.say("not_authorised"))
