"""The flow slice of a case's state: what stands where, what is awaited, and the data.

Only `engine.core.apply` changes it. It is kept as canonical JSON (sorted keys, defaults left out), so that
replaying a case's events gives the same bytes. Ids are small integers taken from `seq`.

Tokens form a tree: `up` is the token of the enclosing scope, 0 the process itself. A token on a leaf step
is an open activation; a token on a scope node holds the tokens within. R17: a second visit of a step is a
new token, so handlers and timers start afresh.
"""

from datetime import datetime
from typing import Any

import msgspec

WAITING, READY, CLOSING = "", "ready", "closing"
"""Phases of a token: waits for something outside; to be run (again) as soon as the case may move; its own
work is done and it waits for the handler bodies beside it."""

FAILED, SKIPPED = "!failed", "!skipped"
"""The outcomes of a step that was ended by an error, or left out; no names that a designer can give."""


class Token(msgspec.Struct, omit_defaults=True, gc=False):
    at: str  # node id
    up: int = 0
    via: str = ""  # the node it came from: joins count their incoming flows by it
    phase: str = WAITING
    body: int = 0  # 1 + index of the host's handler whose `do` this is; 0: ordinary flow
    local: dict[str, Any] | None = None  # names known only within: an `each` instance, a merging branch, an undo
    count: int = 0  # `parallel`, `each`: branches or instances that have completed
    item: int = -1  # an instance of an `each`: the index of its item
    next: str | None = None  # while closing: where it will go
    outcome: str = ""  # while closing
    items: list[Any] | None = None  # `each`: the items
    results: list[Any] | None = None  # `each`: what the instances have left, by index
    todo: "list[Undo] | None" = None  # `compensate`: the records still to undo, oldest first
    armed: bool = False  # its handlers have been armed: a retry of the step does not arm them again (R17)


class Timer(msgspec.Struct, omit_defaults=True):
    token: int  # 0: of the process
    due: datetime
    handler: int = 0  # 1 + index of the handler or race option; 0: the node's own trigger
    fired: int = 0  # how often already
    left: int | None = None  # microseconds left when the case was suspended


class Wait(msgspec.Struct, omit_defaults=True):
    """A subscription to a message or a signal."""

    token: int
    kind: str  # message | signal
    name: str
    key: str = ""
    handler: int = 0


class Job(msgspec.Struct, omit_defaults=True):
    token: int
    function: str
    args: dict[str, Any]


class Incident(msgspec.Struct, omit_defaults=True):
    token: int
    kind: str  # expression | service | error | steps | call | decision
    text: str
    since: datetime


class Undo(msgspec.Struct, omit_defaults=True):
    """A completed step that can be undone, with the names that its undo reads as they were then (R24)."""

    node: str
    scope: int  # the token of the scope it completed in
    local: dict[str, Any]


class Hold(msgspec.Struct, omit_defaults=True):
    """A legal hold: while there is one the case may not be destroyed."""

    by: str
    since: datetime
    reason: str


class Link(msgspec.Struct, omit_defaults=True):
    """How another case is related to this one, seen from here (`engine.core.steering.OPPOSITE`)."""

    kind: str
    by: str
    since: datetime
    merged: bool = False  # what is decided for the main one of the two holds for the other
    end: str = ""  # how the one ended into which this case was merged


class Proposal(msgspec.Struct, omit_defaults=True):
    """A move of a token that waits for a second person."""

    number: int
    token: int
    target: str
    by: str
    since: datetime
    reason: str
    seen: str


class FlowState(msgspec.Struct, omit_defaults=True):
    case: str = ""
    process: str = ""
    version: str = ""
    number: str = ""
    starter: str = ""
    status: str = "new"  # new | open | suspended | ended
    started: datetime | None = None
    last: datetime | None = None  # time of the last event (R9)
    end: str = ""
    parent: str = ""  # the calling case, and the token that waits there
    parent_token: int = 0
    seq: int = 0
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    tokens: dict[int, Token] = msgspec.field(default_factory=dict)
    timers: dict[int, Timer] = msgspec.field(default_factory=dict)
    waits: dict[int, Wait] = msgspec.field(default_factory=dict)
    jobs: dict[int, Job] = msgspec.field(default_factory=dict)
    calls: dict[int, str] = msgspec.field(default_factory=dict)  # token -> called case
    incidents: dict[int, Incident] = msgspec.field(default_factory=dict)
    undos: list[Undo] = msgspec.field(default_factory=list)
    truths: dict[str, Any] = msgspec.field(default_factory=dict)  # "token.handler" -> last truth or value
    joins: dict[str, list[str]] = msgspec.field(default_factory=dict)  # "scope.node" -> flows seen by a counting join
    milestones: dict[str, datetime] = msgspec.field(default_factory=dict)  # name -> last reached
    fired: list[int] = msgspec.field(default_factory=list)  # handlers of the process that left by `next`
    holds: dict[int, Hold] = msgspec.field(default_factory=dict)
    links: dict[str, Link] = msgspec.field(default_factory=dict)  # by the other case
    proposal: Proposal | None = None
