"""What a process and the house say of papers, compiled: the checklist, and what is taken in at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from engine.core.expressions import Expression
from engine.core.model import Path, Process, Text

PART = "papers"
"""Where the checklist is found in a process, what the house says in the house, and the slice in a case."""

MEGABYTE = 1_000_000
CUSTOMER = "customer"
"""Who acts through a customer's link: no user, and never one of the organisation."""
MOST_FILES, MOST_EACH = 200, 20
"""Attachments of one case, and of one line of its checklist."""


@dataclass(frozen=True, slots=True)
class Line:
    """One paper of the catalogue. `when` None: only somebody who asks for it puts it on the list."""

    title: Text
    help: Text = field(default_factory=dict)
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The message that goes into the case when what was asked for has come: all of it, or each paper."""

    message: str
    key: Expression
    payload: Mapping[str, Expression]
    each: bool = False


@dataclass(frozen=True, slots=True)
class Checklist:
    """The papers of a process. `field` is the list in the data that is kept in step, `letter` the notice that asks
    the customer for what is missing, `waived_by` the roles that may do without a paper."""

    field: Path
    lines: Mapping[str, Line]
    letter: str = ""
    waived_by: frozenset[str] = frozenset()
    when: Expression | None = None  # whether papers are needed at all
    sent: Sent | None = None

    @property
    def reads(self) -> frozenset[str]:
        """The names that say which papers are needed."""
        found = (each for each in (self.when, *(line.when for line in self.lines.values())) if each is not None)
        return frozenset().union(*(each.reads for each in found))


@dataclass(frozen=True, slots=True)
class Intake:
    """What the house takes in. Bytes of one file, the types by their name in `media.TYPES`; and how long a
    customer's link lasts."""

    largest: int = 20 * MEGABYTE
    types: tuple[str, ...] = ("pdf", "jpg", "png", "tif", "heic", "docx", "xlsx", "txt", "csv")
    link: timedelta = timedelta(days=14)


def checklist_of(process: Process) -> Checklist | None:
    found: Checklist | None = process.parts.get(PART)
    return found


def intake_of(house: object) -> Intake:
    """What the house says, or what holds when it says nothing."""
    found = getattr(house, "parts", {}).get(PART)
    return found if isinstance(found, Intake) else Intake()
