"""Scenario files: a case played through on the real engine with virtual time, and what must be so (docs/scenarios.md).

Theory of operation. Every scenario gets an installation of its own, copied from one that was set up once for the
run: the folder's processes deployed, the sample organisation loaded; there it is played (`workbench.playing`).
"""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from bootstrap import Caseway, Home, create
from engine.language.problems import DefinitionError
from engine.runtime.clock import VirtualClock
from engine.runtime.errors import StoreError
from workbench.covering.items import Item
from workbench.covering.seen import seen
from workbench.faults import placed
from workbench.playing import Play, Wrong, moment_of
from workbench.scenario_file import check, load

BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
"""When the scenarios' installation was set up: before any scenario begins."""


@dataclass(slots=True)
class Result:
    """What came of one scenario: no problems means that everything was so. `process`: what it is about; `seen`: what
    its cases went through, by process, where that was asked for; `seconds`: how long it took to play."""

    file: Path
    name: str
    problems: list[str] = field(default_factory=list)
    seen: Mapping[str, set[Item]] = field(default_factory=dict)
    seconds: float = 0.0
    process: str = ""


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """Scenario files: those named, and all below the folders named. A process's file, with a folder of its name among
    the scenarios beside it, stands for those."""
    for path in paths:
        own = path.parent / "scenarios" / path.stem
        folder = own if path.is_file() and own.is_dir() else path
        yield from sorted(folder.rglob("*.yaml")) if folder.is_dir() else [folder]


def run_all(
    paths: Sequence[Path], processes: Path, told: Callable[[Result], None] = lambda _: None, *, cover: bool = False
) -> list[Result]:
    """Runs every scenario file; each result is also told when it is there. `cover`: also what its cases went through.
    Raises DefinitionError if the processes themselves do not compile."""
    results = []
    with tempfile.TemporaryDirectory(prefix="caseway-test-") as place:
        pattern = Path(place) / "pattern"
        set_up(pattern, processes)
        for file in files_of(paths):
            results.append(run(file, pattern, Path(place), cover=cover))
            told(results[-1])
    return results


def set_up(folder: Path, processes: Path) -> None:
    """Makes the installation that scenarios get copies of."""
    home = Home(folder)
    create(home)
    shutil.rmtree(home.processes)
    shutil.copytree(processes, home.processes)
    with Caseway(home, VirtualClock(BEFORE), unsafe=True) as caseway:
        caseway.deploy(home.processes, "system")
        people = home.processes / "samples" / "organisation.yaml"
        if people.exists():
            caseway.load_organisation(people, "system")
    shutil.rmtree(home.processes)  # all is in the database now; every scenario copies the folder


def run(file: Path, pattern: Path, place: Path, *, cover: bool = False) -> Result:
    """Runs one scenario in a copy of the pattern installation."""
    result, begun = Result(file, file.stem), perf_counter()
    try:
        document = load(file.read_bytes(), str(file))
        written: Any = document.value
        result.process = str(written["process"])
        result.name = str(written.get("scenario", file.stem))
        clock = VirtualClock(moment_of(written["at"]))
        with copied(pattern, place) as folder, Caseway(Home(folder), clock, unsafe=True) as caseway:
            process = caseway.definitions.process(written["process"])
            check(document, process, caseway)
            play = Play(caseway, clock, written, [])
            try:
                play.run()
                result.problems += _unwritten(caseway)
            finally:
                result.problems += [placed(document, fault) for fault in play.problems]
                result.seen = _seen(caseway, written["process"], play.turned_away) if cover else {}
    except OSError as error:
        result.problems.append(f"{error.filename or file}: {error.strerror or error}")
    except (Wrong, StoreError) as error:
        result.problems.append(str(error))
    except DefinitionError as error:
        result.problems += [str(problem) for problem in error.problems]
    result.seconds = perf_counter() - begun
    return result


def _unwritten(caseway: Caseway) -> list[str]:
    """The documents that could not be made: nobody would be stopped by them, and nobody would get them."""
    cases = caseway.connection.all("SELECT DISTINCT case_id FROM documents ORDER BY case_id")
    found = (kept.document for (case,) in cases for kept in caseway.documents_of(case, limit=1000))
    return [f"the document {one.template} of {one.number}: {one.fault}" for one in found if one.fault]


def _seen(caseway: Caseway, process: str, turned_away: Collection[str]) -> dict[str, set[Item]]:
    """What the cases went through, and the steps of the first one at which somebody was refused, as expected."""
    found = seen(caseway)
    found.setdefault(process, set()).update(Item("refused", step) for step in turned_away)
    return found


@contextmanager
def copied(pattern: Path, place: Path) -> Iterator[Path]:
    """A copy of the pattern installation, for as long as one scenario needs it."""
    folder = Path(tempfile.mkdtemp(dir=place))
    try:
        shutil.copytree(pattern, folder, dirs_exist_ok=True)
        yield folder
    finally:
        shutil.rmtree(folder)
