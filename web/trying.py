"""A process tried out on a page: the trial that a page carries, and what there is to see and to do in it.

Theory of operation. Nothing is kept on the server: a page carries what has been done, as the steps of a scenario,
signed, so that it is only what the server itself has written; each request plays it again (`workbench.trying`) and
does one thing more. Going back in the browser, two tabs, and several servers are all the same to it.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from itsdangerous import BadSignature

from engine.core.model import Human, Process, Service
from engine.runtime.tables import moment
from organisation.reading import NAMED, Reading, Sight
from papers.model import checklist_of
from tasks.lifecycle import SYSTEM
from web import show
from web.clocks import ClockView, clocks
from web.definitions import sources_of
from web.desk import Desk
from web.forms import Field, at, fields, fields_of, shown
from web.history import Entry, past
from web.instances import seen
from web.kin import title
from web.opened import Opened
from web.problems import Problem
from web.sessions import Sessions
from web.tasks import Fact, Way, about, facts, ways
from workbench import proposals
from workbench.arranging import written as organisation
from workbench.grounds import PEOPLE, Grounds, Kept
from workbench.playing import Wrong, moment_of
from workbench.proposals import in_force
from workbench.trying import GUESSED, Doable, Trial

AT_ONCE = threading.Semaphore(4)
"""Trials that are played at the same moment; further ones wait."""

_READER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_WRITER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)
_NOTICES = 'SELECT created, template, "to" FROM outbox WHERE case_id = ? ORDER BY created, id'


class TaskForm(NamedTuple):
    """An open task of the trial, with its form as its own page would have it."""

    step: str
    title: str
    help: str
    about: Sequence[Fact]
    place: str  # its queue, or who holds it
    people: Sequence[tuple[str, str]]
    fields: Sequence[Field]
    values: Mapping[str, str | list[str]]
    kept: Sequence[str]
    ways: Sequence[Way]


class Sendable(NamedTuple):
    """A message or signal that the case waits for."""

    what: str
    name: str
    title: str
    key: str
    senders: Sequence[tuple[str, str]]
    fields: Sequence[Field]


class Beginnable(NamedTuple):
    """A step of an ad-hoc block that may be begun, or a block that may be finished (`what`)."""

    what: str
    name: str
    title: str
    people: Sequence[tuple[str, str]]


class Clock(NamedTuple):
    view: ClockView
    left: str
    next: datetime | None  # its next rung


class Notice(NamedTuple):
    at: datetime
    template: str
    to: str


class Answered(NamedTuple):
    """A worker function that the process asks, and what it answers; "" where it is really called."""

    function: str
    answer: str


class TrialView(NamedTuple):
    """All that a page shows of a trial that has begun."""

    number: str
    status: str
    end: str
    owner: str
    now: datetime
    due: datetime | None  # when the next thing happens
    tasks: list[TaskForm]
    sendable: list[Sendable]
    adhoc: list[Beginnable]
    papers: list[tuple[str, str]]
    services: list[Answered]
    clocks: list[Clock]
    facts: list[Fact]
    notices: list[Notice]
    history: list[Entry]
    incidents: list[str]
    tokens: str  # for the picture: steps, separated by commas
    steps: int


# --- what is tried --------------------------------------------------------------------------------------


def ground(desk: Desk, kept: Kept, name: str, origin: str) -> Grounds:
    """Where a process can be tried as a version or a proposal has it, among all else that is in force. Raises Problem
    for no such, DefinitionError where it does not go with the rest."""
    proposed = proposals.one(desk.caseway.connection, origin)
    if proposed is None:
        own: Mapping[str, bytes] = sources_of(desk, "process", name, origin).contents
    elif name in [one.name for one in proposed.made if one.kind == "process"]:
        own = proposed.deployed
    else:
        raise Problem(404, "definition")
    return kept.of({**in_force(desk.caseway.definitions), PEOPLE: _people(desk), **own})


def _people(desk: Desk) -> bytes:
    """Who takes part: the sample organisation, as for every scenario; where there is none, that in force."""
    try:
        return (desk.caseway.home.processes / PEOPLE).read_bytes()
    except OSError:
        return organisation(desk.caseway).encode()


@contextmanager
def played(found: Grounds, name: str, written: Mapping[str, Any]) -> Iterator[Trial]:
    """The trial that has been written so far. Raises Problem for a beginning that is none."""
    with AT_ONCE:
        try:
            with Trial(found, name, moment_of(written["at"]), written) as trial:
                yield trial
        except (Wrong, OverflowError) as wrong:
            raise Problem(422, "trial", str(wrong)) from None


def kept(sessions: Sessions, trial: Trial) -> str:
    """What the next page is given of the trial."""
    return sessions.signed(_WRITER.encode(trial.written).decode())


def read(sessions: Sessions, name: str, text: str) -> dict[str, Any]:
    """The trial that a page carried; an empty one where it carried none. Raises Problem for what is not ours."""
    if not text:
        return {}
    try:
        found = _READER.decode(sessions.opened(text))
    except (BadSignature, ValueError):
        raise Problem(403, "forged") from None
    if found.get("process") != name:
        raise Problem(403, "forged")
    return found


# --- what there is to see -------------------------------------------------------------------------------


def inside(desk: Desk, trial: Trial, user: str = "") -> Desk:
    """The reader's language and time zone, in the installation of the trial."""
    return Desk(trial.caseway, user or SYSTEM, desk.language, "web", desk.place)


def start_fields(desk: Desk, trial: Trial) -> list[Field]:
    return fields(inside(desk, trial), trial.process, trial.process.start.form)


def guessed(desk: Desk, trial: Trial, asked: Sequence[Field]) -> dict[str, str | list[str]]:
    """Something to begin with where any value will do."""
    example = trial.example([one for one in trial.fields() if one[1].kind in GUESSED or one[1].enum])
    return {one.name: shown(inside(desk, trial), one, example.get(one.name)) for one in asked}


def starters(desk: Desk, trial: Trial) -> list[tuple[str, str]]:
    """Who may start it."""
    there = inside(desk, trial)
    return [(user, there.person(user)) for user in trial.starters()]


def view(desk: Desk, trial: Trial) -> TrialView:
    """Everything that stands on the page. The trial has been started."""
    there = inside(desk, trial)
    opened = Opened(there, trial.case, "")
    opened.sight = Sight(SYSTEM, trial.case, Reading(), frozenset({NAMED}))  # nobody's case: all but secrets is read
    flow, doable = opened.state.flow, trial.doable(desk.language)
    return TrialView(
        number=flow.number, status=flow.status, end=there.ending(opened.process, flow.end) if flow.end else "",
        owner=there.person(opened.state.work.owner or ""), now=trial.now,
        due=next((one.due for one in doable if one.due), None),
        tasks=[_task(there, opened, one) for one in doable if one.what == "complete"],
        sendable=[_sendable(there, one) for one in doable if one.what in ("message", "signal")],
        adhoc=[
            Beginnable(
                one.what, one.name, title(opened, one.name),
                [(user, there.person(user)) for user in one.people],
            )
            for one in doable if one.what in ("begin", "finish")
        ],
        papers=[(one.name, _paper(there, opened.process, one.name)) for one in doable if one.what == "papers"],
        services=_services(trial),
        clocks=[
            Clock(one, show.relative(there, one.deadline) if one.status == "running" else "", after)
            for one, after in _clocks(opened)
        ],
        facts=facts(opened), notices=_notices(there, trial), history=past(opened).entries,
        incidents=[there.plain(one.text, opened.process) for one in flow.incidents.values()],
        tokens=",".join(sorted({token.at for token in flow.tokens.values()})), steps=len(trial.steps),
    )  # fmt: skip


def _task(desk: Desk, opened: Opened, one: Doable) -> TaskForm:
    process, node = opened.process, opened.process.nodes[one.name]
    assert isinstance(node.spec, Human)  # a task stands at no other
    task, asked = opened.state.work.tasks[one.task], fields(desk, process, node.spec.form)
    data = seen(opened, one.task)
    found = {field.name: at(data, field.name) for field in asked}
    return TaskForm(
        step=one.name, title=desk.told(node.title, show.worded(one.name)), help=desk.told(node.parts.get("help")),
        about=about(opened, one.task), place=desk.person(task.holder) if task.holder else desk.queue(task.queue),
        people=[(user, desk.person(user)) for user in one.people], fields=asked,
        values={field.name: shown(desk, field, None if field.secret else found[field.name]) for field in asked},
        kept=[field.name for field in asked if field.secret and found[field.name] is not None],
        ways=ways(desk, process, one.name, node.spec),
    )  # fmt: skip


def _sendable(desk: Desk, one: Doable) -> Sendable:
    ((_, step),) = one.step.items()
    message = desk.house.messages.get(one.name) if one.what == "message" else None
    title = message.title if message is not None else desk.house.signals.get(one.name)
    return Sendable(
        what=one.what, name=one.name, title=desk.told(title, show.worded(one.name)), key=step.get("key", ""),
        senders=[(user, desk.person(user)) for user in one.people],
        fields=fields_of(desk, message.data if message is not None else {}),
    )  # fmt: skip


def _paper(desk: Desk, process: Process, name: str) -> str:
    found = checklist_of(process)
    return desk.told(found.lines[name].title if found and name in found.lines else None, name)


def _services(trial: Trial) -> list[Answered]:
    """The worker functions of the process, in its order."""
    answers = trial.answers
    return [
        Answered(name, _WRITER.encode(answers[name]).decode() if name in answers else "") for name in functions(trial)
    ]


def functions(trial: Trial) -> list[str]:
    """The worker functions that the process asks, in its order."""
    specs = [node.spec for node in trial.process.nodes.values()]
    return list(dict.fromkeys(spec.function for spec in specs if isinstance(spec, Service)))


def _clocks(opened: Opened) -> Iterator[tuple[ClockView, datetime | None]]:
    """The clocks, each with its next rung."""
    coming = {(run.clock, run.run, run.token): run.next for run in opened.state.clocks.open.values()}
    by_run = {(name, run): at for (name, run, _), at in coming.items()}
    for one in clocks(opened):
        yield one, by_run.get((one.clock, one.run))


def _notices(desk: Desk, trial: Trial) -> list[Notice]:
    rows = trial.caseway.connection.all(_NOTICES, (trial.case,))
    return [
        Notice(moment(at), template, ", ".join(_addressee(desk, one) for one in msgspec.json.decode(to)))
        for at, template, to in rows
    ]


def _addressee(desk: Desk, name: str) -> str:
    return desk.role(name[5:]) if name.startswith("role.") else desk.person(name)
