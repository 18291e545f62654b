"""Trying a process out: a case led by hand, on the real engine, with a clock that can be moved.

Theory of operation. A trial is a scenario that is being written: what has been done stands in it as steps. Doing one
more plays it on; going back plays all but the last ones again in a fresh installation, so that nothing of what was
taken back remains. What is saved is therefore just what was seen. A step that is refused is not kept.
"""

import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from msgspec import structs

from bootstrap import Caseway, Home
from engine.core.data import type_of
from engine.core.kinds import Type
from engine.core.model import Path as Place
from engine.core.model import Process
from engine.runtime.clock import VirtualClock
from engine.runtime.tables import moment
from tasks.ground import Look
from tasks.lifecycle import SYSTEM
from tasks.rules import may
from tasks.starting import why_not
from workbench.expectations import found
from workbench.handing_in import wanted
from workbench.playing import NEXT_DUE, Play, moment_of
from workbench.scenario_file import check, load, written_out
from workbench.scenarios import BEFORE, copied, set_up
from workbench.staff import plausible
from workbench.story import form_of, state_of, story

Json = Any
Step = dict[str, Json]

GUESSED = frozenset({"bool", "int", "decimal", "date", "datetime"})
"""Types of which any value will do for a start."""

MOST = 200
"""Steps of a trial: what is longer is no trial any more, and each way back plays all of them."""


class Grounds:
    """Where trials of a folder's processes take place; made once for all of them. Raises DefinitionError if the
    processes do not compile, OSError if they cannot be read."""

    def __init__(self, processes: Path) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="caseway-try-"))
        try:
            set_up(self._place / "pattern", processes)
        except BaseException:
            self.close()
            raise

    @property
    def processes(self) -> list[str]:
        """The names of the processes that can be tried."""
        with Caseway(Home(self._place / "pattern"), VirtualClock(BEFORE), unsafe=True) as caseway:
            return sorted(caseway.definitions.names())

    @contextmanager
    def one(self) -> Iterator[Path]:
        with copied(self._place / "pattern", self._place) as folder:
            yield folder

    def close(self) -> None:
        shutil.rmtree(self._place, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Doable:
    """Something that can be done now, as a step of a scenario. What is still to be said (the outcome, the data) is in
    `form`, as `workbench.story.form_of` tells it; `people` may do it, the first of them proposed."""

    what: str  # a word of scenario steps: complete, message, papers, wait
    name: str  # of the step, message or paper
    step: Step
    people: Sequence[str] = ()
    form: Mapping[str, Json] = field(default_factory=dict)
    due: datetime | None = None


class Trial:
    """One case that is tried out. Use it in a `with`, or close it."""

    def __init__(self, grounds: Grounds, process: str, at: datetime, written: Mapping[str, Json] | None = None) -> None:
        self._grounds = grounds
        self._open = ExitStack()
        given = dict(written or {})
        self.written: dict[str, Json] = {
            "scenario": given.get("scenario", f"tried out: {process}"),
            "process": process,
            "at": at.isoformat(timespec="minutes"),
            "start": dict(given.get("start", {})),
            **({"services": dict(given["services"])} if "services" in given else {}),
            "steps": [],
        }
        self.problems: list[str] = []
        self._again()
        if "start" in given:
            self.start(given["start"].get("data", {}), given["start"].get("by", SYSTEM))
        for step in given.get("steps", ()):
            if self.problems:
                break
            if "expect" not in step:
                self.do(step)

    # --- what it is -----------------------------------------------------------------------------------

    @property
    def caseway(self) -> Caseway:
        return self._play.caseway

    @property
    def process(self) -> Process:
        found = self.caseway.definitions.process(self.written["process"])
        assert found is not None  # asked for when it was begun
        return found

    @property
    def case(self) -> str:
        """The id of the case; empty before it is started."""
        return self._play.case

    @property
    def now(self) -> datetime:
        return self._clock.now()

    @property
    def zone(self) -> ZoneInfo:
        """In which moments are shown: that of the first calendar, as for commands."""
        calendar = next(iter(self.caseway.calendars.values()), None)
        return self.caseway.directory.zone if calendar is None else calendar.zone

    @property
    def state(self) -> Json:
        return state_of(self.caseway, self.case)[0]

    def told(self, language: str = "zh") -> dict[str, Json]:
        """The case as its page would tell it; what is secret in it is hidden. Empty before it is started."""
        return story(self.caseway, self.case, language) if self.case else {"data": {}, "clocks": [], "history": []}

    @property
    def steps(self) -> list[Step]:
        steps: list[Step] = self.written["steps"]
        return steps

    # --- what is done ---------------------------------------------------------------------------------

    def start(self, data: Mapping[str, Json], by: str = "") -> list[str]:
        """Starts the case, on behalf of the first who may where nobody is named; what stood in the way."""
        self.written["start"] = {"by": by or self._starter(), "data": dict(data)}
        self.problems = []
        self._play.begin(self.written["start"])
        self.problems, self._play.problems[:] = list(self._play.problems), []
        return self.problems

    def _starter(self) -> str:
        look = Look(self.process, None, structs.replace(self.caseway.env(), now=self.now))
        users = sorted(self.caseway.directory.users)
        return next((user for user in users if why_not(look, user) is None), SYSTEM)

    def do(self, step: Step) -> list[str]:
        """Does one more step; what stood in the way. A step with problems leaves the trial as it was."""
        if len(self.steps) >= MOST:
            self.problems = [f"a trial has at most {MOST} steps"]
            return self.problems
        self.problems = self._play.step(step)
        if self.problems:
            told = self.problems
            self._again()
            self.problems = told
        else:
            self.steps.append(step)
        return self.problems

    def undo(self, count: int = 1) -> None:
        """Takes the last steps back; beyond the first, the start too."""
        for _ in range(count):
            if self.steps:
                self.steps.pop()
            else:
                self.written["start"] = {}
        self._again()

    def _again(self) -> None:
        """Plays what is written from its beginning."""
        self._open.close()
        self.problems = []
        folder = self._open.enter_context(self._grounds.one())
        self._clock = VirtualClock(moment_of(self.written["at"]))
        caseway = self._open.enter_context(Caseway(Home(folder), self._clock, unsafe=True))
        self._play = Play(caseway, self._clock, self.written, [])
        if self.written["start"]:
            self._play.begin(self.written["start"])
            for step in self.steps:
                self._play.step(step)

    # --- what can be done -----------------------------------------------------------------------------

    def fields(self) -> list[tuple[Place, Type]]:
        """What the start asks for."""
        return [(path, type_of(self.process.names, path)) for path in self.process.start.form]

    def example(self, fields: Sequence[tuple[Place, Type]]) -> dict[str, Json]:
        """Something plausible for these fields; the same every time."""
        chance = random.Random(7)
        return {".".join(path): plausible(kind, None, chance, self.now) for path, kind in fields}

    def doable(self, language: str = "zh") -> list[Doable]:
        """What can be done now: tasks, messages that are waited for, papers that are missing, and what falls due."""
        if not self.case:
            return []
        state, process = state_of(self.caseway, self.case)
        return [
            *self._tasks(state, process, language),
            *_messages(state, process),
            *[Doable("papers", name, {"papers": {"upload": [name]}}) for name in wanted(state)],
            *self._due(),
        ]

    def _tasks(self, state: Json, process: Process, language: str) -> Iterator[Doable]:
        look = Look(process, state, structs.replace(self.caseway.env(), now=self.now))
        for number, task in state.work.tasks.items():
            people = self._people(look, number, task.holder)
            step: Step = {"complete": {"step": task.step, **({"by": people[0]} if people else {})}}
            yield Doable("complete", task.step, step, people, form_of(self.caseway, self.case, number, language) or {})

    def _people(self, look: Look, number: int, holder: str) -> list[str]:
        """Who may do the task now, by name; whoever holds it alone."""
        if holder:
            return [holder]
        users = sorted(self.caseway.directory.users)
        return [user for user in users if any(may(look, user, number, how) is None for how in ("claim", "vote"))]

    def _due(self) -> Iterator[Doable]:
        found = self.caseway.connection.one(NEXT_DUE)[0]
        if found is not None:
            due = moment(found)
            until = due.astimezone(self.zone).isoformat(timespec="seconds")
            yield Doable("wait", until, {"wait": {"until": until}}, due=due)

    # --- what is kept ---------------------------------------------------------------------------------

    def scenario(self, title: str = "") -> str:
        """The trial as a scenario file, which expects what is so now."""
        expected = found(self.caseway, self.case) if self.case else {}
        whole = {
            **self.written,
            "scenario": title or self.written["scenario"],
            "at": moment_of(self.written["at"]).astimezone(self.zone).isoformat(timespec="minutes"),
            **({"expect": expected} if expected else {}),
        }
        text = written_out(whole)
        document = load(text.encode(), "scenario.yaml")  # what is written can be read
        check(document, self.process, self.caseway.definitions.house(), self.caseway.directory)
        return text

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _messages(state: Json, process: Process) -> Iterator[Doable]:
    """The messages that the case waits for; those of several waits once."""
    seen = {(wait.name, wait.key): None for wait in state.flow.waits.values() if wait.kind == "message"}
    for name, key in seen:
        given = {"name": name} if key in ("", state.flow.number) else {"name": name, "key": key}
        yield Doable("message", name, {"message": given})
