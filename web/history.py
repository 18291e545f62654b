"""What happened to a case: one entry for each command, with what people did first; and what was said of it.

The words stand in `web.telling`. The history is read once, for all that a page tells from it.
"""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel

from bootstrap import MACHINE
from engine.core import events as core
from engine.core.kinds import ANY
from engine.runtime.history import read
from engine.runtime.tables import moment
from tasks import events as work
from web import show
from web.opened import Opened
from web.schema import part
from web.telling import WORDS, Teller
from workbench.story import MASK, masked


class Entry(BaseModel):
    """A command and what it brought about. `person`: somebody asked for it, not the engine."""

    seq: int
    at: datetime
    actor: str
    actor_name: str
    person: bool
    told: list[str]  # what matters
    more: list[str]  # what it changed in the data


class Said(BaseModel):
    """A comment. `seq`: of its command. `task`: about which task, 0 for the case; `step`: its title."""

    seq: int
    at: datetime
    by: str
    by_name: str
    text: str
    task: int
    step: str


class Asked(BaseModel):
    """A review: who asked whom what, and what was answered; `answer` "" while it has not been."""

    at: datetime
    by_name: str
    of_name: str
    question: str
    answer: str = ""
    agrees: bool = False
    answered_at: datetime | None = None
    withdrawn: bool = False


class Past(NamedTuple):
    """What a case's history tells. entries, comments: newest first. reviews: of each task, oldest first. because: why
    each task was last laid aside or suspended. drafted: when the draft of each was saved."""

    entries: list[Entry]
    comments: list[Said]
    reviews: dict[int, list[Asked]]
    because: dict[int, str]
    drafted: dict[int, datetime]


FIRST = work.TaskClosed | work.TaskClaimed | core.CaseStarted | core.DataCorrected | core.TokenMoved
"""What a person did comes before what it brought about."""


def past(opened: Opened, newest: int = 0) -> Past:
    """All that is told from the history; newest: from so many of its last commands, 0 for all."""
    desk, teller, found = opened.desk, Teller(opened), Past([], [], {}, {}, {})
    teller.steps |= {token: task.step for token, task in opened.state.work.tasks.items()}  # begun before what is read
    for row in read(desk.caseway.database, desk.caseway.vault, opened.case, newest):
        told, more = list[str](), list[str]()
        for event in MACHINE.decode_events(row.events):
            match event:
                case core.StepEntered(token=token, step=step):
                    teller.steps[token] = step
                case core.DataCorrected(before=before, after=after):
                    more = [_change(opened, path, value, before.get(path)) for path, value in after.items()]
                case core.DataChanged(changes=changes):
                    more += [_change(opened, path, value) for path, value in changes.items()]
            _kept(found, teller, event, row.seq)
            words = WORDS.get(type(event))
            text = words(teller, event) if words else ""
            if text:
                told.insert(0, text) if isinstance(event, FIRST) else told.append(text)
        if told or more:
            person = row.actor in desk.caseway.directory.users
            found.entries.append(
                Entry(seq=row.seq, at=moment(row.at), actor=row.actor, actor_name=desk.person(row.actor),
                      person=person, told=list(dict.fromkeys(told)), more=more)
            )  # fmt: skip
    found.entries.reverse()
    found.comments.reverse()
    return found


def said(t: Teller, event: work.Commented, seq: int) -> Said:
    step = t.token(event.task) if event.task else ""
    return Said(
        seq=seq, at=event.at, by=event.by, by_name=t.desk.person(event.by), text=event.text, task=event.task, step=step
    )


def _kept(found: Past, t: Teller, event: Any, seq: int) -> None:
    """What is told of a task besides its line in the history."""
    match event:
        case work.Commented():
            found.comments.append(said(t, event, seq))
        case work.ReviewAsked(token=token, by=by, at=at, of=of, question=question):
            asked = Asked(at=at, by_name=t.desk.person(by), of_name=t.desk.person(of), question=question)
            found.reviews.setdefault(token, []).append(asked)
        case work.ReviewAnswered(token=token, at=at, answer=answer, agrees=agrees) if found.reviews.get(token):
            last = found.reviews[token][-1]
            last.answer, last.agrees, last.answered_at = answer, agrees, at
        case work.ReviewWithdrawn(token=token) if found.reviews.get(token):
            found.reviews[token][-1].withdrawn = True
        case work.TaskParked(token=token, reason=reason) | work.TaskSuspended(token=token, reason=reason):
            found.because[token] = reason
        case work.DraftSaved(token=token, at=at):
            found.drafted[token] = at


def _change(opened: Opened, path: str, value: Any, before: Any = ...) -> str:
    """A datum as it became, and where it was corrected, as it was: title and value, secrets hidden."""
    desk, process = opened.desk, opened.process
    place = part(desk, process, tuple(path.split(".")))
    secret = place.kind.secret or process.names.get(path.split(".")[0], ANY).secret

    def words(value: Any) -> str:
        value = MASK if secret and value is not None else masked(value, place.kind)
        told = MASK if value == MASK else show.value(desk, value, place.kind, place.labels)
        return told or desk.say("unset")

    field = desk.told(place.schema.get("title"), show.worded(path))
    if before is ...:
        return f"{field}: {words(value)}"
    return desk.say("h.was", field=field, before=words(before), after=words(value))
