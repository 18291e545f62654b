"""One compilation of one file: what is known of it, and what is collected on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.expressions import AMBIENT
from engine.core.kinds import TEXT, Type
from engine.language.data_schema import DataSchema
from engine.language.document import Document
from engine.language.extension import Where
from engine.language.files import Recorded
from engine.language.house import House
from engine.language.language import Language
from engine.language.outline import HERE, Outline, Region
from engine.language.problems import Problems

OWN_NAMES: Mapping[str, Type] = {"number": TEXT, "starter": TEXT}
"""What the engine itself knows of every case, beside the data and what every expression may read."""
RESERVED = frozenset({*OWN_NAMES, *AMBIENT})


@dataclass(slots=True)
class Build:
    """One compilation, and what it collects on the way."""

    document: Document
    language: Language
    house: House
    files: Recorded
    problems: Problems
    schema: DataSchema = field(default_factory=DataSchema)
    outline: Outline = field(default_factory=Outline)
    calendar: str | None = None  # "" for a process without one; None: not asked for
    milestones: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    notices: dict[str, frozenset[str]] = field(default_factory=dict)  # what each notice's text reads
    writes: dict[str, dict[str, Where]] = field(default_factory=dict)  # step -> top-level name -> where
    reads: dict[str, set[str]] = field(default_factory=dict)  # step -> top-level names of the data
    ended: set[str] = field(default_factory=set)  # regions whose end is jumped to from inside a step
    lost: set[str] = field(default_factory=set)  # regions in which a jump leads nowhere
    jumps: dict[str, list[tuple[str, Where]]] = field(default_factory=dict)  # step -> (target, where)

    @property
    def names(self) -> dict[str, Type]:
        return {**self.language.names, **OWN_NAMES, **self.schema.names}


def end_of(region: Region) -> str:
    """The id of the node that stands for the end of a region."""
    return f"{region.id}/{HERE}"
