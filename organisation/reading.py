"""Who may read what of a case: one table, held against what somebody is to the case.

Theory of operation. Every field of a case has a grade (public, internal, secret), and everybody who looks at a case
is some *parties* to it: its owner, who holds a task of it, who serves a queue in which it stands, or simply staff.
`Reading` is the table: for each grade, the parties that read it. A *restricted* case is read by still fewer: by the
parties of its own row, by whoever its mark names, and by nobody else, whatever the grade. Who has broken the glass
reads everything for as long as that lasts, and somebody else asks why afterwards.

Nothing here looks anything up: the parties are worked out where tasks are known (`tasks.parties`), the words of
house.yaml are read in `organisation.reading_words`, and what was looked at is kept by `organisation.looks`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from engine.core.durations import Duration

NAME = "reading"
"""The extension's part of a house and of a process."""

GRADES = ("public", "internal", "secret")
STAFF, STARTER, OWNER, HOLDER, WORKED, QUEUE, MANAGER, ABOVE = PARTIES = (
    "staff", "starter", "owner", "holder", "worked", "queue", "manager", "above",
)  # fmt: skip
"""What somebody may be to a case, beside `role.x` and `queue.x`:

staff: in service; starter: who started it; owner; holder: who has an open task of it, is meant to, was asked to look
at it, or stands in for them; worked: who completed a step of it; queue: who serves a queue in which it has or had a
task; manager: who manages one in which it has a task; above: who stands above its owner or a holder."""

NAMED, GLASS = "named", "glass"
"""Named by the mark of a restricted case; has broken the glass. Neither can be written into the table."""

ALWAYS: Mapping[str, tuple[str, ...]] = {"public": (NAMED, GLASS), "internal": (NAMED, GLASS), "secret": (GLASS,)}
"""What the house cannot take away."""


_TWO_HOURS, _THREE_DAYS = Duration(2, "h"), Duration(3, "wd")


@dataclass(frozen=True, slots=True)
class Breaking:
    """Breaking the glass: who may, for how long it opens a case, who reviews it and until when."""

    by: tuple[str, ...] = (STAFF,)
    lasts: Duration = _TWO_HOURS
    reviewed_by: tuple[str, ...] = ("role.compliance",)
    within: Duration = _THREE_DAYS


_WIDE = ("role.compliance", "role.director", "role.admin")


@dataclass(frozen=True, slots=True)
class Reading:
    """The table of one house; what it leaves out is as here."""

    grades: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "public": (STAFF,),
            "internal": (HOLDER, OWNER, WORKED, QUEUE, STARTER, ABOVE, *_WIDE),
            "secret": (HOLDER, OWNER),
        }
    )
    restricted: tuple[str, ...] = (HOLDER,)
    restricts: tuple[str, ...] = (OWNER, MANAGER, ABOVE, *_WIDE)  # who sets and lifts the mark
    breaking: Breaking = Breaking()

    def ground(self, grade: str, parties: Collection[str], restricted: bool = False) -> str:
        """As what somebody who is these parties to a case reads its fields of a grade; "" for not at all."""
        if restricted and not any(one in parties for one in (*self.restricted, NAMED, GLASS)):
            return ""
        return first((*self.grades[grade], *ALWAYS[grade]), parties)


def first(allowed: Iterable[str], parties: Collection[str]) -> str:
    """The first of the allowed parties that somebody is; "" if they are none of them."""
    return next((one for one in allowed if one in parties), "")


@dataclass(frozen=True, slots=True)
class Sight:
    """How one user sees one case: the table held against what they are to it."""

    user: str
    case: str
    reading: Reading
    parties: frozenset[str]
    restricted: bool = False

    def ground(self, grade: str) -> str:
        """As what the user reads fields of that grade; "" for not at all."""
        return self.reading.ground(grade, self.parties, self.restricted)

    def reads(self, grade: str) -> bool:
        return bool(self.ground(grade))

    @property
    def may_restrict(self) -> bool:
        """Whether the user may set or lift the mark; who may not even read the case may not."""
        return self.reads("internal") and bool(first(self.reading.restricts, self.parties))

    @property
    def may_break(self) -> bool:
        """Whether the user may break the glass, and gains anything by it."""
        return not self.reads("secret") and bool(first(self.reading.breaking.by, self.parties))
