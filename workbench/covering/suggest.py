"""`caseway test --suggest`: scenarios for what no scenario goes through, each tried on the real engine.

What is found goes through the missing thing and says what was so at its end, for its writer to look whether that is
right. Where no draft gets there, the nearest one is written, with the gap marked that a person has to fill.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootstrap import Caseway, Home
from engine.core.model import Process
from engine.language.problems import DefinitionError
from engine.runtime.clock import VirtualClock
from engine.runtime.errors import StoreError
from workbench.covering.drafts import Base, Draft, drafts, host
from workbench.covering.items import Item
from workbench.covering.report import Coverage
from workbench.covering.seen import Walk
from workbench.expectations import found as found_now
from workbench.playing import Play, Wrong, moment_of
from workbench.scenario_file import load, written_out
from workbench.scenarios import Result, copied, set_up

BASES, TRIES = 2, 4
"""How many scenarios that come near are made use of for each missing thing, and how many drafts of each are tried."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A scenario file to be written. `holds`: it goes through what was missing, as it stands."""

    file: str
    words: str
    text: str
    holds: bool


def suggest(processes: Path, found: Sequence[Coverage], results: Sequence[Result]) -> Iterator[Suggestion]:
    """A suggestion for everything missing that some scenario comes near to; what one of them brings about besides is
    not suggested again."""
    with tempfile.TemporaryDirectory(prefix="caseway-suggest-") as place:
        stage = _Stage(Path(place), processes)
        for one in found:
            done: set[Item] = set()
            for item, words in one.missing.items():
                if item not in done:
                    for made in stage.suggestions(one.process, item, words, results):
                        done |= made[1]
                        yield made[0]


class _Stage:
    """Where drafts are tried: copies of one installation."""

    def __init__(self, place: Path, processes: Path) -> None:
        self._place, self._pattern = place, place / "pattern"
        self._bases: dict[Path, Base | None] = {}
        set_up(self._pattern, processes)

    def suggestions(
        self, process: Process, item: Item, words: str, results: Sequence[Result]
    ) -> Iterator[tuple[Suggestion, set[Item]]]:
        """The one suggestion for something missing, if any scenario comes near it, with all that it goes through."""
        nearest: Draft | None = None
        wanted = set(host(process, item))
        for result in [one for one in results if not one.problems and one.seen.get(process.name, set()) & wanted][
            :BASES
        ]:
            base = self._base(result, process)
            if base is None or not wanted & base.after.keys():
                continue
            for tried, draft in enumerate(drafts(process, item, base)):
                nearest = draft if nearest is None or (nearest.gap == "" and draft.gap) else nearest
                if draft.gap or tried >= TRIES:
                    continue
                seen, expected = self._tried(process, draft)
                if item in seen:
                    yield _written(process, item, words, draft, expected), seen
                    return
        if nearest is not None:
            yield _written(process, item, words, nearest, None), set()

    def _base(self, result: Result, process: Process) -> Base | None:
        if result.file not in self._bases:
            value: Any = load(result.file.read_bytes(), str(result.file)).value
            after, views, _ = self._played(value, process)
            self._bases[result.file] = Base(value, after, views) if after else None
        return self._bases[result.file]

    def _tried(self, process: Process, draft: Draft) -> tuple[set[Item], dict[str, Any] | None]:
        document = load(written_out(draft.written).encode(), "draft.yaml")
        after, _, expected = self._played(document.value, process)
        return set(after), expected

    def _played(
        self, written: Any, process: Process
    ) -> tuple[dict[Item, int], Mapping[str, Mapping[str, Any]], dict[str, Any] | None]:
        """What a case that is played goes through, after how many steps, what its steps saw, and how it stands in the
        end; nothing if it cannot be played."""
        clock = VirtualClock(moment_of(written["at"]))
        with copied(self._pattern, self._place) as folder, Caseway(Home(folder), clock, unsafe=True) as caseway:
            play = Play(caseway, clock, written, [])
            rows, problems = list[int](), list[str]()
            try:
                play.begin(written.get("start", {}))
                for step in ({}, *written.get("steps", ())):
                    problems += play.step(step) if step else []
                    rows.append(self._rows(caseway, play.case))
            except (Wrong, StoreError, DefinitionError):
                return {}, {}, None
            if not play.case or problems:
                return {}, {}, None
            walk = Walk(caseway, play.case, process, watched=process.nodes)
            after: dict[Item, int] = {}
            for row, item in walk.items():
                after.setdefault(item, next(count for count, seen in enumerate(rows) if seen >= row))
            return after, walk.views, found_now(caseway, play.case)

    @staticmethod
    def _rows(caseway: Caseway, case: str) -> int:
        row = caseway.connection.one("SELECT seq FROM cases WHERE id = ?", (case,))
        return int(row[0]) if row else 0


def _written(process: Process, item: Item, words: str, draft: Draft, expected: Mapping[str, Any] | None) -> Suggestion:
    name = "_".join(
        part.strip("/").replace("/", "_") for part in (item.kind, item.place or "process", item.name) if part
    )
    whole = {"scenario": f"{item.kind}: {words}", **{k: v for k, v in draft.written.items() if k != "scenario"}}
    if expected is not None:
        head = (
            "# Suggested, and tried: it goes through this. What it expects is what was so; see whether that is right."
        )
        return Suggestion(
            f"{process.name}_{name}.yaml", words, f"{head}\n{written_out({**whole, 'expect': expected})}", True
        )
    gap = draft.gap or "data or steps with which it gets there; what stands here was tried and does not"
    head = f"# Suggested, with a gap. Still to be said: {' '.join(gap.split())}."
    return Suggestion(
        f"{process.name}_{name}.yaml", f"{words} (still to be said: {gap})", f"{head}\n{written_out(whole)}", False
    )
