"""The organisation at one revision: who there is, what they may do, who stands above whom.

A `Directory` is built once from a checked document (`organisation.load`) and never changes; every question
below is answered by looking up tables that were filled then. It implements `engine.core.env.Directory`.
Dates are days in the organisation's zone; `on` None asks about the document as it stands, without dates.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Absence:
    """Days on which somebody is away, first and last included; and who stands in, for which processes."""

    start: date
    end: date
    substitute: str = ""
    processes: frozenset[str] = frozenset()  # empty: all; for others the user is there

    def holds(self, on: date, process: str) -> bool:
        return self.start <= on <= self.end and (not self.processes or process in self.processes)


@dataclass(frozen=True, slots=True)
class User:
    """A person. `start` and `end` are the first and the last day of service; None: without bound."""

    id: str
    name: Text
    roles: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()  # the first is where the line of managers begins
    skills: frozenset[str] = frozenset()
    start: date | None = None
    end: date | None = None
    contact: Mapping[str, str] = field(default_factory=dict)  # channel -> address
    capacity: int | None = None  # tasks in hand at most; None: without bound
    absences: tuple[Absence, ...] = ()

    def active(self, on: date | None) -> bool:
        return within(self.start, self.end, on)

    @property
    def holdings(self) -> tuple[str, ...]:
        """The user's roles as grants name them, in order of name."""
        return tuple(f"role.{role}" for role in sorted(self.roles))


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: Text
    manager: str = ""
    part_of: str = ""
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Queue:
    id: str
    members: frozenset[str] = frozenset()
    managers: frozenset[str] = frozenset()
    assign_by: str = ""  # round_robin | least_loaded | skill: work is pushed to members; "": they take it


@dataclass(frozen=True, slots=True)
class Grant:
    """Authority given to a role or a user: for a kind, within a line, up to an amount, for a decision.

    An empty `line` or `decision` means any; `amount` None means without limit.
    """

    kind: str
    role: str = ""
    user: str = ""
    line: str = ""
    amount: Decimal | None = None
    decision: str = ""
    start: date | None = None
    end: date | None = None

    @property
    def holder(self) -> str:
        return f"role.{self.role}" if self.role else f"user.{self.user}"

    def reaches(self, amount: Decimal | None) -> bool:
        """Whether the grant goes as far as the amount; an unknown one needs a grant without limit."""
        return self.amount is None or (amount is not None and amount <= self.amount)

    def __str__(self) -> str:
        """The grant in one line, as events and refusals name it."""
        limit = "any amount" if self.amount is None else f"up to {self.amount:f}"
        return " ".join(part for part in (self.holder, self.kind, self.line, self.decision, limit) if part)


def within(start: date | None, end: date | None, on: date | None) -> bool:
    """Whether a day lies in a period whose first and last day both count."""
    return on is None or ((start is None or start <= on) and (end is None or on <= end))


class Directory:
    """One revision of the organisation. All arguments are taken as checked."""

    __slots__ = (
        "__weakref__", "_away", "_grants", "_kinds", "_manager", "_role_holders", "groups", "queues", "revision",
        "users", "zone",
    )  # fmt: skip

    def __init__(
        self,
        users: Mapping[str, User],
        groups: Mapping[str, Group],
        queues: Mapping[str, Queue],
        grants: Iterable[Grant],
        zone: str = "UTC",
        revision: int = 0,
    ) -> None:
        self.revision = revision
        self.users = users
        self.groups = groups
        self.queues = queues
        self.zone = ZoneInfo(zone)
        self._away = tuple(user for user in users.values() if user.absences)
        self._manager = {user: _manager(groups, users[user]) for user in users}
        self._role_holders: dict[str, frozenset[str]] = {}
        for user in users.values():
            for role in user.roles:
                self._role_holders[role] = self._role_holders.get(role, frozenset()) | {user.id}
        self._grants: dict[tuple[str, str], list[Grant]] = {}
        self._kinds: dict[str, list[Grant]] = {}
        for grant in sorted(grants, key=_narrowest):
            self._grants.setdefault((grant.holder, grant.kind), []).append(grant)
            self._kinds.setdefault(grant.kind, []).append(grant)

    def today(self, now: datetime) -> date:
        """The day in the organisation's zone."""
        return now.astimezone(self.zone).date()

    def active(self, user: str, on: date | None = None) -> bool:
        """Whether the user exists and, on that day, is in service."""
        known = self.users.get(user)
        return known is not None and known.active(on)

    def absence(self, user: str, on: date, process: str = "") -> Absence | None:
        """Why the user is away on that day, as far as the process is concerned; None if they are not."""
        known = self.users.get(user)
        return next((a for a in known.absences if a.holds(on, process)), None) if known else None

    def there(self, user: str, on: date, process: str = "") -> bool:
        """Whether the user is in service and not away."""
        return self.active(user, on) and self.absence(user, on, process) is None

    def stand_in(self, user: str, on: date, process: str = "") -> str:
        """Who stands in for a user who is away: the substitute, or theirs if they are away too; "" for nobody."""
        seen = {user}
        while (away := self.absence(user, on, process)) is not None:
            user = away.substitute
            if user in seen or not self.active(user, on):
                return ""
            seen.add(user)
        return user if len(seen) > 1 else ""

    def stands_for(self, user: str, on: date) -> Iterator[tuple[str, Absence]]:
        """Those who are away on that day and for whom the user stands in, each with the absence."""
        for absent in self._away:
            for away in absent.absences:
                processes = sorted(away.processes) or ("",)
                if away.start <= on <= away.end and any(self.stand_in(absent.id, on, one) == user for one in processes):
                    yield absent.id, away

    def roles(self, user: str) -> frozenset[str]:
        known = self.users.get(user)
        return known.roles if known else frozenset()

    def holders(self, role: str) -> frozenset[str]:
        """Everybody with the role."""
        return self._role_holders.get(role, frozenset())

    def serves(self, user: str, queue: str) -> bool:
        """Whether the user is a member of the queue."""
        known = self.queues.get(queue)
        return known is not None and user in known.members

    def manages(self, user: str, queue: str) -> bool:
        known = self.queues.get(queue)
        return known is not None and user in known.managers

    def members(self, queue: str) -> frozenset[str]:
        known = self.queues.get(queue)
        return known.members if known else frozenset()

    def managers(self, queue: str) -> frozenset[str]:
        known = self.queues.get(queue)
        return known.managers if known else frozenset()

    def serving(self, user: str) -> tuple[str, ...]:
        """The queues that the user may take work from, as member or manager, in order of name."""
        return tuple(sorted(q.id for q in self.queues.values() if user in q.members or user in q.managers))

    def manager(self, user: str) -> str | None:
        """The user's manager: of the first group that somebody else leads, going up from the first group."""
        return self._manager.get(user)

    def line(self, user: str) -> Iterator[str]:
        """The managers above a user, the nearest first; ends where nobody stands above."""
        seen = {user}
        above = self.manager(user)
        while above is not None and above not in seen:
            yield above
            seen.add(above)
            above = self.manager(above)

    def above(self, user: str, other: str) -> bool:
        """Whether `user` stands anywhere in the line above `other`."""
        return user in self.line(other)

    def may(
        self,
        user: str,
        kind: str,
        line: str = "",
        amount: Decimal | None = None,
        decision: str = "",
        on: date | None = None,
    ) -> Grant | None:
        """A grant under which the user may decide so; None if there is none.

        The user's own grants are asked first, then role by role, the narrowest first. `amount` None stands
        for an amount nobody knows: only a grant without limit covers it. An empty line or decision is covered
        only by grants for any.
        """
        for grant in self.held(user, kind, on):
            if grant.line in (line, "") and grant.decision in (decision, "") and grant.reaches(amount):
                return grant
        return None

    def might(
        self,
        user: str,
        kind: str,
        line: str = "",
        amount: Decimal | None = None,
        decision: str = "",
        on: date | None = None,
    ) -> Grant | None:
        """As `may`, before all is known: an empty line or decision, or no amount, rules nothing out."""
        for grant in self.held(user, kind, on):
            if (
                (not line or grant.line in (line, ""))
                and (not decision or grant.decision in (decision, ""))
                and (amount is None or grant.reaches(amount))
            ):
                return grant
        return None

    def grants(self, kind: str) -> tuple[Grant, ...]:
        """All grants of a kind, the narrowest first."""
        return tuple(self._kinds.get(kind, ()))

    def all_grants(self) -> tuple[Grant, ...]:
        """The grants of every kind, kind by kind."""
        return tuple(grant for kind in sorted(self._kinds) for grant in self._kinds[kind])

    def who_may(
        self,
        kind: str,
        line: str = "",
        amount: Decimal | None = None,
        decision: str = "",
        on: date | None = None,
    ) -> tuple[str, ...]:
        """Everybody in service who may decide so, in order of name."""
        near: set[str] = set()
        for grant in self._kinds.get(kind, ()):
            near |= self.holders(grant.role) if grant.role else {grant.user}
        return tuple(user for user in sorted(near) if self.may(user, kind, line, amount, decision, on))

    def held(self, user: str, kind: str, on: date | None = None) -> Iterator[Grant]:
        """The grants of a kind that a user has on that day: their own, then role by role, the narrowest first."""
        known = self.users.get(user)
        if known is None or not known.active(on):
            return
        for holder in (f"user.{user}", *known.holdings):
            for grant in self._grants.get((holder, kind), ()):
                if within(grant.start, grant.end, on):
                    yield grant


def _narrowest(grant: Grant) -> tuple[bool, Decimal, str]:
    return grant.amount is None, grant.amount or Decimal(0), str(grant)


def _manager(groups: Mapping[str, Group], user: User) -> str | None:
    for name in user.groups:
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            group = groups[name]
            if group.manager and group.manager != user.id:
                return group.manager
            name = group.part_of
    return None
