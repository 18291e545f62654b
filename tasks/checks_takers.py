"""Who may come to do a step: the members of the queues that its task may lie in, and who has the authority it asks for.

Where a queue is computed, the names that its expression can yield are known if they are written in it; otherwise
nobody can tell. People count while they are in service on the day that is looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from engine.core.expressions import Expression
from engine.core.model import Human
from engine.language.project import Project
from organisation.directory import Directory, Grant
from tasks.model import NAME as PART
from tasks.model import Authority, Named, Work
from tasks.placing import ASSIGN


@dataclass(frozen=True)
class Takers:
    """Those of one process, on one day."""

    project: Project
    process: str
    people: Directory
    today: date | None
    known: dict[str, list[tuple[str, Grant]]]  # grants by kind of authority, filled when first asked for

    @cached_property
    def work(self) -> dict[str, Work]:
        nodes = self.project.processes[self.process].process.nodes
        return {
            node.id: node.parts[PART]
            for node in nodes.values()
            if isinstance(node.spec, Human) and isinstance(node.parts.get(PART), Work)
        }

    def members(self, work: Work) -> frozenset[str] | None:
        """Who serves the queues that a task may lie in; None if that cannot be told."""
        if isinstance(work.assign, Expression) or (work.assign in ASSIGN and not work.queue):
            return None
        if work.queue and not [*names_of(work.queue)]:
            return None
        found: set[str] = {work.assign} if work.assign and work.assign not in ASSIGN else set()
        for name in (*names_of(work.queue), *names_of(work.else_queue)):
            found |= self.people.members(name) | self.people.managers(name)
        return frozenset(user for user in found if self.people.active(user, self.today))

    def takers(self, step: str) -> frozenset[str] | None:
        """Who may come to do a step at all."""
        work = self.work[step]
        members = self.members(work)
        if members is None or work.authority is None:
            return members
        able = self.able(step, work.authority)
        return able if self.climbs(work) else members & able

    def able(self, step: str, authority: Authority) -> frozenset[str]:
        """Who may decide anything that the step can come to."""
        matters = self.matters(step)
        return frozenset(user for matter in matters for user, _ in self.grants(authority.kind, *matter))

    def climbs(self, work: Work) -> bool:
        return work.authority is not None and work.authority.climb and work.approvals is None

    def matters(self, step: str) -> list[tuple[str, str]]:
        """The lines and decisions that a step can come to; "" for one that is not weighed."""
        authority = self.work[step].authority
        spec = self.project.processes[self.process].process.nodes[step].spec
        assert authority is not None and isinstance(spec, Human)
        known = self.project.house.authority.get(authority.kind)
        graded = [outcome.decision for outcome in spec.outcomes.values() if outcome.decision]
        decisions = graded or [*names_of(authority.decision)]
        if not decisions:
            decisions = sorted(known.decisions) if authority.decision and known and known.decisions else [""]
        lines = [*names_of(authority.line)]
        if not lines:
            lines = sorted(known.lines) if authority.line and known and known.lines else [""]
        return [(line, decision) for line in lines for decision in dict.fromkeys(decisions)]

    def grants(self, kind: str, line: str, decision: str) -> Iterator[tuple[str, Grant]]:
        """Who may decide so at all, with each grant that covers it."""
        for user, grant in self.held(kind):
            if grant.line in (line, "") and grant.decision in (decision, ""):
                yield user, grant

    def held(self, kind: str) -> list[tuple[str, Grant]]:
        """Everybody who has a grant of the kind, with each of theirs."""
        if kind not in self.known:
            users = sorted(self.people.users)
            self.known[kind] = [(user, grant) for user in users for grant in self.people.held(user, kind, self.today)]
        return self.known[kind]


def names_of(name: Named) -> Iterator[str]:
    """The names that one written or computed can turn out to be, as far as they are known."""
    if isinstance(name, Expression):
        yield from (str(value) for value in name.type.enum or () if value is not None)
    elif name:
        yield name
