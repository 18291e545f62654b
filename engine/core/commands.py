"""Commands: what somebody asks of one case (R2). Imperative, small, decoded strictly at the door.

The envelope around a command (its id, the case, who asks, when) is `Request`. Components add commands of
their own (`tasks`, `sla`) in the same way; bootstrap makes one tagged union of them all.
"""

from datetime import datetime
from typing import Any

import msgspec

Json = Any


class Command(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every command."""


BY_ENGINE = frozenset({"call", "message", "schedule"})
"""Channels by which the engine itself starts cases: nobody fills in the form of the start."""


class StartCase(Command, frozen=True):
    process: str
    data: dict[str, Json] = {}
    version: str = ""  # "" is the one in force
    parent: str = ""  # set by the engine for called cases
    parent_token: int = 0
    by: str = "staff"  # the channel: staff, web, call, message, schedule


class CompleteTask(Command, frozen=True):
    """Finishes a person's task. On a task that nobody holds it claims it first (R5)."""

    task: int
    outcome: str = ""
    data: dict[str, Json] = {}
    reason: str = ""


class SkipTask(Command, frozen=True):
    """Leaves a person's step out, where it allows that: flow goes on as if the step itself were done."""

    task: int
    reason: str


class FireTimer(Command, frozen=True):
    """A timer of the named slice (flow, work, clocks) has come due."""

    slice: str
    timer: int
    due: datetime


class DeliverMessage(Command, frozen=True):
    message: str
    key: str
    payload: dict[str, Json] = {}


class DeliverSignal(Command, frozen=True):
    signal: str
    key: str = ""


class FinishJob(Command, frozen=True):
    job: int
    result: Json = None


class FailJob(Command, frozen=True):
    """A job is given up. With a `code` it becomes that error in the flow, otherwise an incident."""

    job: int
    text: str
    code: str = ""


class FinishCall(Command, frozen=True):
    """The called case has ended (`end`), or failed with an error that it did not catch (`error`)."""

    token: int
    case: str
    end: str = ""
    data: dict[str, Json] = {}
    error: str = ""


class EscalateCall(Command, frozen=True):
    token: int
    case: str
    name: str


class RetryIncident(Command, frozen=True):
    incident: int


class SuspendCase(Command, frozen=True):
    reason: str


class ResumeCase(Command, frozen=True):
    reason: str = ""


class CancelCase(Command, frozen=True):
    reason: str


class StartStep(Command, frozen=True):
    """Starts a step of an ad-hoc block; `block` is the block's token."""

    block: int
    step: str


class FinishBlock(Command, frozen=True):
    """Ends an ad-hoc block that has no condition of its own, once nothing stands in it."""

    block: int


class AddInstance(Command, frozen=True):
    """Adds an item to an `each` that is running; `each` is its token."""

    each: int
    item: Json


# --- steering: what is done with a case as a whole ------------------------------------------------


class CorrectData(Command, frozen=True):
    """Puts right what was entered wrongly: top-level fields with their new values, null for none."""

    changes: dict[str, Json]
    reason: str


class ReopenCase(Command, frozen=True):
    """Lets a case that has ended go on at one of the steps its process names for that; "" is the first of them."""

    reason: str
    step: str = ""


class MoveToken(Command, frozen=True):
    """Moves a token to another step of its block. People do so by two: `ProposeMove`, `ApproveMove`."""

    token: int
    target: str
    reason: str


class ProposeMove(Command, frozen=True):
    token: int
    target: str
    reason: str


class ApproveMove(Command, frozen=True):
    """Carries a proposed move out, if the case stands where it was proposed."""

    proposal: int


class WithdrawMove(Command, frozen=True):
    """Takes a proposed move back, or turns it down."""

    proposal: int
    reason: str = ""


class HoldCase(Command, frozen=True):
    """A legal hold: the case may not be destroyed before it is lifted. There may be several."""

    reason: str


class LiftHold(Command, frozen=True):
    hold: int
    reason: str


class LinkCases(Command, frozen=True):
    """Relates the case to another: `related`, `duplicate_of`, `has_duplicate`, `part_of`, `has_part`."""

    case: str
    kind: str
    reason: str = ""


class MissCase(Command, frozen=True):
    """There is no case of the number to which the act `link` of `source` (a step or rung) was to relate this one."""

    number: str
    source: str


class UnlinkCases(Command, frozen=True):
    case: str
    reason: str


class MergeCase(Command, frozen=True):
    """Ends the case as a duplicate: what is decided for the other one holds for it too."""

    case: str
    reason: str


class NoteLink(Command, frozen=True):
    """What another case has related itself to this one as, seen from here; "": no more. `merged`: what is decided
    here holds there."""

    case: str
    kind: str
    by: str
    reason: str = ""
    merged: bool = False


class NoteDecision(Command, frozen=True):
    """How the case ended into which this one was merged."""

    case: str
    end: str


# --- another version -----------------------------------------------------------------------------


class StepRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What becomes of what stands on a step. how: `map` (it goes on there as it is), `drop` (it is taken away),
    `again` (it is taken away and placed anew). to: the step of the new version; "" is the one of the same id.
    timers: `keep` what is left of them, or `restart`. draft: `keep` or `drop`."""

    how: str = "map"
    to: str = ""
    timers: str = "keep"
    draft: str = "keep"


class ClockRule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What becomes of a clock. how: `keep` (limit and deadline stay), `rebase` (counted again from its start by the
    new version), `restart` (anew from now), `drop`, or `start` for one that only the new version has. to: its name
    in the new version; "" is the same."""

    how: str = "keep"
    to: str = ""


class DataRules(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Changes of top-level fields; every expression in `set` sees the data as they were."""

    set: dict[str, str] = {}
    rename: dict[str, str] = {}
    drop: tuple[str, ...] = ()


class Rules(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a case goes over to another version, where it does not go by the same names."""

    steps: dict[str, StepRule] = {}
    clocks: dict[str, ClockRule] = {}
    data: DataRules = DataRules()


class MigrateCase(Command, frozen=True):
    """Lets the case go on by another version of its process. `proposed_by` is who asked for it, another than who
    approves it."""

    version: str
    reason: str
    rules: Rules = Rules()
    proposed_by: str = ""


class Request(msgspec.Struct, frozen=True):
    """A command on its way to a case."""

    id: str  # unique in history (R5)
    case: str
    command: Command
    actor: str  # the user, or "system"
    at: datetime  # arrival, UTC
    ground: str = ""  # on which ground: a clause, a reason, the operating system's user


class Refusal(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Why a command was not accepted: a value, not an exception. `refusal` makes one."""

    code: str
    text: str  # in English, for programs and logs
    fields: dict[str, dict[str, str]] = {}  # path -> message by language, for forms
    told: dict[str, str] = {}  # the text by language, for whoever asked

    def said(self, language: str) -> str:
        """Why not, for a person who reads that language; in English where it has no words."""
        return self.told.get(language) or self.text


def refusal(code: str, zh: str, en: str, fields: dict[str, dict[str, str]] | None = None) -> Refusal:
    """A refusal in both languages. `fields`: what is wrong with single fields, by path and language."""
    return Refusal(code, en, fields or {}, {"zh": zh, "en": en})


class Refuse(Exception):
    """Raised by whoever decides; the machine answers with the refusal. The arguments are those of `refusal`."""

    def __init__(self, code: str, zh: str, en: str, fields: dict[str, dict[str, str]] | None = None) -> None:
        super().__init__(en)
        self.refusal = refusal(code, zh, en, fields)
