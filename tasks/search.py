"""What cases are found by: the words of the fields that a process names under `search:`, as rows with an index.

Theory of operation. A text is folded (full width to half, capitals to small) and cut into *runs*: of letters and
digits as they stand (`pm2026000001`, `a.b@c.cn`), of Chinese characters together. What is looked for is always the
beginning of a row's word, which an index on it finds. So a run of letters is a row, and one more for each part after
a dot, dash or the like; a run of characters, in which a name may stand anywhere, is a row for each place from which
two are left: 王小明 gives 王小明 and 小明. Words are cut, and a case has `MOST` at most, of the fields in the order
in which the process names them. `tasks.find` asks the rows.

The business number needs no rows: the case's own row has an index on it. No field that holds a secret may be named.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from engine.core.env import Versions
from engine.core.events import CaseMigrated, DataChanged, DataDropped
from engine.core.kinds import ANY, TEXT, Type, holds_secret
from engine.core.model import Process
from engine.language.extension import Context, Extension, Where
from engine.language.words import NAME, described, listing
from engine.runtime.projection import Projection, Row
from engine.runtime.tables import micros
from tasks.tables import CaseWord

PART = "search"
LONGEST, LONGEST_HAN = 24, 8
"""Characters of a word that are kept: of letters and digits, of Chinese characters."""
MOST = 64
"""Words of one case."""
MOST_TERMS = 6
ABOUT, SHOWN = 2, 80
"""What a line says of a case: its first search fields, cut."""

CODES = {"CW823": "cases found by what they cannot be found by"}

_HAN = r"㐀-鿿豈-﫿𠀀-𱍉"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:[-_./@+#][^\W_{_HAN}]+)*")
_PART = re.compile(r"(?<=[-_./@+#])[^-_./@+#]")
_IS_HAN = re.compile(rf"[{_HAN}]")


def runs(text: str) -> list[str]:
    """The runs of a text, folded."""
    return _RUN.findall(unicodedata.normalize("NFKC", text).casefold())


def words(text: str) -> Iterator[str]:
    """The words under which a text is found."""
    for run in runs(text):
        if _IS_HAN.match(run):
            yield from (run[start : start + LONGEST_HAN] for start in range(max(len(run) - 1, 1)))
        else:
            yield from (run[start:][:LONGEST] for start in (0, *(part.start() for part in _PART.finditer(run))))


class Term(NamedTuple):
    """A part of what is looked for: as it was typed, folded, and the words of which each must begin one of a case."""

    text: str
    words: tuple[str, ...]


def terms(query: str) -> list[Term]:
    """What is looked for, at most `MOST_TERMS` parts."""
    found = [
        Term(run, _pieces(run, LONGEST_HAN) if _IS_HAN.match(run) else (run[:LONGEST],))
        for run in dict.fromkeys(runs(query))
    ]  # fmt: skip
    return found[:MOST_TERMS]


def _pieces(run: str, length: int) -> tuple[str, ...]:
    """A run of characters in pieces that words are cut to; the last one overlaps."""
    if len(run) <= length:
        return (run,)
    return tuple(dict.fromkeys((run[:length], run[-length:])))


def fields(process: Process) -> tuple[str, ...]:
    """The fields by which cases of the process are found."""
    found: tuple[str, ...] = process.parts.get(PART, ())
    return found


def words_of(process: Process, data: dict[str, Any]) -> list[str]:
    """The words of a case's data."""
    found: dict[str, None] = {}
    for name in fields(process):
        for text in _texts(data.get(name)):
            for word in words(text):
                found[word] = None
                if len(found) == MOST:
                    return list(found)
    return list(found)


def about(process: Process, data: dict[str, Any]) -> str:
    """What a line in a list says of a case."""
    texts = (text[:SHOWN] for name in fields(process)[:ABOUT] for text in _texts(data.get(name)))
    return " ".join(texts)[: ABOUT * SHOWN]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))


def projection(versions: Versions) -> Projection:
    """The words of a case as rows, by their place in the list."""

    def process(state: Any) -> Process | None:
        return versions.process(state.flow.process, state.flow.version)

    def rows(state: Any) -> dict[int, Row]:
        found = process(state)
        if found is None:
            raise LookupError(f"{state.flow.process} {state.flow.version} is not deployed here")
        started = micros(state.flow.started)
        return {place: (word, started) for place, word in enumerate(words_of(found, state.flow.data))}

    def touched(state: Any, event: DataChanged) -> Iterable[int]:
        found = process(state)
        names = fields(found) if found is not None else ()
        if not names or event.token or all(path.partition(".")[0] not in names for path in event.changes):
            return ()
        return range(MOST)

    return Projection(
        table=CaseWord,
        touches={},
        row=lambda state, place: rows(state).get(place),
        ids=rows,
        together=rows,
        asks={DataChanged: touched, **dict.fromkeys((CaseMigrated, DataDropped), lambda state, event: range(MOST))},
    )


# --- the keyword --------------------------------------------------------------------------------------

_FIELDS = listing({**NAME, "title": "a field at the top of the data, as policy_number"}, "a list of fields")


def _process(context: Context, where: Where, found: dict[str, Any]) -> tuple[str, ...] | None:
    if "search" not in found:
        return None
    named = []
    for index, name in enumerate(found["search"]):
        at = (*where, "search", index)
        place = context.path(at, name)
        if place is None:
            continue
        if holds_secret(place[1]):
            context.problem(at, "CW823", f"{name} is secret: to find it would tell what it is")
        elif not _is_text(place[1]):
            context.problem(at, "CW823", f"{name} is {place[1]}", expected="a text, or a list of texts")
        named.append(name)
    return tuple(dict.fromkeys(named))


def _is_text(kind: Type) -> bool:
    return kind.kind in (TEXT.kind, "any") or (kind.kind == "list" and (kind.item or ANY).kind in (TEXT.kind, "any"))


SEARCH_WORDS = Extension(
    name=PART,
    process_keywords={
        "search": described(
            _FIELDS, "The fields by which cases are found, beside their number; the first two say in lists what a "
            "case is about.", ["policy_number", "customer_name"],
        ),
    },
    compile_process=_process,
)  # fmt: skip
"""The extension that bootstrap registers with the language."""
