"""The compiled process: a frozen graph of nodes, made by `engine.language` and walked by the interpreter.

A *node* is a compiled step. Its `spec` says what its kind does (one small class per kind below), its
`next` where the token goes on to, its `handlers` what may happen meanwhile, and `parts` what other
components (work, clocks) compiled from their own keywords. Nodes that hold other nodes (`block`,
`parallel`, `each`, `adhoc`, handler bodies) are *scopes*; `scope` names the one a node stands in.

Ids: a step's id is its name, unique in the file. What the compiler adds itself contains a slash, so it
never clashes: `investigate/1` is the body of the first handler of `investigate`, `/2` that of the second
handler of the process, `review/item` the body of an `each`, `pay/undo` the compensation of `pay`.

Nothing here is ever stored: a version is stored as its sources and compiled again when first needed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.decisions import DecisionTable
from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.core.types import Type

Json = Any
"""What state and rows hold: null, bool, int, str, list, object; never a float (R21)."""

Text = Mapping[str, str]
"""A text in each language, by its tag: {"zh": ..., "en": ...}."""

Path = tuple[str, ...]
"""Where a value lies in the data: ("payee", "account")."""

Length = Duration | Expression
"""A stretch of time: written down, or an expression that yields its text ("30wd")."""


@dataclass(frozen=True, slots=True)
class Assign:
    """One write: the value of an expression into a place in the data."""

    path: Path
    value: Expression


@dataclass(frozen=True, slots=True)
class Trigger:
    """What sets off a handler, a race or a waiting step.

    kind: `after` (a length from activation), `at` (a moment from the data), `every` (repeats a length),
    `message`, `signal`, `error`, `escalation` (by name; an empty name catches any error or escalation),
    `when` (a condition, on false to true), `changed` (a field takes a new value).
    """

    kind: str
    name: str = ""
    length: Length | None = None
    at: Expression | None = None
    key: Expression | None = None
    when: Expression | None = None
    path: Path = ()
    into: tuple[Assign, ...] = ()  # read from the message's payload
    every: Length | None = None  # an `after` or `at` that fires again
    times: int | None = None  # how often at most; None: without end


@dataclass(frozen=True, slots=True)
class Handler:
    """What may happen while its host is active (R16): `next` leaves the host, `body` runs beside it."""

    trigger: Trigger
    next: str | None = None
    body: str | None = None  # id of the scope node that holds the `do` steps


# --- one spec per kind of step --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """A way to complete a human step. `next` None flows on as the step itself does."""

    name: str
    title: Text
    next: str | None = None
    reason: bool = False  # a reason must be given
    sets: tuple[Assign, ...] = ()
    decision: str = ""  # what authority is asked for, e.g. "approve" or "refuse"
    check: Callable[[Mapping[str, Json]], list[Any]] | None = None  # of the form, where it is not the step's own


@dataclass(frozen=True, slots=True)
class Human:
    """A person's task. Who may do it is the work slice's affair (`parts["work"]`)."""

    form: tuple[Path, ...] = ()
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    check: Callable[[Mapping[str, Json]], list[Any]] | None = None  # what was filled in, against the data schema


@dataclass(frozen=True, slots=True)
class Compute:
    """Calls a registered pure function; the result goes to `into` (a path, or one path per field)."""

    function: str
    call: Callable[..., Any]
    args: Mapping[str, Expression]
    into: tuple[tuple[str, Path], ...]  # (field of the result, or "" for all of it, path)


@dataclass(frozen=True, slots=True)
class Set:
    assigns: tuple[Assign, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A job for a worker function; tried `times` times, waiting `first`, then `factor` times longer."""

    function: str
    args: Mapping[str, Expression]
    into: tuple[tuple[str, Path], ...]
    times: int = 5
    first: int = 10  # seconds
    factor: int = 3
    longest: int = 3600  # seconds
    timeout: int = 60  # seconds


@dataclass(frozen=True, slots=True)
class Decide:
    table: DecisionTable
    inputs: Mapping[str, Expression]
    into: tuple[tuple[str, Path], ...]  # (output of the table, or "" for the list of all, path)


@dataclass(frozen=True, slots=True)
class Notify:
    """A notice to people, by way of the outbox. `to`: `owner`, `customer`, `role.x`, `user.x`, `queue.x`,
    or an expression that yields one of these or a list of them."""

    to: tuple[str | Expression, ...]
    template: str
    facts: Mapping[str, Expression]  # what the template reads, taken when the notice is made


@dataclass(frozen=True, slots=True)
class Send:
    message: str
    key: Expression
    payload: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Catch:
    """`receive` and `wait`: stands still until its one trigger fires."""

    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Race:
    """The first of several triggers wins; each option is a handler with `next` (None: flows on)."""

    options: tuple[Handler, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """A way out of a gateway: taken when `when` is true; None is `else`."""

    when: Expression | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Switch:
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """A plain graph's split: every flow whose condition holds (no condition: always); else `otherwise`."""

    flows: tuple[Flow, ...]
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """A plain graph's merge. mode `all`: one token over each incoming flow; `inclusive`: all arrived, or
    nothing left that could arrive (Zeebe's rule); `count`: at `needs` tokens it goes on, swallows the
    rest of `incoming` and then starts afresh (a discriminator when `needs` is 1)."""

    mode: str
    incoming: tuple[str, ...]
    needs: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    name: str
    first: str
    when: Expression | None = None
    title: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches side by side. `needs` None waits for all that were taken; a number goes on at that many
    and cancels the rest. `merge`: for each key that several branches write, how the writes meet."""

    branches: tuple[Branch, ...]
    otherwise: str | None = None  # first step of `else`, taken when no branch's `when` holds
    needs: int | None = None
    one_at_a_time: bool = False
    merge: Mapping[str, str] = field(default_factory=dict)  # key -> sum | concat | any | all | last


@dataclass(frozen=True, slots=True)
class Each:
    """Its body once for each item. Writes within stay with the instance; `collect` gathers them in the
    order of the items. Ends early when `until` holds after an instance has completed."""

    over: Expression
    item: str  # the name under which an instance sees its item
    body: str  # the scope node of an instance
    sequential: bool = False
    until: Expression | None = None
    collect: tuple[tuple[Path, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A scope with one way in: a block, a handler's body, an instance of an `each`, an undo body."""

    first: str


@dataclass(frozen=True, slots=True)
class AdHoc:
    """A block whose steps are started at will (command StartStep); done when `until` holds and nothing
    stands in it; without one, when somebody finishes it (command FinishBlock)."""

    steps: tuple[str, ...]
    until: Expression | None = None


@dataclass(frozen=True, slots=True)
class Call:
    process: str
    data: Mapping[str, Expression]
    into: tuple[tuple[str, Path], ...]  # (field of the called case's data, path)
    latest: bool = False  # the newest version at that moment, instead of the same deployment's


@dataclass(frozen=True, slots=True)
class Signal:
    name: str
    key: Expression | None = None


@dataclass(frozen=True, slots=True)
class Escalate:
    name: str


@dataclass(frozen=True, slots=True)
class Fail:
    name: str
    message: Expression | None = None


@dataclass(frozen=True, slots=True)
class Compensate:
    """Undoes what was completed, newest first, each at most once: one step, or all within the scope."""

    step: str | None = None


@dataclass(frozen=True, slots=True)
class Milestone:
    name: str


@dataclass(frozen=True, slots=True)
class End:
    """Ends this path; `terminate` (kind) ends the whole case. The name is the case's end in reports."""

    name: str


@dataclass(frozen=True, slots=True)
class Act:
    """An act of another component (`move_tasks`, `priority`, `set_owner`, `link`), shared with ladders."""

    act: str
    args: Mapping[str, Expression | Json]


Spec = (
    Human | Compute | Set | Service | Decide | Notify | Send | Catch | Race | Switch | Fork | Join
    | Parallel | Each | Block | AdHoc | Call | Signal | Escalate | Fail | Compensate | Milestone | End | Act
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    kind: str  # key into engine.core.nodes.KINDS
    spec: Spec
    scope: str = ""  # id of the scope node it stands in; "" is the process itself
    next: str | None = None  # None: the end of its scope's path
    handlers: tuple[Handler, ...] = ()
    title: Text = field(default_factory=dict)
    clauses: tuple[str, ...] = ()
    undo: str | None = None  # id of the scope node that compensates it
    undo_reads: tuple[str, ...] = ()  # top-level names that the undo body reads (R24)
    cancels: tuple[str, ...] = ()  # steps whose tokens are taken away when this one completes
    parts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Start:
    by: tuple[str, ...] = ()  # staff, web, or roles; empty: only other cases and the clock
    form: tuple[Path, ...] = ()
    message: str = ""
    key: Expression | None = None  # read from the message's payload: two with the same key start one case
    into: tuple[Assign, ...] = ()
    every: str = ""  # day | week | month | quarter | half | year, or a duration
    missed: str = "once"  # skip | once | all (R10)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Process:
    name: str
    version: str  # hash of its sources (R25)
    nodes: Mapping[str, Node]
    first: str
    handlers: tuple[Handler, ...] = ()  # of the process itself
    names: Mapping[str, Type] = field(default_factory=dict)  # the data schema's top level
    title: Text = field(default_factory=dict)
    number: str = ""  # template of the business number, e.g. "TS-{year}-{seq}"
    calendar: str = ""
    zone: str = "UTC"  # of the calendar: where a moment is asked for its date
    start: Start = field(default_factory=Start)
    secrets: frozenset[str] = frozenset()  # top-level names that are, or hold, secrets
    validate: Callable[[Json], list[Any]] | None = None  # the data schema as a check at the door
    admits: Callable[[Json], list[Any]] | None = None  # the same where the engine itself starts a case
    check: Callable[[tuple[Path, ...]], Callable[[Json], list[Any]]] | None = None  # the same of a form of these fields
    reopen: tuple[str, ...] = ()  # the steps at which a case that has ended may go on
    parts: Mapping[str, Any] = field(default_factory=dict)
