"""How people and customers behave, learnt from the scenarios of a folder of processes.

Theory of operation. Every scenario says what somebody filled in at a step, what a customer sent, and with what a case
began. Taken together they are examples of all that can happen at each step, for scenarios cover every outcome. Whoever
works a step takes one of its examples at random; a message comes as often as the scenarios of the process send it.
Moments and dates in an example are as far from now as they were from the moment of the scenario.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.core.model import Catch, Human, Process, Race
from engine.core.values import to_json
from engine.language.source import read
from tasks.registry import Job, Registered
from workbench.playing import moment_of, span_of
from workbench.scenarios import files_of
from workbench.staff import Filled, Habit, Habits, Reply, reason_for

Json = Any
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
WAITED, INTERRUPTING = 85, 12
"""In how many of 100 cases a message comes that a case stands and waits for; and one, at most, that it could meet."""


@dataclass(frozen=True, slots=True)
class Example:
    """What somebody gave at a moment of a scenario."""

    at: datetime
    data: Json = field(default_factory=dict)
    outcome: str = ""
    reason: str = ""
    by: str = ""

    def now(self, now: datetime) -> Json:
        """Its data as of now."""
        return shifted(self.data, now - self.at)


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as its examples show it. What does not do in this case is filled in as another example has it."""

    examples: Sequence[Example]
    minutes: tuple[int, int] = (10, 90)
    tries: int = 8

    def lasts(self, chance: random.Random) -> timedelta:
        return timedelta(minutes=chance.randint(*self.minutes))

    def fill_in(self, process: Process, spec: Human, view: Mapping[str, Json], chance: random.Random) -> Filled:
        one = chance.choice(self.examples)
        data = one.now(datetime.fromisoformat(view["now"]))
        return Filled(one.outcome, data, reason_for(spec, one.outcome, one.reason))


@dataclass(frozen=True, slots=True)
class ShownReply:
    """A message as its examples show it."""

    examples: Sequence[Example]
    chance: int
    after: tuple[timedelta, timedelta] = (timedelta(hours=1), timedelta(days=8))

    def payload(self, view: Mapping[str, Json], chance: random.Random) -> Mapping[str, Json]:
        payload: Mapping[str, Json] = chance.choice(self.examples).now(datetime.fromisoformat(view["now"]))
        return payload


@dataclass(frozen=True, slots=True)
class ShownService:
    """A worker function of another system: it answers as in one of the examples, or does its own work where there
    is none. The same job is always answered alike, as R15 asks of whoever serves it."""

    real: Registered
    examples: Sequence[Example]
    now: Callable[[], datetime]

    def serve(self, job: Job) -> Json:
        answer = random.Random(job.key).choice([None, *self.examples])
        if answer is None:
            return self.real.serve(job)
        return answer.now(self.now())


@dataclass(slots=True)
class Examples:
    """All that the scenarios show. starts: by process; steps: by process and step; messages: by process and name;
    services: by function, what another system answers (`Example.data`)."""

    starts: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[tuple[str, str], list[Example]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[tuple[str, str], list[Example]] = field(default_factory=lambda: defaultdict(list))
    services: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    scenarios: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def habits(self, processes: Mapping[str, Process]) -> Habits:
        steps: dict[tuple[str, str], Habit] = {place: Shown(found) for place, found in self.steps.items()}
        replies: dict[tuple[str, str], Reply] = {}
        for (process, message), found in self.messages.items():
            share = 100 * len(found) // self.scenarios[process]
            waited = message in set(_received(processes[process])) if process in processes else False
            replies[process, message] = ShownReply(found, WAITED if waited else min(share, INTERRUPTING))
        return Habits(steps, replies)


def examples(folder: Path, processes: Mapping[str, Process]) -> Examples:
    """Those of all scenarios below the folder, if it is there. Raises DefinitionError for a file that is no YAML."""
    found = Examples()
    for file in files_of([folder]) if folder.is_dir() else ():
        written: Any = read(file.read_bytes(), file.name).value
        _take(found, written, processes)
    return found


def _take(found: Examples, written: Mapping[str, Any], processes: Mapping[str, Process]) -> None:
    process, at, start = written["process"], moment_of(written["at"]), written.get("start", {})
    found.scenarios[process] += 1
    for name, one in [(process, start), *((other["process"], other) for other in written.get("beside", ()))]:
        if not one.get("refused"):
            found.starts[name].append(Example(at, one.get("data", {}), by=one.get("by", "")))
    _answered(found, written.get("services", {}), at)
    for step in written.get("steps", ()):
        ((what, given),) = step.items()
        if what == "wait":
            at = moment_of(given["until"]) if isinstance(given, Mapping) else at + span_of(given)
        elif what == "services":
            _answered(found, given, at)
        elif what in _TAKES and not given.get("refused"):
            _TAKES[what](found, process, given, at, processes)


def _answered(found: Examples, given: Mapping[str, Json], at: datetime) -> None:
    """What systems answer when they answer: which error is right where only the case at hand can say."""
    for function, answer in given.items():
        answers = answer if isinstance(answer, list) else [answer]
        wrong = [one for one in answers if isinstance(one, Mapping) and set(one) == {"error"}]
        found.services[function] += [Example(at, one) for one in answers if one not in wrong]


def _completed(found: Examples, process: str, given: Mapping[str, Any], at: datetime, all_: Any) -> None:
    """One that is done in another case of the scenario is of whichever process has that step."""
    step, outcome = given["step"], given.get("outcome", "")
    for name in [process] if "in" not in given else all_:
        node = all_[name].nodes.get(step)
        if node is not None and isinstance(node.spec, Human) and (not outcome or outcome in node.spec.outcomes):
            found.steps[name, step].append(Example(at, given.get("data", {}), outcome, given.get("reason", "")))


def _sent(found: Examples, process: str, given: Mapping[str, Any], at: datetime, all_: Any) -> None:
    found.messages[process, given["name"]].append(Example(at, given.get("payload", {})))


_TAKES = {"complete": _completed, "message": _sent}


def _received(process: Process) -> Iterator[str]:
    """The messages at which a case of the process stands and waits."""
    for node in process.nodes.values():
        spec = node.spec
        triggers = [spec.trigger] if isinstance(spec, Catch) else []
        triggers += [option.trigger for option in spec.options] if isinstance(spec, Race) else []
        yield from (trigger.name for trigger in triggers if trigger.kind == "message")


def shifted(value: Json, by: timedelta) -> Json:
    """The value with every date and moment in it moved: dates by whole days."""
    if isinstance(value, Mapping):
        return {name: shifted(one, by) for name, one in value.items()}
    if isinstance(value, list):
        return [shifted(one, by) for one in value]
    if isinstance(value, datetime):
        return to_json((value if value.tzinfo else value.replace(tzinfo=UTC)) + by)
    if isinstance(value, date):
        return (value + timedelta(days=by.days)).isoformat()
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return (datetime.fromisoformat(value) + by).isoformat()
    if isinstance(value, str) and _DATE.fullmatch(value):
        return (date.fromisoformat(value) + timedelta(days=by.days)).isoformat()
    return value
