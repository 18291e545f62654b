"""What happened to a case, in words: one entry for each command, with what people did first.

Each kind of event has one line in `WORDS`; events without one are the engine's own bookkeeping and are not told.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from bootstrap import MACHINE
from engine.core import events as core
from engine.core.events import Event
from engine.core.kinds import ANY
from engine.core.model import Human
from engine.runtime.history import read
from engine.runtime.tables import moment
from sla import events as clocks
from tasks import events as work
from web import show
from web.breaches import reasons
from web.desk import Desk
from web.lists import clock_title
from web.opened import Opened
from web.papers_words import WORDS as PAPERS
from web.schema import part
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


Words = Callable[["Teller", Any], str]


class Teller:
    """The titles that the words of one case need."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.desk: Desk = opened.desk
        self.steps: dict[int, str] = {}  # token -> step

    def step(self, name: str) -> str:
        node = self.opened.process.nodes.get(name)
        return self.desk.told(node.title if node else None, show.worded(name))

    def token(self, token: int) -> str:
        return self.step(self.steps.get(token, ""))

    def human(self, name: str) -> bool:
        node = self.opened.process.nodes.get(name)
        return node is not None and isinstance(node.spec, Human)

    def way(self, step: str, outcome: str) -> str:
        node = self.opened.process.nodes.get(step)
        found = node.spec.outcomes.get(outcome) if node is not None and isinstance(node.spec, Human) else None
        return self.desk.told(found.title if found else None, show.worded(outcome))

    def clock(self, name: str) -> str:
        return clock_title(self.desk, self.opened.process.name, name)

    def where(self, event: Any) -> str:
        place = self.desk.person(event.assignee) if event.assignee else self.desk.queue(event.queue)
        return place or self.desk.say("nobody")

    def number(self, case: str) -> str:
        """The business number of another case."""
        row = self.desk.caseway.connection.one("SELECT number FROM cases WHERE id = ?", (case,))
        return str(row[0] or case) if row else case

    def because(self, event: Any) -> str:
        reason = getattr(event, "reason", "")
        return f" ({reason})" if reason else ""

    def beyond(self, event: Any) -> str:
        """That somebody got more than they may have in hand."""
        return self.desk.say("h.over", has=event.over[0], most=event.over[1]) if event.over else ""


def _closed(t: Teller, e: work.TaskClosed) -> str:
    if e.how == "cancelled":
        return t.desk.say("h.task_gone", step=t.step(e.step))
    way = f": {t.way(e.step, e.outcome)}" if e.outcome and e.how == "completed" else ""
    key = "h.skipped" if e.how == "skipped" else "h.completed"
    return t.desk.say(key, step=t.step(e.step)) + way + t.because(e)


STEERED: Mapping[type[Event], Words] = {
    core.DataCorrected: lambda t, e: t.desk.say("h.corrected") + t.because(e),
    core.CaseReopened: lambda t, e: t.desk.say(
        "h.reopened", end=show.worded(e.end or "cancelled"), step=t.step(e.step)
    ) + t.because(e),
    core.MoveProposed: lambda t, e: t.desk.say(
        "h.move_proposed", step=t.token(e.token), target=t.step(e.target)
    ) + t.because(e),
    core.MoveWithdrawn: lambda t, e: t.desk.say("h.move_withdrawn") + t.because(e),
    core.TokenMoved: lambda t, e: t.desk.say("h.token_moved", step=t.step(e.step), target=t.step(e.target)) + (
        t.desk.say("h.proposed_by", who=t.desk.person(e.proposed_by)) if e.proposed_by else ""
    ) + t.because(e),
    core.HoldPlaced: lambda t, e: t.desk.say("h.held") + t.because(e),
    core.HoldLifted: lambda t, e: t.desk.say("h.hold_lifted") + t.because(e),
    core.CaseLinked: lambda t, e: t.desk.say(
        "h.linked", kind=t.desk.say(f"link.{e.kind}"), number=t.number(e.case)
    ) + t.because(e),
    core.CaseUnlinked: lambda t, e: t.desk.say("h.unlinked", number=t.number(e.case)) + t.because(e),
    core.DecisionNoted: lambda t, e: t.desk.say("h.decision", number=t.number(e.case), end=show.worded(e.end)),
    clocks.ClockRedated: lambda t, e: t.desk.say(
        "h.clock_redated", clock=t.clock(e.clock), since=show.moment(t.desk, e.since),
        at=show.moment(t.desk, e.deadline),
    ),
}  # fmt: skip
"""What was done with the case as a whole."""

WORDS: Mapping[type[Event], Words] = {
    core.CaseStarted: lambda t, e: t.desk.say("h.started", number=e.number),
    core.CaseSuspended: lambda t, e: t.desk.say("h.suspended") + t.because(e),
    core.CaseResumed: lambda t, e: t.desk.say("h.resumed") + t.because(e),
    core.CaseEnded: lambda t, e: (
        t.desk.say("h.cancelled") if e.cancelled else t.desk.say("h.ended", end=show.worded(e.end))
    ) + t.because(e),
    core.MilestoneReached: lambda t, e: t.desk.say("h.milestone", name=t.step(e.name)),
    core.NoticeRequested: lambda t, e: t.desk.say("h.notice", what=t.step(e.step) if e.step else e.template),
    core.MessageCaught: lambda t, e: t.desk.say(
        "h.message", name=t.desk.told(getattr(t.desk.house.messages.get(e.name), "title", None), show.worded(e.name))
    ),
    core.IncidentRaised: lambda t, e: t.desk.say("h.incident", step=t.step(e.step), text=e.text),
    core.IncidentClosed: lambda t, e: t.desk.say("h.incident_closed"),
    core.Escalated: lambda t, e: t.desk.say("h.escalated", name=show.worded(e.name)),
    work.TaskOpened: lambda t, e: t.desk.say("h.task", step=t.step(e.step), where=t.where(e)),
    work.TaskClaimed: lambda t, e: t.desk.say("h.claimed", who=t.desk.person(e.by), step=t.token(e.token)),
    work.TaskReleased: lambda t, e: t.desk.say("h.released", step=t.token(e.token)) + t.because(e),
    work.TaskTransferred: lambda t, e: (
        t.desk.say("h.moved", step=t.token(e.token), where=t.where(e)) + t.because(e) + t.beyond(e)
    ),
    work.DraftSaved: lambda t, e: t.desk.say("h.draft", step=t.token(e.token)),
    work.TaskClosed: _closed,
    work.TaskDelegated: lambda t, e: (
        t.desk.say("h.delegated", step=t.token(e.token)) + t.because(e) + t.beyond(e)
    ),
    work.TaskParked: lambda t, e: t.desk.say(
        "h.parked", step=t.token(e.token), at=show.moment(t.desk, e.until)
    ) + t.because(e),
    work.PriorityChanged: lambda t, e: t.desk.say("h.priority", step=t.token(e.token), priority=e.priority),
    work.OwnerChanged: lambda t, e: t.desk.say(
        "h.owner", who=t.desk.person(e.user) if e.user else t.desk.say("nobody")
    ) + t.because(e),
    work.CaseRestricted: lambda t, e: t.desk.say("h.restricted") + t.because(e),
    work.RestrictionLifted: lambda t, e: t.desk.say("h.lifted") + t.because(e),
    **STEERED,
    clocks.ClockPaused: lambda t, e: t.desk.say("h.clock_paused", clock=t.clock(e.clock)),
    clocks.ClockResumed: lambda t, e: t.desk.say(
        "h.clock_resumed", clock=t.clock(e.clock), at=show.moment(t.desk, e.deadline)
    ),
    clocks.ClockStopped: lambda t, e: t.desk.say("h.clock_late", clock=t.clock(e.clock)) if e.breached else "",
    clocks.ClockExtended: lambda t, e: t.desk.say("h.extended", clock=t.clock(e.clock), by=e.by) + t.because(e),
    clocks.BreachAcknowledged: lambda t, e: t.desk.say(
        "h.acknowledged", clock=t.clock(e.clock), reason=t.desk.told(reasons(t.desk).get(e.reason), e.reason)
    ) + (f" ({e.note})" if e.note else ""),
    **PAPERS,
    clocks.RungFired: lambda t, e: t.desk.say("h.rung", clock=t.clock(e.clock)),
}  # fmt: skip
"""The words of what is worth telling; `h.` in the texts."""

FIRST = work.TaskClosed | work.TaskClaimed | core.CaseStarted | core.DataCorrected | core.TokenMoved
"""What a person did comes before what it brought about."""


def history(opened: Opened) -> list[Entry]:
    """The case's history, newest first; commands that brought about nothing worth telling are left out."""
    desk, teller = opened.desk, Teller(opened)
    found: list[Entry] = []
    for row in read(desk.caseway.database, desk.caseway.vault, opened.case):
        told, more = list[str](), list[str]()
        for event in MACHINE.decode_events(row.events):
            match event:
                case core.StepEntered(token=token, step=step):
                    teller.steps[token] = step
                case core.DataCorrected(before=before, after=after):
                    more = [_change(opened, path, value, before.get(path)) for path, value in after.items()]
                case core.DataChanged(changes=changes):
                    more += [_change(opened, path, value) for path, value in changes.items()]
            words = WORDS.get(type(event))
            text = words(teller, event) if words else ""
            if text:
                told.insert(0, text) if isinstance(event, FIRST) else told.append(text)
        if told or more:
            person = row.actor in desk.caseway.directory.users
            found.append(
                Entry(seq=row.seq, at=moment(row.at), actor=row.actor, actor_name=desk.person(row.actor),
                      person=person, told=list(dict.fromkeys(told)), more=more)
            )  # fmt: skip
    found.reverse()
    return found


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
