"""The words of scenario files, and whether the names in one are those of the processes and the organisation.

The shape is a JSON Schema, as for every other YAML file of the product; names are checked before anything is
played, so that a slip is told with its place in the file and the nearest name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import yaml

from bootstrap import Caseway
from engine.core.commands import BY_ENGINE
from engine.core.model import AdHoc, End, Human, Milestone, Process
from engine.core.naming import did_you_mean
from engine.language.document import Document, Place
from engine.language.problems import DefinitionError, Problem, Problems, one_of
from engine.language.shape import misshapen, validator
from engine.language.source import read
from engine.language.words import NAME, Schema, described, listing, mapping, named
from papers.model import CUSTOMER, checklist_of
from sla.model import clocks_of
from tasks.lifecycle import SYSTEM

CODES = {
    "CW951": "a name that the scenario's process or organisation does not have",
    "CW952": "a step that nobody completes",
}
OUTSIDE = (SYSTEM, CUSTOMER)
"""Who acts without being a user."""
WEB = "web"
"""Who starts a case as a customer does, on the web."""

_MOMENT: Schema = {"title": "a moment with an offset, as 2026-03-02T09:00+08:00", "type": "string",
                   "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$"}  # fmt: skip
_TEXT: Schema = {"title": "a text", "type": "string"}
_DATA: Schema = {"title": "a mapping from fields to values", "type": "object"}
_WHO: Schema = {"title": "a user of the organisation", "type": "string", "minLength": 1}
_REFUSED = described({**_TEXT, "minLength": 1}, "It must be refused, with this code.", "four_eyes", "form")
_NAMES = listing({**_TEXT, "minLength": 1}, "a list of names", 0)
_BY_NAME: Schema = {"title": "a mapping from names", "type": "object"}
_SERVICES = described(named({}, "a mapping from worker functions"), "What worker functions answer from here on.")
_STATUS: Schema = {
    "title": "one of running, paused, met, breached, unmet, void, deferred",
    "enum": ["running", "paused", "met", "breached", "unmet", "void", "deferred", "not begun"],
}

_PAPERS = {
    word: described(_NAMES, told)
    for word, told in {
        "upload": "Papers that the customer uploads.",
        "receive": "Papers that staff note as here.",
        "require": "Papers that staff ask for beyond the rules.",
        "return": "Papers that staff hand back.",
        "waive": "Papers that staff do without.",
    }.items()
}
_PAPER: Schema = {
    "title": "one of required, missing, received, waived, not needed",
    "enum": ["required", "missing", "received", "waived", "not needed"],
}

_IN = described(_TEXT, "The number of another case, which this is about.", "LP-2026-000001")
_EXPECT: Schema = mapping(
    {
        "in": _IN,
        "open": described(_NAMES, "The steps at which the case stands and waits, all of them, in any order."),
        "end": described({"type": ["string", "null"]}, "How the case has ended."),
        "queue": described(_BY_NAME, "step → the queue of its open task."),
        "holder": described(_BY_NAME, "step → who holds its task."),
        "meant": described(_BY_NAME, "step → for whom its task is meant (`assign`), taken or not."),
        "owner": described({"type": ["string", "null"]}, "Who owns the case."),
        "data": described(_BY_NAME, "place → value; payee.name and items[0].name reach inside, items[-1] is the last."),
        "clocks": described({**_BY_NAME, "additionalProperties": _STATUS}, "clock → its status."),
        "notices": described(_NAMES, "Templates that have been sent since the beginning."),
        "milestones": described(_NAMES, "Milestones that have been reached."),
        "papers": described({**_BY_NAME, "additionalProperties": _PAPER}, "paper → how it stands on the checklist."),
        "path": described(_NAMES, "Steps that the case has entered, in this order; others may lie between."),
        "never": described(_NAMES, "Steps that the case has not entered."),
        "incidents": described(_NAMES, "Texts of which each is part of an open incident."),
    },
    title="what must be so",
)
_STEPS: Mapping[str, Schema] = {
    "complete": mapping(
        {"step": _TEXT, "in": _IN, "by": _WHO, "outcome": NAME, "data": _DATA, "reason": _TEXT, "refused": _REFUSED},
        "step",
    ),
    "message": mapping({"name": NAME, "key": _TEXT, "payload": _DATA, "by": _WHO, "refused": _REFUSED}, "name"),
    "signal": mapping({"name": NAME, "key": _TEXT}, "name"),
    "papers": mapping({**_PAPERS, "by": _WHO, "reason": _TEXT, "refused": _REFUSED}),
    "wait": {
        "title": "minutes, hours or days, as 90min, 4h, 2d, or {until: a moment}",
        "anyOf": [
            {"title": "a time, as 90min, 4h, 2d", "type": "string", "pattern": r"^\d+(min|h|d)$"},
            mapping({"until": _MOMENT}, "until"),
        ],
    },
    "services": _SERVICES,
    "suspend": described(_TEXT, "The case is held, for this reason."),
    "resume": described({"type": ["string", "null"]}, "The case goes on."),
    "correct": mapping({"data": _DATA, "by": _WHO, "reason": _TEXT, "refused": _REFUSED}, "data"),
    "begin": mapping({"step": _TEXT, "by": _WHO, "refused": _REFUSED}, "step"),
    "finish": mapping({"block": _TEXT, "by": _WHO, "refused": _REFUSED}, "block"),
    "reopen": mapping({"step": NAME, "by": _WHO, "reason": _TEXT, "refused": _REFUSED}),
    "expect": _EXPECT,
}
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **mapping(
        {
            "scenario": described(_TEXT, "What it is about."),
            "process": NAME,
            "at": described(_MOMENT, "When it begins."),
            "beside": listing(
                mapping({"process": NAME, "by": _WHO, "data": _DATA}, "process", title="another case"),
                "a list of other cases, which are started before",
                0,
            ),
            "start": mapping({"by": _WHO, "data": _DATA, "refused": _REFUSED}),
            "services": _SERVICES,
            "steps": listing(
                {**mapping(_STEPS, title="one of " + ", ".join(_STEPS)), "minProperties": 1, "maxProperties": 1},
                "a list of what happens",
                0,
            ),
            "expect": _EXPECT,
        },
        "process",
        "at",
        title="A scenario of Caseway",
    ),
}
_SHAPE = validator(SCHEMA)


class _Writer(yaml.SafeDumper):
    """YAML as scenario files have it: decimals as numbers, moments as text, nothing said twice by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _decimal(writer: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    text = format(value, "f")
    return writer.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Writer.add_representer(Decimal, _decimal)
_Writer.add_representer(datetime, lambda writer, value: writer.represent_str(value.isoformat()))


def written_out(whole: Mapping[str, Any]) -> str:
    """The text of a scenario file that says this."""
    return str(yaml.dump(dict(whole), Dumper=_Writer, allow_unicode=True, sort_keys=False, width=100))


def parts(place: str) -> list[str]:
    """The names of a place in the data, outermost first: `items[0].name` is items, 0, name."""
    return [name for name in re.split(r"[.\[\]]+", place) if name] or [place]


def load(text: bytes, file: str) -> Document:
    """A scenario file whose shape is right. Raises DefinitionError with every problem."""
    document = read(text, file)
    found = Problems(document.warnings)
    found.extend(misshapen(document, (), document.value, _SHAPE))
    found.refuse()
    return document


def check(document: Document, process: Process | None, caseway: Caseway) -> None:
    """Holds a scenario's names against an installation's. Raises DefinitionError with every one that nothing has."""
    value: Any = document.value
    if process is None:
        known = caseway.definitions.names()
        raise DefinitionError([_unknown(document, document.at(("process",)), "process", value["process"], known)])
    found = Problems(_names(document, value, process, caseway))
    found.refuse()


def _names(document: Document, value: Any, process: Process, caseway: Caseway) -> Iterator[Problem]:
    house, directory = caseway.definitions.house(), caseway.directory
    people = (*directory.users, *OUTSIDE)
    starters = (*directory.users, SYSTEM, WEB, *BY_ENGINE)
    steps = [name for name in process.nodes if "/" not in name]
    checklist = checklist_of(process)
    papers = checklist.lines if checklist is not None else ()
    timed = [*clocks_of(process).by_name, *steps]
    specs = [node.spec for node in process.nodes.values()]
    milestones = [spec.name for spec in specs if isinstance(spec, Milestone)]
    ends = [spec.name for spec in specs if isinstance(spec, End)]

    def some(place: Place, what: str, names: Iterable[Any], known: Iterable[str]) -> Iterator[Problem]:
        there = list(known)
        for index, name in enumerate(names):
            if name is not None and str(name) not in there:
                at = document.key_at((*place, name)) if isinstance(names, Mapping) else document.at((*place, index))
                yield _unknown(document, at, what, str(name), there)

    def expected(place: Place, wanted: Mapping[str, Any]) -> Iterator[Problem]:
        if "in" in wanted:  # what is there is another process's affair
            return
        yield from some((*place, "open"), "step", wanted.get("open", ()), steps)
        for word in ("queue", "holder", "meant", "path", "never"):
            yield from some((*place, word), "step", wanted.get(word, ()), steps)
        for step, queue in wanted.get("queue", {}).items():
            yield from some((*place, "queue", step), "queue", [queue], house.queues)
        yield from some((*place, "milestones"), "milestone", wanted.get("milestones", ()), milestones)
        yield from some((*place, "end"), "end", [wanted.get("end")], ends)
        yield from some((*place, "clocks"), "clock", wanted.get("clocks", ()), timed)
        for path in wanted.get("data", ()):
            yield from some((*place, "data", path), "field", [parts(path)[0]], process.names)
        yield from some((*place, "papers"), "paper", wanted.get("papers", ()), papers)

    yield from some(("services",), "worker function", value.get("services", {}), caseway.registry.workers)
    if value.get("start", {}).get("by") == CUSTOMER:
        line, column = document.at(("start", "by"))
        told = "a customer starts a case on the web"
        yield Problem("CW951", "error", document.file, line, column, told, hint="say web")
    else:
        yield from some(("start", "by"), "user", [value.get("start", {}).get("by")], starters)
    for index, step in enumerate(value.get("steps", ())):
        place: Place = ("steps", index)
        ((word, given),) = step.items()
        if word in ("complete", "message", "papers", "begin", "finish"):
            yield from some((*place, word, "by"), "user", [given.get("by")], people)
        if word == "complete" and "in" not in given:
            yield from some((*place, word, "step"), "step", [given["step"]], steps)
            node = process.nodes.get(given["step"])
            if node is not None and not isinstance(node.spec, Human):
                line, column = document.at((*place, word, "step"))
                yield Problem("CW952", "error", document.file, line, column, f"{node.id} is no person's step")
            elif node is not None and isinstance(node.spec, Human) and not given.get("refused"):
                yield from some((*place, word, "outcome"), "outcome", [given.get("outcome")], node.spec.outcomes)
        elif word == "message" and not given.get("refused"):
            yield from some((*place, word, "name"), "message", [given["name"]], house.messages)
        elif word == "begin":
            begun = [one for spec in specs if isinstance(spec, AdHoc) for one in spec.steps]
            yield from some((*place, word, "step"), "step of an ad-hoc block", [given["step"]], begun)
        elif word == "finish":
            ad_hoc = [name for name in steps if isinstance(process.nodes[name].spec, AdHoc)]
            yield from some((*place, word, "block"), "ad-hoc block", [given["block"]], ad_hoc)
        elif word == "signal":
            yield from some((*place, word, "name"), "signal", [given["name"]], house.signals)
        elif word == "services":
            yield from some((*place, word), "worker function", given, caseway.registry.workers)
        elif word == "papers":
            for what in _PAPERS if not given.get("refused") else ():
                yield from some((*place, word, what), "paper", given.get(what, ()), papers)
        elif word == "expect":
            yield from expected((*place, word), given)
    yield from expected(("expect",), value.get("expect", {}))


def _unknown(document: Document, at: tuple[int, int], what: str, name: str, known: Iterable[str]) -> Problem:
    there, (line, column) = list(known), at
    return Problem(
        "CW951", "error", document.file, line, column, f"there is no {what} {name!r}",
        one_of(there) if there else "nothing here: there are none", did_you_mean(name, there),
    )  # fmt: skip
