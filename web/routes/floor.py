"""The supervisor's floor: figures, what is late and why, drill down, several tasks at once."""

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.breaches import Which, acknowledge, breaches, reasons
from web.bulk import Bulk, Chosen, Result, several
from web.deps import Form, Signed
from web.desk import Desk
from web.floor import floor, tasks
from web.likely import by_chance
from web.problems import Problem
from web.render import page

router = APIRouter()

FIELDS: dict[Bulk, tuple[str, ...]] = {
    "transfer": ("queue", "user", "reason"), "priority": ("priority", "reason"), "comment": ("text",), "claim": (),
}  # fmt: skip
"""What the form of several tasks gives to each action."""


@router.get("/floor")
def show_floor(request: Request, desk: Signed, by: str = "") -> Response:
    return _floor(request, desk, by=by)


def _floor(request: Request, desk: Desk, status: int = 200, wrong: str = "", by: str = "") -> Response:
    return page(
        request, desk, "floor.html", status, floor=floor(desk, request.app.state.rollup), reasons=_reasons(desk),
        wrong=wrong, by="chance" if by == "chance" else "due",
    )  # fmt: skip


@router.get("/floor/likely")
def show_likely(request: Request, desk: Signed, after: str = "") -> Response:
    found = by_chance(desk, after)
    more = f"/floor/likely?{urlencode({'after': found.next})}" if found.next else ""
    return page(request, desk, "floor_likely.html", found=found, more=more, first="/floor/likely" if after else "")


@router.get("/floor/breaches")
def show_breaches(request: Request, desk: Signed, which: str = "", after: str = "") -> Response:
    return _breaches(request, desk, which, after)


def _breaches(request: Request, desk: Desk, which: str, after: str, status: int = 200, wrong: str = "") -> Response:
    asked: Which = "closed" if which == "closed" else "open"
    found = breaches(desk, asked, after)
    more = f"/floor/breaches?{urlencode({'which': asked, 'after': found.next})}" if found.next else ""
    return page(
        request, desk, "floor_breaches.html", status, found=found, reasons=_reasons(desk), more=more, which=asked,
        first=f"/floor/breaches?which={asked}" if after else "", wrong=wrong, after=after,
    )  # fmt: skip


@router.post("/floor/breaches/{number}/{clock}")
def why_late(request: Request, desk: Signed, form: Form, number: str, clock: str) -> Response:
    """A supervisor's word why a clock is late."""
    run, back, after = (str(form.get(name, "")) for name in ("run", "which", "after"))
    try:
        acknowledge(
            desk, request.app.state.rollup, number, clock, int(run) if run.isdecimal() and len(run) < 10 else 0,
            str(form.get("reason", "")), str(form.get("note", ""))[:2000],
        )  # fmt: skip
    except Problem as problem:
        if problem.code in ("floor", "unknown"):
            raise
        if back:
            return _breaches(request, desk, back, after, problem.status, problem.detail)
        return _floor(request, desk, problem.status, problem.detail)
    asked = {"said": "acknowledged", **({"which": back, "after": after} if back else {})}
    place = "/floor/breaches" if back else "/floor"
    return RedirectResponse(f"{place}?{urlencode(asked)}#late-{quote(number)}-{quote(clock)}-{run}", 303)


def _reasons(desk: Desk) -> list[tuple[str, str]]:
    return [(code, desk.told(title, code)) for code, title in reasons(desk).items()]


@router.get("/floor/tasks")
def show_tasks(request: Request, desk: Signed, queue: str = "", person: str = "", after: str = "") -> Response:
    return _tasks(request, desk, queue, person, after)


def _tasks(
    request: Request, desk: Desk, queue: str, person: str, after: str, status: int = 200,
    answers: list[Result] | None = None, wrong: str = "",
) -> Response:  # fmt: skip
    found = tasks(desk, queue=queue, person=person, after=after)
    asked, directory = {"queue": queue, "person": person}, desk.caseway.directory
    near = (queue,) if queue else directory.serving(person)
    those = {one for name in near for one in directory.members(name) | directory.managers(name)}
    others = {one for name in directory.queues for one in directory.members(name)} - those
    return page(
        request, desk, "floor_tasks.html", status, found=found, queue=queue, person=person,
        title=desk.queue(queue) if queue else desk.person(person), answers=answers or [], wrong=wrong,
        more=f"/floor/tasks?{urlencode({**asked, 'after': found.next})}" if found.next else "",
        first=f"/floor/tasks?{urlencode(asked)}" if after else "",
        queues=[(name, desk.queue(name)) for name in sorted(directory.queues, key=desk.queue)],
        people=[
            (desk.say(key), [(name, desk.person(name)) for name in sorted(some, key=desk.person)])
            for key, some in (("floor.these", those), ("floor.others", others)) if some
        ],
    )  # fmt: skip


@router.post("/floor/tasks")
def bulk(request: Request, desk: Signed, form: Form, queue: str = "", person: str = "", after: str = "") -> Response:
    """The same for each selected task; each is answered by itself."""
    action = next((name for name in FIELDS if name == form.get("action")), None)
    chosen = selected(form.getlist("task"))
    if action is None or not chosen:
        return _tasks(request, desk, queue, person, after, 422, wrong=desk.say("bulk.none"))
    try:
        answers = several(desk, action, chosen, _given(form, action))
    except Problem as problem:
        return _tasks(request, desk, queue, person, after, problem.status, wrong=problem.detail)
    return _tasks(request, desk, queue, person, after, answers=answers)


def selected(marked: list[Any]) -> list[Chosen]:
    """The tasks whose boxes were marked, each `number/task`."""
    parts = (str(one).rpartition("/") for one in marked)
    return [Chosen(number, int(task)) for number, _, task in parts if task.isdecimal() and len(task) < 16]


def _given(form: Any, action: Bulk) -> dict[str, Any]:
    words = {
        "queue": form.get("to_queue", ""), "user": form.get("to_user", ""), "reason": form.get("reason", ""),
        "text": form.get("reason", ""), "priority": form.get("priority", ""),
    }  # fmt: skip
    given: dict[str, Any] = {name: str(words[name]).strip() for name in FIELDS[action]}
    if "priority" in given:
        text = given["priority"]
        given["priority"] = int(text) if text.isdecimal() and len(text) < 9 else -1
    return given
