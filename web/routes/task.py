"""A task's page: its form, and every action of its life."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.runtime.clock import new_id
from web.attached import files_in, with_files
from web.closed import closed, typed
from web.commands import ACTS, act, done_before, take_next, until
from web.deps import Form, Signed
from web.desk import Desk
from web.forms import at, data_of, fields, shown
from web.opened import Opened, approach, plain
from web.placing import receivers
from web.problems import Problem, body
from web.render import page
from web.routes.case import whole
from web.show import clock_time
from web.tasks import changed_since, human_step, view_of, with_secrets

router = APIRouter()
TRIES = 3
"""How often a completion is sent again when the case moves under it without touching what the form shows."""
APART = frozenset({"claim", "complete", "draft", "vote"})
"""Actions that have a place of their own on the page."""
STAYS = frozenset({"claim", "take_up", "withdraw", "resume", "priority", "start"})
"""After these one goes on with the task; after the others it is somebody else's, or for another time."""


@router.get("/tasks/{number}/{task}")
def show_task(request: Request, desk: Signed, number: str, task: int) -> Response:
    return task_page(request, desk, number, task)


def task_page(request: Request, desk: Desk, number: str, task: int, status: int = 200, **more: Any) -> Response:
    """The page of a task. Raises Problem if it is not open."""
    return _page(request, approach(desk, number, task), task, status, **more)


def _page(
    request: Request, opened: Opened, task: int, status: int = 200, *, posted: FormData | None = None,
    wrong: str = "", errors: dict[str, str] | None = None, command: str = "", text: str = "",
) -> Response:  # fmt: skip
    view, desk = view_of(opened, task), opened.desk
    if posted is not None:
        given = data_of(desk, view.fields, posted)
        for field in view.fields:
            if not field.secret:  # of those only what is kept is shown
                view.values[field.name] = shown(desk, field, at(given, field.name))
        view.files = files_in(opened, view.fields, view.values)
    known = {field.name for field in view.fields} | {"reason", "outcome"}
    return page(
        request, desk, "task.html", status, view=view, wrong=wrong, errors=errors or {},
        receivers=receivers(opened, task),
        elsewhere={name: text for name, text in (errors or {}).items() if name not in known},
        outcome=str(posted.get("outcome", "")) if posted else view.outcome,
        reason=str(posted.get("reason", "")) if posted else view.reason,
        command=command or new_id(desk.now), acts=ACTS, text=text,
        own=[action for action in view.actions if action not in APART and not view.actions[action]],
    )  # fmt: skip


@router.get("/tasks/{number}/{task}/standing")
def standing(request: Request, desk: Signed, number: str, task: int) -> Response:
    """Who has the task and whether it is still open: what its page asks for again when something has changed."""
    return page(request, desk, "standing.html", view=view_of(approach(desk, number, task), task, secrets=False))


@router.post("/tasks/{number}/{task}/complete")
def complete(request: Request, desk: Signed, form: Form, number: str, task: int) -> Response:
    command, said = str(form.get("command", "")), ""
    seen = whole(form.get("revision"))
    try:
        form = _with_files(desk, number, task, form)
    except Problem as problem:
        return _refused(request, approach(desk, number, task), task, problem, form)
    for _ in range(TRIES):
        opened = approach(desk, number, task)
        if task not in opened.state.work.tasks:
            if done_before(desk, opened.case, command):  # the form was sent twice
                said = "completed"
                break
            return _over(request, opened, task, form)
        _, _, human = human_step(opened, task)
        moved = changed_since(opened, seen, {path[0] for path in human.form})
        if moved:
            titles = ", ".join(field.title for field in fields(desk, opened.process, [(name,) for name in moved]))
            return _page(request, opened, task, 409, posted=form, wrong=desk.say("moved_on", fields=titles))
        asked = fields(desk, opened.process, human.form)
        given = {
            "outcome": str(form.get("outcome", "")), "reason": str(form.get("reason", "")).strip(),
            "data": with_secrets(opened, task, asked, data_of(desk, asked, form)),
        }  # fmt: skip
        try:
            act(desk, opened.case, task, "complete", given, id=command, revision=opened.revision)
        except Problem as problem:
            if problem.code == "stale":
                continue
            return _refused(request, opened, task, problem, form)
        said = "completed"
        break
    if not said:
        raise Problem(503, "busy")
    if form.get("then") == "next":
        found = take_next(desk)
        target = f"/tasks/{quote(found.number)}/{found.task}?said=claimed" if found else "/?said=nothing"
        return RedirectResponse(target, 303)
    return RedirectResponse(f"/cases/{quote(number)}?said={said}", 303)


def _with_files(desk: Desk, number: str, task: int, form: FormData) -> FormData:
    """The form with its files taken into the case, if the task is still open. Raises Problem."""
    opened = approach(desk, number, task)
    if task not in opened.state.work.tasks:
        return form
    _, _, human = human_step(opened, task)
    return with_files(opened, fields(desk, opened.process, human.form), form)


def _over(request: Request, opened: Opened, task: int, form: FormData) -> Response:
    """Somebody else closed it meanwhile: who, and what was filled in here."""
    desk, problem = opened.desk, closed(opened, task)
    return page(
        request, desk, "error.html", problem.status, title=desk.say(f"error.{problem.status}"), detail=problem.detail,
        code=problem.status, typed=typed(opened, task, form), see=problem.more.get("number", ""),
    )  # fmt: skip


def _refused(request: Request, opened: Opened, task: int, problem: Problem, form: FormData) -> Response:
    desk = opened.desk
    errors = {
        path: told if isinstance(told, str) else told.get(desk.language, "") for path, told in problem.fields.items()
    }
    if problem.code == "outcome" and not errors:
        errors = {"outcome": desk.say("choose")}
    count = len(errors)
    few = desk.say("form_wrong.1") if count == 1 else desk.say("form_wrong", count=count)
    wrong = few if errors else f"{desk.say('not_accepted')}: {plain(opened, problem.detail)}"
    return _page(request, opened, task, problem.status, posted=form, wrong=wrong, errors=errors)


@router.post("/tasks/{number}/{task}/draft")
def draft(request: Request, desk: Signed, form: Form, number: str, task: int) -> Response:
    """Keeps what has been filled in so far; for the script without a page in answer."""
    by_script = "x-draft" in request.headers
    try:
        form = _with_files(desk, number, task, form)
        opened = approach(desk, number, task)
        _, _, human = human_step(opened, task)
        asked = fields(desk, opened.process, human.form)
        data = with_secrets(opened, task, asked, data_of(desk, asked, form))
        chosen = {"outcome": str(form.get("outcome", "")), "reason": str(form.get("reason", "")).strip()}
        act(desk, opened.case, task, "draft", {"data": data, **chosen})
    except Problem as problem:
        if by_script:
            return JSONResponse(body(problem, desk.language), problem.status, media_type="application/problem+json")
        return _refused(request, approach(desk, number, task), task, problem, form)
    if by_script:
        return Response(status_code=204, headers={"X-Saved": clock_time(desk, desk.now)})
    return RedirectResponse(f"/tasks/{quote(number)}/{task}?said=saved", 303)


@router.post("/tasks/{number}/{task}/{action}")
def do(request: Request, desk: Signed, form: Form, number: str, task: int, action: str) -> Response:
    """Any other action of a task's life."""
    if action not in ACTS:
        raise Problem(404, "action")
    opened = approach(desk, number, task)
    try:
        given = given_of(desk, form)
        act(desk, opened.case, task, action, given, id=str(form.get("command", "")))
    except Problem as problem:
        if task in opened.state.work.tasks:
            return _page(
                request, approach(desk, number, task), task, problem.status, wrong=plain(opened, problem.detail)
            )
        raise
    target = f"/tasks/{quote(number)}/{task}" if action in STAYS else "/"
    return RedirectResponse(f"{target}?said={ACTS[action].said}", 303)


def given_of(desk: Desk, form: FormData) -> dict[str, Any]:
    """The plain fields of an action's form."""
    given: dict[str, Any] = {
        name: str(form.get(name, "")).strip() for name in ("reason", "queue", "user", "question", "answer")
    }
    given["agrees"] = form.get("agrees") == "true"
    if form.get("until"):
        given["until"] = until(str(form["until"]), desk)
        if given["until"] is None:
            raise Problem(422, "form", desk.say("field.until.needed"), {"until": desk.say("field.until.needed")})
    if form.get("to"):
        given["queue"], _, given["user"] = str(form["to"]).partition("/")
    text = str(form.get("priority", ""))
    given["priority"] = int(text) if text.isdecimal() and len(text) < 9 else None
    given["outcome"] = str(form.get("outcome", ""))
    return given
