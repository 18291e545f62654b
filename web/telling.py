"""The words of a case's history: what each kind of event is called for those who read it.

Each kind of event has one line in `WORDS`, or stands in `UNTOLD` with the reason why it is not told.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import events as core
from engine.core.events import Event
from engine.core.model import AdHoc, Human
from papers import events as papers
from sla import events as clocks
from tasks import events as work
from web import show
from web.breaches import reasons
from web.desk import Desk
from web.lists import clock_title
from web.noted import matter, noted
from web.opened import Opened
from web.papers_words import WORDS as PAPERS
from web.steps import called, notice

Words = Callable[["Teller", Any], str]


class Teller:
    """The titles that the words of one case need."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.desk: Desk = opened.desk
        self.steps: dict[int, str] = {}  # token -> step

    def step(self, name: str) -> str:
        return called(self.desk, self.opened.process, name)

    def token(self, token: int) -> str:
        return self.step(self.steps.get(token, ""))

    def human(self, name: str) -> bool:
        node = self.opened.process.nodes.get(name)
        return node is not None and isinstance(node.spec, Human)

    def adhoc(self, name: str) -> AdHoc | None:
        """The ad-hoc block of that name, None if it is something else."""
        node = self.opened.process.nodes.get(name)
        return node.spec if node is not None and isinstance(node.spec, AdHoc) else None

    def begun(self, event: core.StepEntered) -> bool:
        """Whether somebody began the step in an ad-hoc block: nothing else leads from the block into its own steps."""
        block = self.adhoc(event.via)
        return block is not None and event.step in block.steps

    def way(self, step: str, outcome: str) -> str:
        node = self.opened.process.nodes.get(step)
        found = node.spec.outcomes.get(outcome) if node is not None and isinstance(node.spec, Human) else None
        return self.desk.told(found.title if found else None, show.worded(outcome))

    def end(self, name: str) -> str:
        return self.desk.ending(self.opened.process, name)

    def milestone(self, name: str) -> str:
        return self.desk.milestone(self.opened.process, name)

    def notice(self, event: core.NoticeRequested) -> str:
        """A notice by its step, else by the subject that its reader sees, without what is filled in there."""
        node = self.opened.process.nodes.get(event.step)
        if node is not None and node.title:
            return self.desk.told(node.title)
        return notice(self.desk, self.opened.process, event.template)

    def about(self, event: Any, key: str, **facts: str) -> str:
        """A line about a task: its step, and why."""
        return self.desk.say(key, step=self.token(event.token), **facts) + self.because(event)

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
        reason = noted(self.desk, getattr(event, "reason", ""))
        return f" ({reason})" if reason else ""

    def grant(self, grant: str) -> str:
        """A grant as recorded (`Grant.__str__`), in words: holder, kind, line, decision, how far."""
        holder, _, rest = grant.partition(" ")
        party, _, name = holder.partition(".")
        named = {"role": self.desk.role, "user": self.desk.person}.get(party, show.worded)(name)
        what, upto, amount = rest.rpartition(" up to ")
        limit = self.desk.say("grant.up_to", amount=show.money(amount)) if upto else self.desk.say("grant.any")
        return " · ".join((named, matter(self.desk, what or rest.removesuffix(" any amount")), limit))

    def beyond(self, event: Any) -> str:
        """That somebody got more than they may have in hand."""
        return self.desk.say("h.over", has=event.over[0], most=event.over[1]) if event.over else ""


def _closed(t: Teller, e: work.TaskClosed) -> str:
    if e.how == "cancelled":
        return t.desk.say("h.task_gone", step=t.step(e.step))
    way = f": {t.way(e.step, e.outcome)}" if e.outcome and e.how == "completed" else ""
    key = "h.skipped" if e.how == "skipped" else "h.completed"
    return t.desk.say(key, step=t.step(e.step)) + way + t.because(e)


def _case_priority(t: Teller, e: work.CasePriorityChanged) -> str:
    if e.fixed is not None:
        return t.desk.say("h.case_priority", priority=e.fixed)
    return t.desk.say("h.case_raised", by=f"{e.raised:+d}") if e.raised else t.desk.say("h.case_priority_own")


TASKS: Mapping[type[Event], Words] = {
    work.TaskOpened: lambda t, e: t.desk.say("h.task", step=t.step(e.step), where=t.where(e)),
    work.TaskClaimed: lambda t, e: t.desk.say("h.claimed", who=t.desk.person(e.by), step=t.token(e.token)) + (
        t.desk.say("h.behalf", who=t.desk.person(e.behalf)) if e.behalf else ""
    ),
    work.TaskStarted: lambda t, e: t.about(e, "h.begun"),
    work.TaskReleased: lambda t, e: t.about(e, "h.released"),
    work.TaskTransferred: lambda t, e: t.about(e, "h.moved", where=t.where(e)) + t.beyond(e),
    work.DraftSaved: lambda t, e: t.desk.say("h.draft", step=t.token(e.token)),
    work.TaskClosed: _closed,
    work.TaskDelegated: lambda t, e: t.about(e, "h.delegated", who=t.desk.person(e.to)) + t.beyond(e),
    work.TaskReturned: lambda t, e: t.about(e, "h.returned"),
    work.TaskParked: lambda t, e: t.about(e, "h.parked", at=show.moment(t.desk, e.until)),
    work.TaskTakenUp: lambda t, e: t.about(e, "h.taken_up" if e.by else "h.came_back"),
    work.TaskSuspended: lambda t, e: t.about(e, "h.task_suspended"),
    work.TaskResumed: lambda t, e: t.about(e, "h.task_resumed"),
    work.ReviewAsked: lambda t, e: t.about(e, "h.asked", who=t.desk.person(e.of), text=e.question),
    work.ReviewAnswered: lambda t, e: t.about(e, "h.agrees" if e.agrees else "h.disagrees", text=e.answer),
    work.ReviewWithdrawn: lambda t, e: t.about(e, "h.withdrawn"),
    work.VoteCast: lambda t, e: t.about(e, "h.voted", way=t.way(t.steps.get(e.token, ""), e.outcome)),
    work.TaskAuthorised: lambda t, e: t.desk.say(
        "h.authorised", who=t.desk.person(e.by), grant=t.grant(e.grant), step=t.token(e.token)
    ),
    work.PriorityChanged: lambda t, e: t.about(e, "h.priority", priority=str(e.priority)),
    work.CasePriorityChanged: _case_priority,
}  # fmt: skip
"""What was done with a task."""

PEOPLE: Mapping[type[Event], Words] = {
    work.Commented: lambda t, e: (
        t.desk.say("h.commented_on", step=t.token(e.task), text=e.text) if e.task
        else t.desk.say("h.commented", text=e.text)
    ),
    work.WatcherAdded: lambda t, e: t.desk.say("h.watches", who=t.desk.person(e.user)),
    work.WatcherRemoved: lambda t, e: t.desk.say("h.watches_not", who=t.desk.person(e.user)),
}  # fmt: skip
"""What people say of a case, and who looks after it."""


def _explained(t: Teller, e: Any) -> str:
    reason = t.desk.told(reasons(t.desk).get(e.reason), e.reason)
    return t.desk.say("h.acknowledged", clock=t.clock(e.clock), reason=reason) + (f" ({e.note})" if e.note else "")


STEERED: Mapping[type[Event], Words] = {
    core.StepEntered: lambda t, e: t.desk.say("h.begun_step", step=t.step(e.step)) if t.begun(e) else "",
    core.StepLeft: lambda t, e: t.desk.say("h.finished_block", block=t.step(e.step)) if t.adhoc(e.step) else "",
    core.DataCorrected: lambda t, e: t.desk.say("h.corrected") + t.because(e),
    core.CaseReopened: lambda t, e: t.desk.say(
        "h.reopened", end=t.end(e.end) if e.end else t.desk.say("case.cancelled"), step=t.step(e.step)
    ) + t.because(e),
    core.MoveProposed: lambda t, e: t.desk.say(
        "h.move_proposed", step=t.token(e.token), target=t.step(e.target)
    ) + t.because(e),
    core.MoveWithdrawn: lambda t, e: t.desk.say("h.move_withdrawn") + t.because(e),
    core.TokenMoved: lambda t, e: t.desk.say("h.token_moved", step=t.step(e.step), target=t.step(e.target)) + (
        t.desk.say("h.proposed_by", who=t.desk.person(e.proposed_by)) if e.proposed_by else ""
    ) + t.because(e),
    core.CaseMigrated: lambda t, e: t.desk.say("h.migrated", version=e.version[:8]) + (
        t.desk.say("h.proposed_by", who=t.desk.person(e.proposed_by)) if e.proposed_by else ""
    ) + t.because(e),
    core.HoldPlaced: lambda t, e: t.desk.say("h.held") + t.because(e),
    core.HoldLifted: lambda t, e: t.desk.say("h.hold_lifted") + t.because(e),
    core.CaseLinked: lambda t, e: t.desk.say(
        "h.linked", kind=t.desk.say(f"link.{e.kind}"), number=t.number(e.case)
    ) + t.because(e),
    core.CaseUnlinked: lambda t, e: t.desk.say("h.unlinked", number=t.number(e.case)) + t.because(e),
    core.DecisionNoted: lambda t, e: t.desk.say("h.decision", number=t.number(e.case), end=t.end(e.end)),
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
        t.desk.say("h.cancelled") if e.cancelled else t.desk.say("h.ended", end=t.end(e.end))
    ) + t.because(e),
    core.MilestoneReached: lambda t, e: t.desk.say("h.milestone", name=t.milestone(e.name)),
    core.NoticeRequested: lambda t, e: t.desk.say("h.notice", what=t.notice(e)),
    core.MessageCaught: lambda t, e: t.desk.say(
        "h.message", name=t.desk.told(getattr(t.desk.house.messages.get(e.name), "title", None), show.worded(e.name))
    ),
    core.IncidentRaised: lambda t, e: t.desk.say("h.incident", step=t.step(e.step), text=e.text),
    core.IncidentClosed: lambda t, e: t.desk.say("h.incident_closed"),
    core.CaseCalled: lambda t, e: t.desk.say("h.called", process=t.desk.process(e.process)),
    core.UndoStarted: lambda t, e: t.desk.say("h.undone"),
    core.Escalated: lambda t, e: t.desk.say(
        "h.escalated", name=t.desk.told(t.desk.house.escalations.get(e.name), show.worded(e.name))
    ),
    **TASKS,
    **PEOPLE,
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
    clocks.ClockRebased: lambda t, e: t.desk.say(
        "h.clock_rebased", clock=t.clock(e.clock), at=show.moment(t.desk, e.deadline)
    ),
    clocks.ClockExtended: lambda t, e: t.desk.say(
        "h.extended", clock=t.clock(e.clock), by=show.length(t.desk, e.by)
    ) + t.because(e),
    clocks.BreachAcknowledged: _explained,
    clocks.BreachExplained: _explained,
    **PAPERS,
    clocks.RungFired: lambda t, e: t.desk.say("h.rung", clock=t.clock(e.clock)),
}  # fmt: skip
"""The words of what is worth telling; `h.` in the texts."""

_FLOW = "how the flow moves within; the steps, tasks and data tell what comes of it"
_TIMER = "a timer of the engine's own"
_OTHER = "told in the other case"
_MOVED = "what going over to another version brings; the plan of it tells which"
_SEEN = "stands with the case's clocks"
_LIST = "stands with the case's papers; what the rules ask for goes without saying"

UNTOLD: Mapping[type[Event], str] = {
    **dict.fromkeys(
        (core.TimePassed, core.StepHeld, core.StepRan, core.StepClosing, core.StepCancelled,
         core.BranchDone, core.ItemsTaken, core.ItemAdded, core.ItemDone, core.JoinCounted,
         core.EndReached, core.ConditionSeen, core.HandlerFired, core.ErrorRaised, core.Decided, core.UndoTaken,
         core.ActRequested, core.WaitOpened, core.WaitClosed, core.CallClosed, core.JobCreated, core.JobClosed), _FLOW
    ),
    **dict.fromkeys((core.TimerSet, core.TimerHeld, core.TimerCleared, core.TimerFired, clocks.ClockTimerSet), _TIMER),
    **dict.fromkeys(
        (core.CaseReturned, core.EscalatedToParent, core.MessageSent, core.SignalSent, core.LinkTold,
         core.DecisionTold), _OTHER
    ),
    **dict.fromkeys(
        (clocks.ClockDeferred, clocks.ClockDropped, clocks.ClockStarted, clocks.ClockClosed), _SEEN
    ),
    **dict.fromkeys((core.TokenMapped, core.DataDropped, clocks.ClocksMigrated, clocks.ClockMigrated), _MOVED),
    clocks.BreachLeft: _SEEN,
    papers.PaperDropped: _LIST,
    core.DataChanged: "stands under what the command changed in the data",
    work.LikenessChanged: "what cases are compared by; the case shows which are alike",
}  # fmt: skip
"""Why the others are not told."""
