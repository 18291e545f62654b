"""The keywords of reading: `reading:` in house.yaml, and `restricted:` on a process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.core.kinds import BOOL
from engine.core.model import Process
from engine.language.extension import Context, Extension, Where
from engine.language.words import CONDITION, LENGTH, Schema, described, listing, mapping
from organisation.reading import GRADES, NAME, PARTIES, Breaking, Reading

_PARTY: Schema = {
    "title": f"{', '.join(PARTIES)}, role.x or queue.x",
    "type": "string",
    "pattern": rf"^({'|'.join(PARTIES)}|(role|queue)\.[a-z][a-z0-9_]*)$",
}
_READER: Schema = {
    "title": "role.x or user.x",
    "type": "string",
    "pattern": r"^(role\.[a-z][a-z0-9_]*|user\.\S+)$",
}
_PARTIES = listing(_PARTY, f"a list of parties: {_PARTY['title']}", 0)

HOUSE: Schema = mapping(
    {
        "public": described(_PARTIES, "Who reads fields of grade public. Left out: staff."),
        "internal": described(
            _PARTIES, "Who reads fields of grade internal, tasks, clocks and history.", ["holder", "owner", "queue"]
        ),
        "secret": described(_PARTIES, "Who may open fields of grade secret; every look is kept.", ["holder"]),
        "restricted": described(
            _PARTIES, "Who reads a restricted case, beside whoever its mark names. Left out: holder."
        ),
        "restricts": described(_PARTIES, "Who sets and lifts the mark by hand.", ["owner", "role.compliance"]),
        "break_glass": described(
            mapping(
                {
                    "by": described(_PARTIES, "Who may. Left out: staff; an empty list: nobody."),
                    "lasts": described(LENGTH, "How long the case lies open to them. Left out: 2h.", "2h"),
                    "reviewed_by": described(_PARTIES, "Whose affair the review is.", ["role.compliance"]),
                    "within": described(LENGTH, "When a review is overdue. Left out: 3wd.", "3wd"),
                }
            ),
            "Reading what one has no right to, with a reason that somebody reviews.",
        ),
    },
    title="who may read what",
    description="Who may read what of a case, by the grade of its fields.",
)  # fmt: skip

RESTRICTED: Schema = mapping(
    {
        "when": described(CONDITION, "Which cases are restricted, from when it first holds.", "about_staff"),
        "to": described(listing(_READER, "a list, as [role.compliance]"), "Who else reads them.", ["role.compliance"]),
    },
    "when",
    title="{when: a condition, to: [role.x, user.x]}",
    description="Cases that only few may read: who holds their tasks, the house's own list, and whoever is named here.",
)


@dataclass(frozen=True, slots=True)
class Closed:
    """What a process says of restricting: when its cases are, and to whom; and the table of its house."""

    when: Expression | None = None
    to: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)


def of_house(house: Any) -> Reading:
    """The table of a house."""
    found: Reading | None = house.parts.get(NAME)
    return found or Reading()


def of_process(process: Process) -> Closed:
    found: Closed | None = process.parts.get(NAME)
    return found or _OPEN


_OPEN = Closed()


def _house(context: Context, where: Where, found: dict[str, Any]) -> Reading | None:
    written: Mapping[str, Any] | None = found.get("reading")
    if written is None:
        return None
    here, plain = (*where, "reading"), Reading()

    def parties(key: str, otherwise: tuple[str, ...], at: Where = here, of: Mapping[str, Any] = written) -> Any:
        if key not in of:
            return otherwise
        _known(context, (*at, key), of[key])
        return tuple(of[key])

    glass, inside = written.get("break_glass", {}), (*here, "break_glass")
    usual = plain.breaking
    return Reading(
        {grade: parties(grade, plain.grades[grade]) for grade in GRADES},
        parties("restricted", plain.restricted),
        parties("restricts", plain.restricts),
        Breaking(
            parties("by", usual.by, inside, glass),
            _length(context, (*inside, "lasts"), glass.get("lasts"), usual.lasts),
            parties("reviewed_by", usual.reviewed_by, inside, glass),
            _length(context, (*inside, "within"), glass.get("within"), usual.within),
        ),
    )


def _known(context: Context, where: Where, written: list[str]) -> None:
    """The names behind `role.` and `queue.` are the house's."""
    known = {"role": frozenset(context.house.roles), "queue": frozenset(context.house.queues)}
    for index, one in enumerate(written):
        kind, dot, name = one.partition(".")
        if dot and kind in known:
            context.name((*where, index), name, known[kind], kind)


def _length(context: Context, where: Where, written: str | None, otherwise: Duration) -> Duration:
    if written is None:
        return otherwise
    return context.duration(where, written) or otherwise


def _process(context: Context, where: Where, found: dict[str, Any]) -> Closed | None:
    written, reading = found.get("restricted"), of_house(context.house)
    if written is None:
        return Closed(reading=reading)
    here = (*where, "restricted")
    condition = written["when"]
    source = condition if isinstance(condition, str) else str(condition).lower()
    _known(context, (*here, "to"), written.get("to", []))
    when = context.expression((*here, "when"), source, wants=BOOL)
    return Closed(when, tuple(written.get("to", ())), reading)


READING_WORDS = Extension(
    name=NAME,
    house_keywords={"reading": HOUSE},
    process_keywords={"restricted": RESTRICTED},
    compile_house=_house,
    compile_process=_process,
)
"""The extension that bootstrap registers with the language."""
