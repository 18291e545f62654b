"""What a history is read into for reports: the facts that follow from it, and what a case is like while it is read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.core.env import Versions
from engine.core.model import Process

STANDS = frozenset({"human", "receive", "wait", "race", "service", "call"})
"""Kinds of step at which a case stands until something comes."""
ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit of a step whose work is done; step "" is the case from its start to an end. Times are whole seconds."""

    at: datetime
    process: str
    step: str
    queue: str
    again: bool
    cycle: int
    touch: int


@dataclass(frozen=True, slots=True)
class Reopened:
    at: datetime
    process: str
    queue: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A run that has closed. judged: met | late | unmet | void."""

    at: datetime
    id: int
    judged: str
    process: str
    version: str
    clock: str
    run: int
    clauses: tuple[str, ...]
    origin: str
    klass: str
    queue: str
    person: str
    since: datetime
    deadline: datetime
    closed_by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """Somebody has said why a run closed late."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Extended:
    """A run was given more time, for the `nth` time. `most`: by how much it may be in all, "" where its version no
    longer says."""

    at: datetime
    id: int
    nth: int
    process: str
    clock: str
    run: int
    clauses: tuple[str, ...]
    origin: str
    queue: str
    by: str
    most: str
    reason: str
    approver: str
    before: datetime
    deadline: datetime


Fact = Visit | Reopened | Judged | Explained | Extended


@dataclass(slots=True)
class Stay:
    """A token at a step."""

    step: str
    since: datetime
    again: bool
    queue: str = ""
    holder: str = ""
    idle: bool = False  # parked or suspended: in somebody's hands, who is not at it
    held: datetime | None = None
    touch: timedelta = ZERO

    def take(self, at: datetime, holder: str, *, idle: bool = False) -> None:
        """Who holds the task from now on, "" for nobody."""
        if self.held is not None:
            self.touch += at - self.held
        self.holder, self.idle = holder, idle
        self.held = at if holder and not idle else None


@dataclass(slots=True)
class Measured:
    """A run that is open."""

    clock: str
    run: int
    since: datetime
    deadline: datetime
    token: int
    reason: str = ""
    extended: int = 0  # how often


@dataclass(slots=True)
class Reader:
    """One case as far as its history has been read; `versions` finds what its steps and clocks are."""

    versions: Versions
    process: Process | None = None
    name: str = ""  # of the process
    version: str = ""
    number: str = ""
    owner: str = ""
    klass: str = ""
    started: datetime | None = None
    stays: dict[int, Stay] = field(default_factory=dict)
    up: dict[int, tuple[int, int]] = field(default_factory=dict)  # token -> its parent, and its place in an `each`
    visited: dict[tuple[object, ...], int] = field(default_factory=dict)
    over: list[tuple[datetime, datetime, str]] = field(default_factory=list)  # in which queue work lay, and when
    gone: dict[int, Stay] = field(default_factory=dict)  # by token, as it was left
    runs: dict[int, Measured] = field(default_factory=dict)

    def queue_of(self, since: datetime, until: datetime) -> str:
        """The queue in which most of a time was spent; of several the first by name, "" for none."""
        spent: dict[str, timedelta] = {}
        lying = ((stay.since, until, stay.queue) for stay in self.stays.values() if stay.queue)
        for begin, end, queue in (*self.over, *lying):
            length = min(end, until) - max(begin, since)
            if length >= ZERO:
                spent[queue] = spent.get(queue, ZERO) + length
        return min(spent, key=lambda queue: (-spent[queue], queue), default="")

    def place(self, token: int) -> tuple[int, ...]:
        """In which instances of an `each` a token stands: the same step in two of them is not visited twice."""
        found = []
        while token in self.up:
            token, item = self.up[token]
            found.append(item)
        return tuple(item for item in found if item >= 0)
