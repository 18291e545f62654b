"""The plan of a rehearsal: a YAML file, checked for its shape and its names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bootstrap import SHIPPED, Caseway
from engine.core.model import Human, Process
from engine.core.naming import did_you_mean
from engine.language.document import Document
from engine.language.problems import Problem, Problems, one_of
from engine.language.shape import misshapen, validator
from engine.language.source import read
from engine.language.words import Schema, described, listing, mapping, named
from workbench.playing import span_of
from workbench.rehearsal.chances import Spread
from workbench.shown import Examples

CODES = {"CW954": "a name in a plan that processes, organisation or calendars do not have"}

_TEXT: Schema = {"title": "a text", "type": "string", "minLength": 1}
_COUNT: Schema = {"title": "a whole number from 1", "type": "integer", "minimum": 1}
_MINUTES: Schema = {"title": "a number of minutes", "type": "number", "minimum": 0}
_LENGTH: Schema = {"title": "a length of time as 25min, 2h, 1d", "type": "string", "pattern": r"^\d+(min|h|d)$"}
_TWO = {**listing(_MINUTES, "two numbers of minutes", 2), "maxItems": 2}
_THREE = {**listing(_MINUTES, "three numbers of minutes", 3), "maxItems": 3}
_SPREAD: Schema = {
    "title": "minutes: a number, [least, most], or a mapping with one distribution",
    "anyOf": [
        _MINUTES, _TWO,
        {
            **mapping({
                "exponential": {**_MINUTES, "exclusiveMinimum": 0}, "normal": _TWO, "lognormal": _TWO,
                "triangular": _THREE, "sample": listing(_MINUTES, "a list of numbers of minutes"),
            }),
            "minProperties": 1, "maxProperties": 1,
        },
    ],
}  # fmt: skip
_ARRIVALS = mapping(
    {
        "every": described(_LENGTH, "How long after one another they begin, on average.", "25min"),
        "spread": described({"title": "random or even", "enum": ["random", "even"]},
                            "random: each independent of the others (exponential gaps). Left out: random."),
        "hours": described({"title": "working or always", "enum": ["working", "always"]},
                           "In working hours only, or at any time. Left out: working."),
        "data": described({"title": "a mapping from fields to values", "type": "object"},
                          "What each begins with. Left out: as one of the scenarios of the process begins."),
    },
    "every",
)  # fmt: skip
_STEP = mapping({
    "minutes": described(_SPREAD, "Working time that it takes, from being taken to being done.", [5, 20]),
    "outcomes": described(
        named({"title": "a weight", "type": "number", "minimum": 0}, "weights of outcomes"), "How often it ends how.",
        {"approve": 90, "refuse": 10},
    ),
})  # fmt: skip
_REPLY = mapping({
    "chance": described({"title": "0 to 100", "type": "integer", "minimum": 0, "maximum": 100},
                        "In how many of 100 cases it comes."),
    "after": described({**listing(_LENGTH, "two lengths of time", 2), "maxItems": 2}, "How long after, from and to."),
}, "chance", "after")  # fmt: skip
_PEOPLE = named(_COUNT, "a mapping from users to how many more of their kind")
SHAPE: Schema = mapping(
    {
        "title": described(_TEXT, "What is rehearsed."),
        "seed": described(_COUNT, "Where chance begins. Left out: 7."),
        "replications": described(_COUNT, "How often it is worked, each time with other luck. Left out: 5."),
        "begin": described({"title": "a day as 2026-03-02", "type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
                           "The first day."),
        "days": described(_COUNT, "How many days are worked."),
        "warm_up": described({"title": "a whole number from 0", "type": "integer", "minimum": 0},
                             "Days at the beginning that do not count, until the floor is as full as usual."),
        "processes": described(_TEXT, "The folder of processes, from here. Left out: those here, or the shipped."),
        "arrivals": described(named(_ARRIVALS), "By process: how often its cases begin."),
        "steps": described(named(named(_STEP)), "By process and step: how it is worked. Left out: as scenarios show."),
        "replies": described(named(named(_REPLY)), "By process and message: what customers and others send."),
        "staff": mapping(
            {
                "only": described(listing(_TEXT, "a list of users"), "Who works. Left out: everybody."),
                "without": described(listing(_TEXT, "a list of users"), "Who does not."),
                "more": described(_PEOPLE, "So many more who are like somebody.", {"wang_fang": 2}),
                "hours": described(named(_TEXT, "a mapping from users to calendars"), "Who works by another calendar."),
            },
            description="Left out: everybody in the organisation who serves a queue.",
        ),
    },
    "begin", "days", "arrivals", title="a plan of a rehearsal",
)  # fmt: skip
_SHAPE = validator(SHAPE)


@dataclass(frozen=True, slots=True)
class Arrivals:
    every: timedelta
    even: bool = False
    always: bool = False
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """How a step is worked; None, or no outcomes: as the scenarios show."""

    minutes: Spread | None = None
    outcomes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    document: Document
    folder: Path  # of the processes
    title: str
    seed: int
    replications: int
    begin: date
    days: int
    warm_up: int
    arrivals: Mapping[str, Arrivals]
    steps: Mapping[tuple[str, str], Work]
    replies: Mapping[tuple[str, str], tuple[int, tuple[timedelta, timedelta]]]
    only: frozenset[str]
    without: frozenset[str]
    more: Mapping[str, int]
    hours: Mapping[str, str]

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime, datetime]:
        """When it begins, from when on it counts, and when it ends; UTC."""
        first = datetime.combine(self.begin, time(), zone)
        return (
            first.astimezone(UTC), (first + timedelta(days=self.warm_up)).astimezone(UTC),
            (first + timedelta(days=self.days)).astimezone(UTC),
        )  # fmt: skip

    def clones(self) -> Iterator[tuple[str, str]]:
        """The further people: the name of each, and who they are like."""
        for user, count in self.more.items():
            yield from ((f"{user}_{number}", user) for number in range(2, count + 2))


def load(path: Path, processes: Path | None = None) -> Plan:
    """A plan. processes: the folder where the plan names none. Raises DefinitionError, OSError."""
    document = read(path.read_bytes(), path.name)
    found = Problems(document.warnings)
    found.extend(misshapen(document, (), document.value, _SHAPE))
    found.refuse()
    written: Any = document.value
    staff = written.get("staff", {})
    folder = (path.parent / written["processes"]).resolve() if "processes" in written else processes or SHIPPED
    return Plan(
        document, folder, written.get("title", path.stem), written.get("seed", 7), written.get("replications", 5),
        date.fromisoformat(written["begin"]), written["days"], written.get("warm_up", 0),
        {name: _arrivals(one) for name, one in written["arrivals"].items()},
        {
            (name, step): Work(Spread.of(one["minutes"]) if "minutes" in one else None, one.get("outcomes", {}))
            for name, steps in written.get("steps", {}).items() for step, one in steps.items()
        },
        {
            (name, message): (one["chance"], (span_of(one["after"][0]), span_of(one["after"][1])))
            for name, messages in written.get("replies", {}).items() for message, one in messages.items()
        },
        frozenset(staff.get("only", ())), frozenset(staff.get("without", ())), staff.get("more", {}),
        staff.get("hours", {}),
    )  # fmt: skip


def check(plan: Plan, caseway: Caseway, processes: Mapping[str, Process], shown: Examples) -> None:
    """Holds the names of a plan against an installation's. Raises DefinitionError with every one that is not there."""
    Problems(_unknown(plan, caseway, processes, shown)).refuse()


def _unknown(
    plan: Plan, caseway: Caseway, processes: Mapping[str, Process], shown: Examples
) -> Iterator[Problem]:  # fmt: skip
    written: Any = plan.document.value

    def missing(place: tuple[str | int, ...], what: str, name: str, known: Any) -> Iterator[Problem]:
        there = sorted(known)
        if name not in there:
            line, column = plan.document.at(place)
            yield Problem(
                "CW954", "error", plan.document.file, line, column, f"there is no {what} {name!r}",
                one_of(there) if there else "nothing here: there are none", did_you_mean(name, there),
            )  # fmt: skip

    users = set(caseway.directory.users)
    for word in ("arrivals", "steps", "replies"):
        for name in written.get(word, {}):
            yield from missing((word, name), "process", name, processes)
    for (name, step), work in plan.steps.items():
        nodes = processes[name].nodes if name in processes else {}
        people = {id: node.spec for id, node in nodes.items() if isinstance(node.spec, Human)}
        yield from missing(("steps", name, step), "step of people", step, people if name in processes else {step})
        for outcome in work.outcomes if step in people else ():
            yield from missing(("steps", name, step, "outcomes", outcome), "outcome", outcome, people[step].outcomes)
    for name, message in plan.replies:
        known = [one for process, one in shown.messages if process == name]
        yield from missing(("replies", name, message), "message in its scenarios", message, known)
    for name, one in plan.arrivals.items():
        if one.data is None and name in processes:
            yield from missing(("arrivals", name), "scenario that begins", name, shown.starts)
    for word in ("only", "without", "more", "hours"):
        for user in written.get("staff", {}).get(word, ()):
            yield from missing(("staff", word), "user", user, users)
    for user, calendar in plan.hours.items():
        yield from missing(("staff", "hours", user), "calendar", calendar, caseway.calendars)


def _arrivals(written: Mapping[str, Any]) -> Arrivals:
    even, always = written.get("spread") == "even", written.get("hours") == "always"
    return Arrivals(span_of(written["every"]), even, always, written.get("data"))
