"""Authority: what a task decides, held against the grants of who would decide it.

Before a task is completed not everything is known: what is not set rules nothing out. At completion the form
is filled in, and what then is not set is covered only by grants that do not ask for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from engine.core.data import Names, assigned, completed_by, names
from engine.core.machine import Turn
from engine.core.model import Human, Json, Outcome, Process, Text
from engine.core.moves import FAULTS
from engine.language.house import Authority as Kind
from engine.language.house import House
from organisation.directory import Directory, Grant
from tasks.ground import Ground, directory
from tasks.model import Authority, Named, Work
from tasks.reasons import Reason, Titled, reason

MOST_NAMED = 5
"""How many of those who may decide a refusal names."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be decided, as far as it is known: None and "" are not."""

    kind: str
    line: str
    amount: Decimal | None
    decision: str

    def __str__(self) -> str:
        """By its names, as events record it."""
        amount = "" if self.amount is None else f"{self.amount:f}"
        return " ".join(part for part in (self.kind, self.line, self.decision, amount) if part)

    def told(self, known: Kind | None) -> Titled:
        """In words, by the titles of the house: Claims · Motor · Approve · 50,000."""
        kind = known or Kind({})
        given = (
            (kind.title, self.kind), (kind.lines.get(self.line), self.line),
            (kind.decisions.get(self.decision), self.decision),
        )  # fmt: skip
        amount = "" if self.amount is None else f"{self.amount:,f}"

        def told(language: str) -> str:
            parts = [(title or {}).get(language) or name.replace("_", " ") for title, name in given]
            return " · ".join(part for part in (*parts, amount) if part)

        return Titled(str(self), {language: told(language) for language in House().languages})


def matter_of(ground: Ground, number: int, authority: Authority) -> Matter:
    """What the task will decide, as far as it is known now. Raises Fault or EvaluationError."""
    return _matter(authority, authority.decision, names(cast(Turn, ground), number))


def weigh(ground: Ground, user: str, number: int, step: Work) -> Reason | None:
    """Why the user cannot have the authority that the task will take; None while it may be."""
    authority = step.authority
    if authority is None:
        return None
    try:
        matter = matter_of(ground, number, authority)
    except FAULTS as fault:
        return reason("unweighed", fault=fault)
    people = directory(ground)
    on = people.today(ground.now)
    if people.might(user, matter.kind, matter.line, matter.amount, matter.decision, on):
        return None
    return _beyond(people, matter, authority, on)


def ruling(turn: Turn, number: int, step: Work, chosen: str, changes: Mapping[str, Json]) -> Grant | Reason | None:
    """The grant under which the actor decides so, or why none does; None where none is needed.

    `chosen` is the outcome, `changes` what was filled in, by dotted path; what the outcome sets is added to it.
    """
    spec = turn.process.nodes[turn.state.flow.tokens[number].at].spec
    assert isinstance(spec, Human)
    outcome = spec.outcomes.get(chosen)
    authority = step.authority
    decision = None if authority is None else _decision(authority, spec, outcome)
    if authority is None or decision is None:
        return None
    try:
        if outcome is not None and outcome.sets:
            changes = {
                **changes,
                **assigned(turn, outcome.sets, _after(turn, number, {**changes, **completed_by(turn)})),
            }
        matter = _matter(authority, decision, _after(turn, number, changes))
    except FAULTS as fault:
        return reason("unweighed", fault=fault)
    people = directory(turn)
    on = people.today(turn.now)
    actor = turn.request.actor
    grant = people.may(actor, matter.kind, matter.line, matter.amount, matter.decision, on)
    if grant is not None:
        return grant
    if matter.amount is None and authority.amount is not None:
        return reason(
            "no_amount", amount=_field(turn.process, authority.amount.source), what=matter.told(authority.known)
        )
    return _beyond(people, matter, authority, on)


def _field(process: Process, name: str) -> Text | str:
    """The title of a field; an expression that is no field says itself."""
    known = process.names.get(name)
    return (known.title if known is not None else None) or name


def _beyond(people: Directory, matter: Matter, authority: Authority, on: date) -> Reason:
    """That somebody's authority does not reach, and who has it."""
    able = people.who_may(matter.kind, matter.line, matter.amount, matter.decision, on)
    return reason("authority", what=matter.told(authority.known), who=", ".join(able[:MOST_NAMED]) or "-")


def _decision(authority: Authority, spec: Human, outcome: Outcome | None) -> Named | None:
    """What the outcome decides; None for nothing that authority would weigh."""
    if outcome is not None and outcome.decision:
        return outcome.decision
    graded = any(one.decision for one in spec.outcomes.values())
    return None if graded else authority.decision


def _after(turn: Turn, number: int, changes: Mapping[str, Json]) -> Names:
    """The names as they will be when the changes have been written."""
    now = names(turn, number)
    extra: dict[str, Json] = {}
    for path, value in changes.items():
        top, *rest = path.split(".")
        if not rest:
            extra[top] = value
            continue
        place = extra[top] = _copy(extra.get(top, now.get(top)))
        for name in rest[:-1]:
            place[name] = _copy(place.get(name))
            place = place[name]
        place[rest[-1]] = value
    return names(turn, number, extra)


def _copy(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}


def _matter(authority: Authority, decision: Named, view: Mapping[str, Json]) -> Matter:
    amount = None if authority.amount is None else authority.amount.evaluate(view)
    amount = None if amount is None else Decimal(amount)
    return Matter(authority.kind, _named(authority.line, view), amount, _named(decision, view))


def _named(name: Named, view: Mapping[str, Json]) -> str:
    if isinstance(name, str):
        return name
    found = name.evaluate(view)
    return "" if found is None else str(found)
