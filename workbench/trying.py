"""Trying a process out: a case led by hand, on the real engine, with a clock that can be moved.

Theory of operation. A trial is a scenario that is being written: what has been done stands in it as steps. Doing one
more plays it on; going back plays all but the last ones again in a fresh installation, so that nothing of what was
taken back remains. What is saved is therefore just what was seen. A step that is refused is not kept.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from msgspec import structs

from bootstrap import Caseway
from engine.core.commands import Refusal
from engine.core.data import type_of
from engine.core.kinds import Type
from engine.core.model import Path as Place
from engine.core.model import Process
from engine.runtime.clock import VirtualClock
from engine.runtime.tables import moment
from papers.model import CUSTOMER
from tasks.ground import Look
from tasks.lifecycle import SYSTEM
from tasks.rules import may
from tasks.starting import why_not
from tasks.steering import closed
from workbench.adhoc import adhoc_blocks
from workbench.expectations import found
from workbench.grounds import Grounds
from workbench.handing_in import wanted
from workbench.playing import NEXT_DUE, Play, moment_of
from workbench.scenario_file import check, load, written_out
from workbench.staff import plausible
from workbench.story import form_of, state_of, story

Json = Any
Step = dict[str, Json]

GUESSED = frozenset({"bool", "int", "decimal", "date", "datetime"})
"""Types of which any value will do for a start."""

MOST = 200
"""Steps of a trial: what is longer is no trial any more, and each way back plays all of them."""


@dataclass(frozen=True, slots=True)
class Doable:
    """Something that can be done now, as a step of a scenario. What is still to be said (the outcome, the data) is in
    `form`, as `workbench.story.form_of` tells it; `people` may do it, the first of them proposed."""

    what: str  # a word of scenario steps: complete, message, signal, papers, begin, finish, wait
    name: str  # of the step, message, signal, paper or block
    step: Step
    people: Sequence[str] = ()
    form: Mapping[str, Json] = field(default_factory=dict)
    due: datetime | None = None
    task: int = 0


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
            "start": {},
            **({"services": dict(given["services"])} if "services" in given else {}),
            "steps": [],
        }
        self.problems: list[str] = []
        self._refusal: Refusal | None = None
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
    def refusal(self) -> Refusal | None:
        """Why what was asked last was refused, where it was."""
        return self._refusal

    @property
    def answers(self) -> Mapping[str, Json]:
        """What worker functions answer from here on, of those that are not really called."""
        return {name: given[0] if len(given) == 1 else given for name, given in self._play.answers.items()}

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
        self.written["start"] = {"by": by or next(iter(self.starters()), SYSTEM), "data": dict(data)}
        self.problems = []
        self._play.refusal = None
        self._play.begin(self.written["start"])
        self._refusal = self._play.refusal
        self.problems, self._play.problems[:] = list(map(str, self._play.problems)), []
        return self.problems

    def starters(self) -> list[str]:
        """Who may start the case by hand."""
        look = Look(self.process, None, structs.replace(self.caseway.env(), now=self.now))
        return [user for user in sorted(self.caseway.directory.users) if why_not(look, user) is None]

    def do(self, step: Step) -> list[str]:
        """Does one more step; what stood in the way. A step with problems leaves the trial as it was."""
        if len(self.steps) >= MOST:
            self.problems = [f"a trial has at most {MOST} steps"]
            return self.problems
        self._play.refusal = None
        self.problems = [str(fault) for fault in self._play.step(step)]
        self._refusal = self._play.refusal
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
        self._clock = VirtualClock(moment_of(self.written["at"]))
        caseway = self._open.enter_context(self._grounds.one(self._clock))
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
            *self._messages(state),
            *_signals(state),
            *[Doable("papers", name, {"papers": {"upload": [name]}}) for name in wanted(state)],
            *self._adhoc(state, process),
            *self._due(),
        ]

    def _tasks(self, state: Json, process: Process, language: str) -> Iterator[Doable]:
        look = Look(process, state, structs.replace(self.caseway.env(), now=self.now))
        for number, task in state.work.tasks.items():
            people = self._people(look, number, task.holder)
            step: Step = {"complete": {"step": task.step, **({"by": people[0]} if people else {})}}
            form = form_of(self.caseway, self.case, number, language) or {}
            yield Doable("complete", task.step, step, people, form, task=number)

    def _adhoc(self, state: Json, process: Process) -> Iterator[Doable]:
        """What may be begun in ad-hoc blocks, and which of them may be finished; in both cases by whom."""
        look = Look(process, state, structs.replace(self.caseway.env(), now=self.now))
        for one in adhoc_blocks(process, state.flow):
            offered = [("begin", "step", step) for step in one.steps]
            offered += [("finish", "block", one.step)] if one.by_hand and not one.standing else []
            for what, word, name in offered:
                people = [user for user in sorted(self.caseway.directory.users) if closed(look, user, what) is None]
                step: Step = {what: {word: name, **({"by": people[0]} if people else {})}}
                yield Doable(what, name, step, people)

    def _people(self, look: Look, number: int, holder: str) -> list[str]:
        """Who may do the task now, by name; whoever holds it alone."""
        if holder:
            return [holder]
        users = sorted(self.caseway.directory.users)
        return [user for user in users if any(may(look, user, number, how) is None for how in ("claim", "vote"))]

    def _messages(self, state: Json) -> Iterator[Doable]:
        """The messages that the case waits for; those of several waits once."""
        seen = {(wait.name, wait.key): None for wait in state.flow.waits.values() if wait.kind == "message"}
        for name, key in seen:
            senders = self._senders(name)
            given = {"name": name, **({} if key in ("", state.flow.number) else {"key": key})}
            by = {} if senders[0] == CUSTOMER else {"by": senders[0]}
            yield Doable("message", name, {"message": {**given, **by}}, senders)

    def _senders(self, name: str) -> list[str]:
        """Who may send a message: the customer first, where that is allowed; last the processes of other cases."""
        allowed = set(self.caseway.definitions.house().messages[name].by)
        directory, today = self.caseway.directory, self.caseway.directory.today(self.now)
        users = [
            user for user in sorted(directory.users)
            if directory.active(user, today)
            and not allowed.isdisjoint({"staff", *(f"role.{role}" for role in directory.roles(user))})
        ]  # fmt: skip
        return [*([CUSTOMER] if CUSTOMER in allowed else []), *users, SYSTEM]

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
        check(document, self.process, self.caseway)
        return text

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _signals(state: Json) -> Iterator[Doable]:
    """The signals that the case listens for."""
    for name, key in {(wait.name, wait.key): None for wait in state.flow.waits.values() if wait.kind == "signal"}:
        yield Doable("signal", name, {"signal": {"name": name, **({"key": key} if key else {})}})
