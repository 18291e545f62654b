"""Compiled clocks: what `clocks:` of a process and `limit:` of a step become.

A *clock* watches how long something takes; a *run* is one measuring of it, from its start to its stop. A
step's `limit` is a clock of that step's name with a run for each activation (R30). `Clocks` holds those of a
process, with the ways in which events concern them, so that an event that concerns none costs one look-up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.core.model import Json, Length, Path, Process, Text

ORIGINS = ("law", "manual", "target")
"""Where a limit comes from, the strictest authority first (R30)."""

Mark = tuple[str, str]
"""What a clock starts, stops or restarts with: ("milestone", name), ("step", name), ("case", "") or
("date", dotted path of the field)."""

CASE: Mark = ("case", "")


@dataclass(frozen=True, slots=True)
class Pause:
    """What holds a clock (R28). kind `any_in`: a token stands in one of the steps; `only_in`: and no other
    human or service activation is open; `dates`: from the date at `begin` to the one at `end`."""

    kind: str
    steps: frozenset[str] = frozenset()
    begin: Path = ()
    end: Path = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """`to`: owner, holder, customer, role.x, user.x, queue.x, or an expression that yields such names."""

    to: tuple[str | Expression, ...]
    template: str
    facts: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message into a case; the key is the business number of this case unless an expression says so."""

    message: str
    key: Expression | None = None
    payload: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    signal: str
    key: Expression | None = None


@dataclass(frozen=True, slots=True)
class OtherAct:
    """An act that another component carries out: move_tasks, priority, reassign, set_owner ..."""

    act: str
    args: Mapping[str, Expression | Json]


Act = Notice | Message | Signal | OtherAct


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of a ladder. `at` is as the designer wrote it; `from_` says what the point is counted from:
    `share` of the limit used, an `offset` around `due` (back: before it), or an `offset` after the `start`.
    It fires `times` times in all, None without end, `every` apart."""

    at: str
    from_: str
    acts: tuple[Act, ...]
    share: Decimal = Decimal(0)
    offset: Duration | None = None
    back: bool = False
    every: Duration | None = None
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Extension:
    """Who may extend a clock, and by how much in all."""

    most: Duration
    role: str


@dataclass(frozen=True, slots=True)
class Clock:
    name: str
    title: Text
    origin: str
    limit: Length
    calendar: str | Expression = ""  # the process's own unless named, or chosen by the data
    clauses: tuple[str, ...] = ()
    start: Mark = CASE
    start_path: Path = ()  # of a start by a date
    until: tuple[Mark, ...] = ()
    when: Expression | None = None
    roll: bool = False
    pause: Pause | None = None
    restarts_on: tuple[Mark, ...] = ()
    void_on: frozenset[str] = frozenset()  # names of ends
    extension: Extension | None = None
    ladder: tuple[Rung, ...] = ()
    step: str = ""  # the step whose `limit` this is

    @property
    def standing(self) -> int:
        """How much authority is behind it: 0 law, 1 manual, 2 target."""
        return ORIGINS.index(self.origin)


@dataclass(frozen=True, slots=True)
class Breaches:
    """What the house says of late clocks: the reasons that may be given, and the roles that give them."""

    reasons: Mapping[str, Text] = field(default_factory=dict)
    by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of a process itself, and how events concern them. Those of its steps lie with the steps."""

    by_name: Mapping[str, Clock] = field(default_factory=dict)
    oldest: timedelta | None = None  # how far back a clock may be dated; None: without bound
    breaches: Breaches = field(default_factory=Breaches)
    starts: Mapping[Mark, tuple[Clock, ...]] = field(default_factory=dict)
    stops: Mapping[Mark, tuple[Clock, ...]] = field(default_factory=dict)
    restarts: Mapping[Mark, tuple[Clock, ...]] = field(default_factory=dict)
    dated: tuple[Clock, ...] = ()

    @classmethod
    def of(cls, clocks: Iterable[Clock], oldest: timedelta | None, breaches: Breaches | None = None) -> "Clocks":
        every = tuple(clocks)
        return cls(
            by_name={clock.name: clock for clock in every},
            oldest=oldest,
            breaches=breaches or Breaches(),
            starts=_by_mark((clock.start, clock) for clock in every),
            stops=_by_mark((mark, clock) for clock in every for mark in clock.until),
            restarts=_by_mark((mark, clock) for clock in every for mark in clock.restarts_on),
            dated=tuple(clock for clock in every if clock.start[0] == "date"),
        )


def _by_mark(pairs: Iterable[tuple[Mark, Clock]]) -> dict[Mark, tuple[Clock, ...]]:
    table: dict[Mark, tuple[Clock, ...]] = {}
    for mark, clock in pairs:
        table[mark] = (*table.get(mark, ()), clock)
    return table


PART = "clocks"
"""The name under which the compiled parts lie in `process.parts`, `node.parts` and `house.parts`."""

_NONE = Clocks()


def calendar_name(process: Process, clock: Clock, chosen: str = "") -> str:
    """The calendar a clock counts on; "" where neither it nor the process names one. `chosen`: by a run, where the data
    choose."""
    named = chosen if isinstance(clock.calendar, Expression) else clock.calendar
    return named or process.calendar


def clocks_of(process: Process) -> Clocks:
    """The clocks of the process itself; none if it was compiled without any."""
    found: Clocks = process.parts.get(PART) or _NONE
    return found


def limit_of(process: Process, step: str) -> Clock | None:
    """The clock that a step's `limit` made."""
    node = process.nodes.get(step)
    found: Clock | None = node.parts.get(PART) if node is not None else None
    return found


def clock_of(process: Process, name: str) -> Clock:
    """The definition behind a run. Raises KeyError if the process has no such clock: a bug, for a run only
    ever lives with the version that started it."""
    clock = find_clock(process, name)
    if clock is None:
        raise KeyError(name)
    return clock


def find_clock(process: Process, name: str) -> Clock | None:
    """The same where the process may have none: of a run that closed in another version."""
    return clocks_of(process).by_name.get(name) or limit_of(process, name)
