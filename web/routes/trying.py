"""Trying a process out: it is begun, one thing is done after the other, and what was done is kept as a scenario."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.core.commands import Refuse
from engine.core.model import Human
from engine.language.problems import DefinitionError
from web import definitions, trying
from web.deps import Form
from web.desk import Desk
from web.forms import at, data_of, fields, fields_of, shown
from web.gates import Designer
from web.guard import LANGUAGE
from web.render import page
from web.routes.account import YEAR
from web.routes.processes import PICTURE
from workbench.drawing.svg import Overlay
from workbench.picture import picture
from workbench.proposals import keep_scenario, one
from workbench.trying import Trial

router = APIRouter(prefix="/processes/try")
LONGEST = {"min": 400 * 24 * 60, "h": 400 * 24, "d": 400}
"""How far the clock is moved at once, by unit: a bound for what one request does."""
Step = dict[str, Any]


class _Unfit(Exception):
    """What was given makes no step: the text of that key says why."""


@router.get("/{name}/{origin}")
def begin(
    request: Request, desk: Designer, name: str, origin: str, trial: Annotated[str, Query(max_length=8000)] = ""
) -> Response:
    """The form of the start; or a trial as a page carried it, to be shown to others."""
    return _shown(request, desk, name, origin, FormData([("trial", trial)]))


@router.post("/{name}/{origin}")
def go_on(request: Request, desk: Designer, form: Form, name: str, origin: str) -> Response:
    return _page(request, desk, name, origin, form)


@router.get("/{name}/{origin}/picture.svg")
def trial_picture(request: Request, desk: Designer, name: str, origin: str, at: str = "") -> Response:
    """The process with tokens at these steps, separated by commas."""
    found = trying.ground(desk, request.app.state.grounds, name, origin)
    tokens = dict.fromkeys(filter(None, at.split(",")), 1)
    with trying.played(found, name, {"at": desk.now.isoformat()}) as trial:
        drawn = picture(trial.process, desk.language, Overlay(tokens, near=bool(tokens)))
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": PICTURE})


def _page(request: Request, desk: Desk, name: str, origin: str, form: FormData) -> Response:
    if form.get("language"):  # the page cannot be asked for again: what was done stands in it alone
        chosen = "en" if form.get("language") == "en" else "zh"
        answer = _shown(request, replace(desk, language=chosen), name, origin, form)
        answer.set_cookie(LANGUAGE, chosen, YEAR, httponly=True, samesite="lax", secure=request.app.state.secure)
        return answer
    return _shown(request, desk, name, origin, form)


def _shown(request: Request, desk: Desk, name: str, origin: str, form: FormData) -> Response:
    """Plays what the page carried, does what it asks for, and shows what comes of it."""
    sessions, title = request.app.state.sessions, definitions.title(desk, "process", name)
    written = trying.read(sessions, name, str(form.get("trial", ""))) or {"at": _begins(desk, form)}
    try:
        found = trying.ground(desk, request.app.state.grounds, name, origin)
    except DefinitionError as error:
        problems = definitions.told(error.problems)
        return page(request, desk, "trial_refused.html", 409, title=title, problems=problems)
    with trying.played(found, name, written) as trial:
        what = str(form.get("what", ""))
        if what == "save" and trial.case:
            return _saved(trial, name, _title(form))
        wrong, errors = _done(desk, trial, what, form)
        if what == "keep" and trial.case:
            file = f"{name}/{_file(name, _title(form))}"
            wrong = _kept(desk, origin, file, trial.scenario(_title(form)))
            if not wrong:
                return RedirectResponse(f"/processes/proposals/{quote(origin)}?said=scenario_kept", 303)
        make = _trial if trial.case else _beginning
        return make(
            request, desk, trial, form, 422 if wrong else 200, title=title, defined=name, origin=origin, wrong=wrong,
            href=f"/processes/try/{quote(name)}/{quote(origin)}", errors=errors, carried=trying.kept(sessions, trial),
        )  # fmt: skip


def _done(desk: Desk, trial: Trial, what: str, form: FormData) -> tuple[str, dict[str, str]]:
    """Does what was asked for; why it was not done, and what is wrong with which field."""
    if what not in DOES:
        return "", {}
    try:
        DOES[what](trying.inside(desk, trial), trial, form)
    except _Unfit as unfit:
        return desk.say(str(unfit)), {}
    refusal, there = trial.refusal, trying.inside(desk, trial)
    if refusal is None or not trial.problems:
        return " ".join(trial.problems), {}
    fields = {path: desk.told(text) for path, text in refusal.fields.items()}
    return there.plain(refusal.said(desk.language), trial.process), fields


def _trial(request: Request, desk: Desk, trial: Trial, form: FormData, status: int, **facts: Any) -> Response:
    view, there = trying.view(desk, trial), trying.inside(desk, trial)
    wrong_at = str(form.get("step", "")) if facts["wrong"] else ""
    for index, task in enumerate(view.tasks):
        if task.step == wrong_at:  # what was filled in is shown again, but for secrets
            given = data_of(there, task.fields, form)
            values = {f.name: shown(there, f, None if f.secret else at(given, f.name)) for f in task.fields}
            view.tasks[index] = task._replace(values=values)
    return page(
        request, desk, "trial.html", status, view=view, wrong_at=wrong_at, by=str(form.get("by", "")),
        outcome=str(form.get("outcome", "")), reason=str(form.get("reason", "")), units=list(LONGEST),
        proposed=one(desk.caseway.connection, facts["origin"]) is not None, **facts,
    )  # fmt: skip


def _beginning(request: Request, desk: Desk, trial: Trial, form: FormData, status: int, **facts: Any) -> Response:
    """What the start asks for."""
    there, asked = trying.inside(desk, trial), trying.start_fields(desk, trial)
    given = data_of(there, asked, form)
    if form.get("what") == "start":
        values = {one.name: shown(there, one, at(given, one.name)) for one in asked}
    else:
        values = trying.guessed(desk, trial, asked)
    return page(
        request, desk, "trial_begin.html", status, fields=asked, values=values, starters=trying.starters(desk, trial),
        by=str(form.get("by", "")), begins=trial.now.astimezone(there.zone).strftime("%Y-%m-%dT%H:%M"),
        zone=str(there.zone), **facts,
    )  # fmt: skip


def _begins(desk: Desk, form: FormData) -> str:
    """When it begins: as was said, else now."""
    found = _moment(desk, str(form.get("at", "")))
    return (found or desk.now.replace(second=0, microsecond=0)).isoformat()


def _moment(desk: Desk, text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=desk.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _saved(trial: Trial, name: str, title: str) -> Response:
    """What was done, as a scenario file to keep."""
    return Response(
        trial.scenario(title), media_type="application/yaml",
        headers={"Content-Disposition": f'attachment; filename="{_file(name, title)}"'},
    )  # fmt: skip


def _title(form: FormData) -> str:
    """Without what no file can hold."""
    return "".join(letter for letter in str(form.get("title", "")) if letter.isprintable()).strip()[:200]


def _file(name: str, title: str) -> str:
    return (re.sub(r"\W+", "_", title.strip().lower(), flags=re.ASCII).strip("_")[:60] or name) + ".yaml"


def _kept(desk: Desk, proposal: str, file: str, text: str) -> str:
    """Has the scenario go with the proposal that was tried; why not."""
    try:
        keep_scenario(desk.caseway.runner, proposal, file, text)
    except Refuse as refused:
        return refused.refusal.said(desk.language)
    return ""


# --- what is done ---------------------------------------------------------------------------------------


def _start(desk: Desk, trial: Trial, form: FormData) -> None:
    if trial.case:
        raise _Unfit("trial.begun")
    asked = fields(desk, trial.process, trial.process.start.form)
    trial.start(data_of(desk, asked, form), str(form.get("by", "")))


def _complete(desk: Desk, trial: Trial, form: FormData) -> None:
    step = str(form.get("step", ""))
    node = trial.process.nodes.get(step)
    if node is None or not isinstance(node.spec, Human):
        raise _Unfit("trial.gone")
    data = data_of(desk, fields(desk, trial.process, node.spec.form), form)
    trial.do(
        {"complete": {"step": step, **_given(form, "by", "outcome", "reason"), **({"data": data} if data else {})}}
    )


def _send(desk: Desk, trial: Trial, form: FormData) -> None:
    what, name = str(form.get("what")), str(form.get("name", ""))
    known = next((one for one in trial.doable() if (one.what, one.name) == (what, name)), None)
    if known is None:
        raise _Unfit("trial.gone")
    message = desk.house.messages.get(name) if what == "message" else None
    payload = data_of(desk, fields_of(desk, message.data), form) if message is not None else {}
    given = {"name": name, **_given(form, "key"), **({"payload": payload} if payload else {})}
    trial.do({what: {**given, **(_given(form, "by") if what == "message" else {})}})


def _adhoc(desk: Desk, trial: Trial, form: FormData) -> None:
    """Begins a step of an ad-hoc block, or finishes one."""
    what, name = str(form.get("what")), str(form.get("name", ""))
    if not any((one.what, one.name) == (what, name) for one in trial.doable()):
        raise _Unfit("trial.gone")
    trial.do({what: {"step" if what == "begin" else "block": name, **_given(form, "by")}})


def _papers(desk: Desk, trial: Trial, form: FormData) -> None:
    names = [name for name in map(str, form.getlist("name")) if name]
    if not names:
        raise _Unfit("trial.no_paper")
    trial.do({"papers": {"upload": names}})


def _wait(desk: Desk, trial: Trial, form: FormData) -> None:
    amount, unit = str(form.get("amount", "")).strip(), str(form.get("unit", ""))
    if not re.fullmatch("[0-9]{1,6}", amount) or not 0 < int(amount) <= LONGEST.get(unit, 0):
        raise _Unfit("trial.length")
    trial.do({"wait": f"{int(amount)}{unit}"})


def _until(desk: Desk, trial: Trial, form: FormData) -> None:
    until = _moment(desk, str(form.get("until", "")))
    if until is None or not timedelta(0) <= until - trial.now <= timedelta(days=LONGEST["d"]):
        raise _Unfit("trial.until")
    trial.do({"wait": {"until": until.astimezone(trial.zone).isoformat(timespec="seconds")}})


def _next(desk: Desk, trial: Trial, form: FormData) -> None:
    step = next((one.step for one in trial.doable() if one.due), None)
    if step is None:
        raise _Unfit("trial.nothing_due")
    trial.do(step)


def _services(desk: Desk, trial: Trial, form: FormData) -> None:
    function, text = str(form.get("function", "")), str(form.get("answer", ""))
    try:
        answer = json.loads(text, parse_float=Decimal, parse_constant=str)
    except (ValueError, RecursionError):
        raise _Unfit("trial.answer") from None
    if function not in trying.functions(trial) or not isinstance(answer, dict):
        raise _Unfit("trial.answer")
    trial.do({"services": {function: answer}})


def _undo(desk: Desk, trial: Trial, form: FormData) -> None:
    trial.undo()


def _given(form: FormData, *names: str) -> Step:
    """Those of these that were filled in."""
    return {name: text for name in names if (text := str(form.get(name, "")).strip())}


DOES: Mapping[str, Callable[[Desk, Trial, FormData], None]] = {
    "start": _start, "complete": _complete, "message": _send, "signal": _send, "begin": _adhoc, "finish": _adhoc,
    "papers": _papers, "wait": _wait,
    "until": _until, "next": _next, "services": _services, "undo": _undo,
}  # fmt: skip
"""What a page asks for, by its `what`."""
