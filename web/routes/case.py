"""Cases: search, one case whole, its picture, and what is done with a case as such."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.core import commands as core
from engine.runtime.clock import new_id
from web.cases import case_view
from web.casework import ACTS, preview, steer, why_closed
from web.clocks import extend
from web.commands import ask
from web.correcting import changed, correctable
from web.deps import Form, Signed
from web.desk import Desk
from web.forms import at
from web.kin import alike, merging, places
from web.opened import Opened
from web.problems import Problem
from web.render import page
from web.search import Status, line_of, search
from web.steps import in_picture
from workbench.drawing.svg import Overlay
from workbench.picture import picture

router = APIRouter()


@router.get("/cases")
def cases(
    request: Request,
    desk: Signed,
    q: str = "",
    process: str = "",
    status: Status = "",
    watched: str = "",
    after: str = "",
) -> Response:
    found = search(desk, q, process, status, after, watched=watched == "me")
    if q and len(found.cases) == 1 and found.cases[0].number.lower() == q.strip().lower():
        return RedirectResponse(f"/cases/{quote(found.cases[0].number)}", 303)
    asked = {"q": q, "process": process, "status": status, **({"watched": "me"} if watched == "me" else {})}
    more = f"/cases?{urlencode({**asked, 'after': found.next})}" if found.next else ""
    first = f"/cases?{urlencode(asked)}" if after else ""
    processes = {name: desk.process(name) for name in desk.caseway.definitions.names()}
    return page(
        request, desk, "cases.html", found=found, q=q, process=process, chosen=status, more=more, first=first,
        processes=processes, watched=watched == "me",
    )  # fmt: skip


@router.get("/cases/{number}")
def case(request: Request, desk: Signed, number: str) -> Response:
    return case_page(request, desk, number)


def case_page(
    request: Request, desk: Desk, number: str, status: int = 200, wrong: str = "",
    secrets: Mapping[str, Any] | None = None, text: str = "", more: Mapping[str, Any] | None = None,
) -> Response:  # fmt: skip
    """The page of a case. `secrets`: those that the user has opened. text: a comment that was refused. more: what was
    written when a clock was refused more time."""
    users = sorted(
        (user for user in desk.caseway.directory.users if request.app.state.accounts.in_service(user)), key=desk.person
    )
    return page(
        request, desk, "case.html", status, view=case_view(desk, number, secrets), wrong=wrong,
        command=new_id(desk.now), users=[(user, desk.person(user)) for user in users], shown=secrets is not None,
        text=text, more=more,
    )  # fmt: skip


@router.get("/cases/{number}/picture.svg")
def case_picture(desk: Signed, number: str, near: bool = False) -> Response:
    """The process with the case's tokens; `near`: only what lies around them. A document of its own, so that its style
    needs no leave from the pages."""
    opened = Opened(desk, number)
    tokens: dict[str, int] = {}
    for token in opened.state.flow.tokens.values():
        tokens[token.at] = tokens.get(token.at, 0) + 1
    drawn = picture(opened.process, desk.language, Overlay(tokens, near=near), lambda: in_picture(desk, opened.process))
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@router.post("/cases/{number}/incidents/{incident}/retry")
def retry(desk: Signed, number: str, incident: int) -> Response:
    opened = Opened(desk, number)
    why = why_closed(opened, "retry")
    if why:
        raise Problem(403, "not_steering", why)
    ask(desk, opened.case, core.RetryIncident(incident))
    return RedirectResponse(f"/cases/{quote(number)}", 303)


@router.post("/cases/{number}/clocks/{clock}/extend")
def extend_clock(request: Request, desk: Signed, form: Form, number: str, clock: str) -> Response:
    """More time for a clock, with a reason."""
    run, by, reason = whole(form.get("run")), str(form.get("by", "")).strip(), str(form.get("reason", ""))[:2000]
    length = f"{by}{form.get('unit', '')}" if by.isdecimal() else by
    try:
        extend(desk, number, clock, run, length, reason, id=str(form.get("command", "")))
    except Problem as problem:
        if problem.code == "unknown":
            raise
        more = {"clock": clock, "run": run, "by": by, "reason": reason}
        return case_page(request, desk, number, problem.status, problem.detail, more=more)
    return RedirectResponse(f"/cases/{quote(number)}?said=extended", 303)


# --- correcting and moving: pages of their own --------------------------------------------------------


@router.get("/cases/{number}/correct")
def correct(request: Request, desk: Signed, number: str) -> Response:
    return _correct(request, desk, number)


@router.post("/cases/{number}/correct")
def corrected(request: Request, desk: Signed, form: Form, number: str) -> Response:
    opened = Opened(desk, number)
    changes, reason = changed(opened, form), str(form.get("reason", ""))
    try:
        steer(opened, "correct", {"changes": changes, "reason": reason}, id=str(form.get("command", "")),
              revision=revision_of(form))  # fmt: skip
    except Problem as problem:
        if problem.code == "repeated":  # the form was sent twice: by now there is nothing left to change
            return RedirectResponse(f"/cases/{quote(number)}?said=corrected", 303)
        told = problem.fields.items()
        errors = {path: text if isinstance(text, str) else text.get(desk.language, "") for path, text in told if path}
        return _correct(request, desk, number, problem.status, form, errors, problem.detail)
    return RedirectResponse(f"/cases/{quote(number)}?said=corrected", 303)


def _correct(
    request: Request, desk: Desk, number: str, status: int = 200, posted: FormData | None = None,
    errors: Mapping[str, str] | None = None, wrong: str = "",
) -> Response:  # fmt: skip
    opened = Opened(desk, number)
    asked, values = correctable(opened, posted)
    return page(
        request, desk, "correct.html", status, line=line_of(desk, opened.case), fields=asked, values=values,
        errors=errors or {}, wrong=wrong, why=why_closed(opened, "correct"), revision=opened.revision,
        reason=str(posted.get("reason", "")) if posted else "", command=new_id(desk.now),
        kept=[one.name for one in asked if one.secret and at(opened.state.flow.data, one.name) is not None],
    )  # fmt: skip


@router.get("/cases/{number}/move")
def move(request: Request, desk: Signed, number: str, token: int = 0, target: str = "") -> Response:
    return _move(request, desk, number, token, target)


@router.post("/cases/{number}/move")
def moved(request: Request, desk: Signed, form: Form, number: str) -> Response:
    opened, target, reason = Opened(desk, number), str(form.get("target", "")), str(form.get("reason", ""))
    token = whole(form.get("token"))
    try:
        steer(opened, "move", {"token": token, "target": target, "reason": reason}, id=str(form.get("command", "")),
              revision=revision_of(form))  # fmt: skip
    except Problem as problem:
        return _move(request, desk, number, token, target, problem.status, problem.detail, reason)
    return RedirectResponse(f"/cases/{quote(number)}?said=move_proposed", 303)


def _move(
    request: Request, desk: Desk, number: str, token: int = 0, target: str = "", status: int = 200, wrong: str = "",
    reason: str = "",
) -> Response:  # fmt: skip
    """Chooses a token and a step; with both, what that would do, and the proposal."""
    opened, seen = Opened(desk, number), None
    if token and target:
        try:
            seen = preview(opened, token, target)
        except Problem as problem:
            status, wrong = problem.status if status == 200 else status, wrong or problem.detail
    return page(
        request, desk, "move.html", status, line=line_of(desk, opened.case), places=places(opened), token=token,
        target=target, seen=seen, wrong=wrong, reason=reason, why=why_closed(opened, "move"),
        revision=opened.revision, command=new_id(desk.now),
    )  # fmt: skip


# --- merging: looked at before it is done ---------------------------------------------------------------


@router.get("/cases/{number}/merge")
def merge(request: Request, desk: Signed, number: str, other: str = "") -> Response:
    return _merge(request, desk, number, other)


@router.post("/cases/{number}/merge")
def merged(request: Request, desk: Signed, form: Form, number: str) -> Response:
    other, reason = str(form.get("other", "")), str(form.get("reason", ""))
    try:
        steer(
            Opened(desk, number), "merge", {"other": other, "reason": reason}, id=str(form.get("command", "")),
            revision=revision_of(form),
        )  # fmt: skip
    except Problem as problem:
        if problem.status == 404:
            raise
        return _merge(request, desk, number, other, problem.status, problem.detail, reason)
    return RedirectResponse(f"/cases/{quote(number)}?said=merged", 303)


def _merge(
    request: Request, desk: Desk, number: str, other: str, status: int = 200, wrong: str = "", reason: str = ""
) -> Response:
    """Asks into which case; with one, what that would do."""
    opened, seen = Opened(desk, number), None
    why = why_closed(opened, "merge")
    if why:
        raise Problem(403, "not_steering", why)
    if other:
        try:
            seen = merging(opened, other)
        except Problem as problem:
            status, wrong = problem.status if status == 200 else status, wrong or problem.detail
    return page(
        request, desk, "merge.html", status, line=line_of(desk, opened.case), other=other, seen=seen, wrong=wrong,
        reason=reason, alike=alike(opened), revision=opened.revision, command=new_id(desk.now),
    )  # fmt: skip


# --- all the others -----------------------------------------------------------------------------------


@router.post("/cases/{number}/{action}")
def do(request: Request, desk: Signed, form: Form, number: str, action: str) -> Response:
    if action not in ACTS:
        raise Problem(404, "action")
    opened = Opened(desk, number)
    given = {name: read(form.get(name)) for name, read in READ.items() if name in form}
    try:
        steer(opened, action, given, id=str(form.get("command", "")))
    except Problem as problem:
        if problem.status == 404:
            raise
        return case_page(request, desk, number, problem.status, problem.detail)
    return RedirectResponse(f"/cases/{quote(number)}?said={ACTS[action].said}", 303)


def whole(given: Any) -> int:
    """The whole number that a form gives; 0 for what is none."""
    text = str(given or "")
    return int(text) if text.isdecimal() and len(text) <= 15 else 0


def revision_of(form: FormData) -> int | None:
    """The revision that the page had seen."""
    return whole(form.get("revision")) or None


READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("reason", "user", "step", "other", "kind", "target"), str),
    **dict.fromkeys(("proposal", "hold", "token"), whole),
}
"""What a form of the case's page may give, and how it is read."""
