"""Events: what has happened to a case. Past tense, frozen, complete: `apply` needs nothing else.

Whatever was taken from the environment (a deadline, a business number, a table's answer) is written into
the event, resolved. R12: a released event never changes its meaning; a new meaning is a new event.
The names of a field are part of the stored format.
"""

from datetime import datetime
from typing import Any

import msgspec

Json = Any


class Event(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Base of every event."""


# --- the case -------------------------------------------------------------------------------------


class CaseStarted(Event, frozen=True):
    case: str
    process: str
    version: str
    number: str
    at: datetime
    starter: str
    parent: str = ""
    parent_token: int = 0
    by: str = "staff"


class CaseSuspended(Event, frozen=True):
    at: datetime
    reason: str


class CaseResumed(Event, frozen=True):
    at: datetime
    reason: str = ""


class CaseEnded(Event, frozen=True):
    at: datetime
    end: str
    cancelled: bool = False
    reason: str = ""


class TimePassed(Event, frozen=True):
    """The moment of a command, the last of its events (R9)."""

    at: datetime


# --- tokens and data ------------------------------------------------------------------------------


class StepEntered(Event, frozen=True):
    token: int
    step: str
    at: datetime
    up: int = 0
    via: str = ""
    body: int = 0
    item: int = -1
    local: dict[str, Json] | None = None


class StepHeld(Event, frozen=True):
    """The token may not run now (case suspended, incident, or its steps are used up): it is kept ready."""

    token: int


class StepRan(Event, frozen=True):
    """A held token has been run after all."""

    token: int


class StepClosing(Event, frozen=True):
    """The step's own work is done, the handler bodies beside it are not."""

    token: int
    step: str
    next: str | None = None
    outcome: str = ""
    actor: str = ""  # who completed it, for human steps


class StepLeft(Event, frozen=True):
    token: int
    step: str
    at: datetime
    outcome: str = ""
    actor: str = ""  # who completed it, for human steps
    undo: dict[str, Json] | None = None  # what its undo body will read (R24)


class StepCancelled(Event, frozen=True):
    token: int
    step: str
    at: datetime
    cause: str = ""  # the step or handler that took it away


class DataChanged(Event, frozen=True):
    """Values by dotted path; `token` names the scope whose local names they are, 0 the case's data."""

    changes: dict[str, Json]
    token: int = 0


class BranchDone(Event, frozen=True):
    """A branch of a `parallel` has come to its end."""

    token: int


class ItemsTaken(Event, frozen=True):
    """The items of an `each`, as they were when it was entered."""

    token: int
    items: list[Json]


class ItemAdded(Event, frozen=True):
    token: int
    item: Json


class ItemDone(Event, frozen=True):
    """An instance has completed; `values` in the order of `collect`."""

    token: int
    item: int
    values: list[Json]


class JoinCounted(Event, frozen=True):
    """Which incoming flows a counting join has seen since it last started afresh."""

    join: str  # "scope token.node"
    arrived: list[str]


class EndReached(Event, frozen=True):
    name: str
    at: datetime


# --- waiting --------------------------------------------------------------------------------------


class TimerSet(Event, frozen=True):
    timer: int
    token: int
    due: datetime
    handler: int = 0
    fired: int = 0


class TimerHeld(Event, frozen=True):
    """The case was suspended with so many microseconds left."""

    timer: int
    left: int


class TimerCleared(Event, frozen=True):
    timer: int


class TimerFired(Event, frozen=True):
    """`due` is when it was to fire, `at` when it did (R10)."""

    timer: int
    due: datetime
    at: datetime


class WaitOpened(Event, frozen=True):
    wait: int
    token: int
    kind: str
    name: str
    key: str = ""
    handler: int = 0


class WaitClosed(Event, frozen=True):
    wait: int


class MessageCaught(Event, frozen=True):
    wait: int
    kind: str
    name: str
    key: str = ""


class ConditionSeen(Event, frozen=True):
    """The last seen truth of a `when`, or value of a `changed`, of an armed handler."""

    watch: str  # "token.handler"
    value: Json


class HandlerFired(Event, frozen=True):
    token: int
    handler: int
    leaves: bool = False


# --- jobs, calls, incidents -----------------------------------------------------------------------


class JobCreated(Event, frozen=True):
    job: int
    token: int
    step: str
    function: str
    args: dict[str, Json]
    times: int
    first: int
    factor: int
    longest: int
    timeout: int


class JobClosed(Event, frozen=True):
    job: int
    result: str  # finished | failed | cancelled


class CaseCalled(Event, frozen=True):
    token: int
    case: str  # id of the new case, derived from this one's
    process: str
    version: str
    data: dict[str, Json]


class CallClosed(Event, frozen=True):
    token: int
    case: str
    cancelled: bool = False


class CaseReturned(Event, frozen=True):
    """Tells the calling case how this one ended."""

    parent: str
    parent_token: int
    end: str = ""
    data: dict[str, Json] = {}
    error: str = ""


class EscalatedToParent(Event, frozen=True):
    parent: str
    parent_token: int
    name: str


class IncidentRaised(Event, frozen=True):
    incident: int
    token: int
    step: str
    kind: str
    text: str
    at: datetime


class IncidentClosed(Event, frozen=True):
    incident: int
    how: str  # retried | cancelled


# --- what goes out, and marks on the way ----------------------------------------------------------


class MessageSent(Event, frozen=True):
    id: str
    message: str
    key: str
    payload: dict[str, Json]


class SignalSent(Event, frozen=True):
    id: str
    signal: str
    key: str = ""


class NoticeRequested(Event, frozen=True):
    """A notice for the outbox. `to` are addressees as the designer wrote them, resolved when delivered:
    `owner` and expressions have already become names."""

    id: str
    to: list[str]
    template: str
    facts: dict[str, Json]
    at: datetime
    step: str = ""


class MilestoneReached(Event, frozen=True):
    name: str
    at: datetime


class Escalated(Event, frozen=True):
    name: str
    token: int


class ErrorRaised(Event, frozen=True):
    name: str
    token: int
    text: str = ""


class Decided(Event, frozen=True):
    """A decision table's answer and the rows that gave it, for the audit."""

    token: int
    step: str
    table: str
    rules: list[int]


class UndoStarted(Event, frozen=True):
    """The newest of a compensation's records is being undone."""

    token: int


class UndoTaken(Event, frozen=True):
    """These undo records, by index, now belong to this compensation (at most once each)."""

    token: int
    indexes: list[int]


class ActRequested(Event, frozen=True):
    """An act for another component: move_tasks, priority, set_owner, link."""

    act: str
    args: dict[str, Json]
    source: str  # the step or rung that asks


# --- steering: what people do with a case as a whole ----------------------------------------------


class DataCorrected(Event, frozen=True):
    """Top-level fields as they were and as they have become, secrets sealed. `DataChanged` has changed them."""

    before: dict[str, Json]
    after: dict[str, Json]
    by: str
    at: datetime
    reason: str


class CaseReopened(Event, frozen=True):
    """`end` is how it had ended."""

    at: datetime
    step: str
    by: str
    reason: str
    end: str = ""


class MoveProposed(Event, frozen=True):
    """`seen` tells whether the case still stands as it did when this was proposed."""

    proposal: int
    token: int
    target: str
    by: str
    at: datetime
    reason: str
    seen: str


class MoveWithdrawn(Event, frozen=True):
    proposal: int
    by: str
    at: datetime
    reason: str = ""


class TokenMoved(Event, frozen=True):
    """The token is taken from its step and placed on another: the events after this one tell how."""

    token: int
    step: str
    target: str
    by: str  # who carried it out
    at: datetime
    reason: str
    proposed_by: str = ""


class HoldPlaced(Event, frozen=True):
    hold: int
    by: str
    at: datetime
    reason: str


class HoldLifted(Event, frozen=True):
    hold: int
    by: str
    at: datetime
    reason: str


class CaseLinked(Event, frozen=True):
    """`merged`: what is decided for the one of the two holds for the other, which has ended as its duplicate."""

    case: str
    kind: str
    by: str
    at: datetime
    reason: str = ""
    merged: bool = False


class CaseUnlinked(Event, frozen=True):
    case: str
    by: str
    at: datetime
    reason: str = ""


class DecisionNoted(Event, frozen=True):
    """How the case ended into which this one was merged."""

    case: str
    end: str
    at: datetime


class LinkTold(Event, frozen=True):
    """Tells another case how it is related to this one, seen from there; kind "": no more."""

    case: str
    kind: str
    by: str
    reason: str = ""
    merged: bool = False


class DecisionTold(Event, frozen=True):
    """Tells a case that was merged into this one how this one ended."""

    case: str
    end: str


# --- another version -----------------------------------------------------------------------------


class CaseMigrated(Event, frozen=True):
    """The case goes on by another version. `steps`: what was known by the id of a step, by its new one; "" for what is
    not kept. `watches`: likewise the watched conditions, "token.handler". `fired`: the handlers of the process that
    have left, as the new version numbers them. What stands, waits and counts is told by the events after this."""

    before: str
    version: str
    by: str
    at: datetime
    reason: str
    proposed_by: str = ""
    steps: dict[str, str] = {}
    watches: dict[str, str] = {}
    fired: list[int] = []


class TokenMapped(Event, frozen=True):
    """The token goes on at another step, with all that hangs on it; `body` as in `StepEntered`."""

    token: int
    step: str
    target: str
    body: int = 0


class DataDropped(Event, frozen=True):
    """Top-level fields that the case has no longer."""

    names: list[str]
