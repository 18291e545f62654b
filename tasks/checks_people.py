"""Whether there is somebody for everything that a process asks of people, told with their names.

Theory of operation. Of each person's step the *takers* are worked out: the members of the queues that it may lie in,
and where its authority climbs, whoever has that authority. Where a queue is computed, the names that its expression
can yield are known if they are written in it; otherwise nothing is claimed. People count while they are in service on
the day of the check. Authority is asked for every line and decision that the step can come to, up to the most that the
data schema allows the amount to be; without such a bound somebody must decide without limit. Four eyes cannot be met
if whoever does the one step is all there is for the other; they get stuck if one person, having done the one, leaves
nobody for the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.core.model import Human, Node, Notify
from engine.language.fields import largest, schema_of
from engine.language.problems import Problem
from engine.language.project import Project
from organisation.directory import Directory, Grant, User
from tasks.checks_takers import Takers, names_of
from tasks.model import NAME as PART
from tasks.model import Authority, Work
from tasks.placing import ASSIGN

CODES = {
    "CW651": "a queue that nobody serves",
    "CW652": "a role that nobody has",
    "CW653": "four eyes that nobody can meet",
    "CW654": "authority that nobody has",
    "CW655": "votes for more people than there are",
    "CW656": "a skill that nobody has",
    "CW657": "a queue without a manager",
    "CW658": "a person who is not in service",
}
MOST_NAMED = 5
"""People that a finding names."""


def check(project: Project) -> Iterator[Problem]:
    """What nobody can do; without people, only what no people could mend."""
    for name in sorted(project.processes):
        process = project.processes[name].process
        for node in process.nodes.values():
            if isinstance(node.spec, Human) and isinstance(node.parts.get(PART), Work):
                yield from _same_person(project, name, node)
    people = project.people
    if not isinstance(people, Directory):
        return
    known: dict[str, list[tuple[str, Grant]]] = {}
    for name in sorted(project.processes):
        takers = Takers(project, name, people, project.today, known)
        yield from _Staffed(project, name, people, project.today, takers).problems()


def _same_person(project: Project, process: str, node: Node) -> Iterator[Problem]:
    """Four eyes between two steps that are meant for one and the same person."""
    work: Work = node.parts[PART]
    nodes = project.processes[process].process.nodes
    for place, other in enumerate(work.not_by):
        told = nodes[other].parts.get(PART) if other in nodes else None
        if isinstance(told, Work) and work.assign and work.assign == told.assign and isinstance(work.assign, str):
            message = f"step {node.id} and step {other} are both for the {work.assign}, and not for the same person"
            hint = "give one of them to a queue"
            yield project.problem(process, node.id, ("human", "not_by", place), "CW653", message, hint=hint)


@dataclass(frozen=True)
class _Staffed:
    """One process, and the people there are for it."""

    project: Project
    process: str
    people: Directory
    today: date | None
    takers: Takers

    def problems(self) -> Iterator[Problem]:
        process = self.project.processes[self.process].process
        told: set[str] = set()
        for node in process.nodes.values():
            if isinstance(node.spec, Notify):
                yield from self._addressees(node, node.spec)
            if node.id not in self.takers.work:
                continue
            yield from self._queues(node, told)
            yield from self._authority(node)
            yield from self._eyes(node)
            yield from self._votes(node)
            yield from self._skill(node)

    @cached_property
    def _schema(self) -> Mapping[str, Any]:
        return schema_of(self.project.processes[self.process])

    def _problem(self, step: str, keys: tuple[str | int, ...], code: str, message: str, hint: str) -> Problem:
        return self.project.problem(self.process, step, keys, code, message, hint=hint)

    # --- queues, roles, persons --------------------------------------------------------------------

    def _queues(self, node: Node, told: set[str]) -> Iterator[Problem]:
        work = self.takers.work[node.id]
        for key, queue in (("queue", work.queue), ("else_queue", work.else_queue)):
            for name in names_of(queue):
                if name in told:
                    continue
                told.add(name)
                where = ("human", key)
                if not any(self._there(user) for user in self.people.members(name)):
                    message = f"nobody serves the queue {name}{self._why(self.people.members(name))}"
                    yield self._problem(node.id, where, "CW651", message, f"give {name} a member in the organisation")
                elif not any(self.people.active(user, self.today) for user in self.people.managers(name)):
                    message = f"the queue {name} has no manager{self._why(self.people.managers(name))}: "
                    message += "what nobody takes, and what is to go up, goes to nobody"
                    yield self._problem(node.id, where, "CW657", message, f"give {name} a manager in the organisation")
        if isinstance(work.assign, str) and work.assign and work.assign not in ASSIGN:
            yield from self._person(node.id, ("human", "assign"), work.assign)

    def _addressees(self, node: Node, spec: Notify) -> Iterator[Problem]:
        for place, to in enumerate(spec.to):
            kind, _, name = to.partition(".") if isinstance(to, str) else ("", "", "")
            where = ("notify", place)
            if kind == "role" and not any(self._there(user) for user in self.people.holders(name)):
                message = f"nobody has the role {name}{self._why(self.people.holders(name))}"
                yield self._problem(node.id, where, "CW652", message, f"give somebody the role {name}, or tell others")
            elif kind == "user":
                yield from self._person(node.id, where, name)
            elif kind == "queue" and not self.people.members(name):
                message = f"nobody serves the queue {name}, which is to be told"
                yield self._problem(node.id, where, "CW651", message, f"give {name} a member in the organisation")

    def _person(self, step: str, where: tuple[str | int, ...], user: str) -> Iterator[Problem]:
        if not self.people.active(user, self.today):
            known = user in self.people.users
            message = f"{user} is no longer in service" if known else f"there is no user {user}"
            yield self._problem(step, where, "CW658", message, "name a queue or a role: people come and go")

    def _there(self, user: str) -> bool:
        if self.today is None:
            return self.people.active(user, None)
        return self.people.there(user, self.today, self.process)

    def _why(self, users: frozenset[str]) -> str:
        """Why each of them does not count."""
        told = [f"{user} {self._gone(self.people.users[user])}" for user in sorted(users) if user in self.people.users]
        return f" ({', '.join(told[:MOST_NAMED])})" if told else ""

    def _gone(self, user: User) -> str:
        if not user.active(self.today):
            return f"has left on {user.end}" if user.end and self.today and user.end < self.today else "is not here yet"
        absence = None if self.today is None else self.people.absence(user.id, self.today, self.process)
        return f"is away until {absence.end}" if absence else "is here"

    # --- authority ------------------------------------------------------------------------------------

    def _authority(self, node: Node) -> Iterator[Problem]:
        work = self.takers.work[node.id]
        authority = work.authority
        members = self.takers.members(work)
        if authority is None or (members is None and not self.takers.climbs(work)):
            return
        most = self._most(authority)
        gaps: dict[str, list[str]] = {}
        for line, decision in self.takers.matters(node.id):
            found = [
                (user, grant)
                for user, grant in self.takers.grants(authority.kind, line, decision)
                if self.takers.climbs(work) or (members is not None and user in members)
            ]
            matter = " ".join(part for part in (authority.kind, line, decision) if part)
            if not found:
                gaps.setdefault("nobody may decide {}", []).append(matter)
            elif not any(grant.reaches(most) for _, grant in found):
                gaps.setdefault(self._highest(found, most, authority), []).append(matter)
        where = ("human", "authority")
        for text, matters in gaps.items():
            shown = ", ".join(matters[:3]) + (f" and {len(matters) - 3} more" if len(matters) > 3 else "")
            message = text.replace("{}", shown)
            if not self.takers.climbs(work):
                message += " among those who take it"
            hint = "grant it to somebody, or bound the amount in the data schema (maximum)"
            yield self._problem(node.id, where, "CW654", message, hint)

    def _highest(self, found: list[tuple[str, Grant]], most: Decimal | None, authority: Authority) -> str:
        top = max(grant.amount or Decimal(0) for _, grant in found)
        users = list(dict.fromkeys(user for user, grant in found if grant.amount == top))
        named = ", ".join(users[:MOST_NAMED])
        named += f" and {len(users) - MOST_NAMED} more" if len(users) > MOST_NAMED else ""
        if authority.amount is None:
            return f"nobody may decide {{}} without limit, and no amount is weighed: {named} may up to {top:f}"
        bound = "" if most is None else f", and it may be {most:f}"
        return f"nobody may decide {{}} above {top:f}{bound}: {named} may up to that"

    def _most(self, authority: Authority) -> Decimal | None:
        """The largest amount there can be; None for no bound."""
        if authority.amount is None:
            return None
        return largest(self._schema, authority.amount.source)

    # --- four eyes, votes, skills -----------------------------------------------------------------------

    def _eyes(self, node: Node) -> Iterator[Problem]:
        takers = self.takers.takers(node.id)
        if not takers:
            return  # told otherwise, or not known
        for place, other in enumerate(self.takers.work[node.id].not_by):
            done = self.takers.takers(other) if other in self.takers.work else None
            if not done:
                continue
            where, hint = ("human", "not_by", place), "let more people take one of the steps"
            if len(takers) == 1 and takers <= done:
                (only,) = takers
                how = "must not do" if done == takers else "may have done"
                message = f"only {only} takes {node.id}, and {how} {other} too"
                yield self._problem(node.id, where, "CW653", message, hint)
            elif len(done) == 1 and done == takers:
                yield self._problem(node.id, where, "CW653", f"only {min(done)} takes {node.id} and {other}", hint)

    def _votes(self, node: Node) -> Iterator[Problem]:
        work = self.takers.work[node.id]
        members = self.takers.members(work)
        if work.approvals is None or members is None:
            return
        serving = {user for name in names_of(work.queue) for user in self.people.members(name)}
        role = work.approvals.role
        voters = {user for user in members & serving if not role or role in self.people.roles(user)}
        if work.authority is not None:
            voters &= self.takers.able(node.id, work.authority)
        if len(voters) < work.approvals.of:
            named = f": {', '.join(sorted(voters))}" if voters else ""
            message = f"{work.approvals.of} people have a vote in {node.id}, and only {len(voters)} may cast one{named}"
            hint = "let more people vote, or ask for fewer votes"
            yield self._problem(node.id, ("human", "approvals", "of"), "CW655", message, hint)

    def _skill(self, node: Node) -> Iterator[Problem]:
        work = self.takers.work[node.id]
        queues = self.people.queues
        for skill in names_of(work.skill):
            for name in names_of(work.queue):
                if name not in queues or queues[name].assign_by != "skill":
                    continue
                able = [user for user in self.people.members(name) if skill in self.people.users[user].skills]
                if not any(self.people.active(user, self.today) for user in able):
                    message = f"nobody who serves {name} has the skill {skill}"
                    hint = "give somebody of the queue the skill, or ask for another"
                    yield self._problem(node.id, ("human", "skill"), "CW656", message, hint)
