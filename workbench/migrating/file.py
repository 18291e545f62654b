"""Migration files: from which versions to which, and what becomes of what does not go by the same names.

migration: complaint
from: 3f2a9c1b            # a version, or several; left out: every other that cases run on
to: in_force              # a version (its first letters), in_force, or newest
reason: {zh: 新办法三月一日起施行, en: the new rules apply from March}
steps:
  investigate: {map: examine}
  ask_again: drop
  pay: {again: order_payment}
clocks:
  outcome: rebase
data:
  rename: {remark: note}
  set: {channel: "{{ 'phone' if channel is none else channel }}"}
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from bootstrap import Caseway
from engine.core.commands import ClockRule, DataRules, MigrateCase, Rules, StepRule
from engine.core.expressions import ExpressionError, computed_source
from engine.core.migrating import expression_of
from engine.core.model import Process
from engine.core.naming import did_you_mean
from engine.language.document import Document, Place
from engine.language.problems import Problem, Problems, one_of
from engine.language.shape import misshapen, validator
from engine.language.source import read
from engine.language.words import NAME, TEXT, Schema, described, listing, mapping, named
from sla.model import clocks_of, find_clock

CODES = {
    "CW961": "a name in a migration that the versions do not have",
    "CW962": "a version that is not deployed, or several that begin alike",
    "CW963": "an expression in a migration that cannot be read",
}
IN_FORCE, NEWEST = "in_force", "newest"

_STEP: Schema = {"title": "a step, as investigate", "type": "string", "minLength": 1}
_VERSION: Schema = {
    "title": f"the first letters of a version, {IN_FORCE} or {NEWEST}", "type": "string", "minLength": 4,
}  # fmt: skip
_RULE: Schema = {
    "title": "drop, again, or {map: step}, {again: step}, with timers: restart or draft: drop beside it",
    "anyOf": [
        {"title": "drop or again", "enum": ["drop", "again"]},
        {
            **mapping(
                {
                    "map": described(_STEP, "It goes on at this step as it is: task, draft, timers and all."),
                    "again": described(_STEP, "It is taken away and placed anew at this step."),
                    "timers": {"title": "keep or restart", "enum": ["keep", "restart"]},
                    "draft": {"title": "keep or drop", "enum": ["keep", "drop"]},
                },
                title="{map: step} or {again: step}, with timers: restart or draft: drop beside it",
            ),
            "minProperties": 1,
            "not": {"required": ["map", "again"]},
        },
    ],
}
_CLOCK_WAYS = ("keep", "rebase", "restart", "drop", "start")
_CLOCK: Schema = {
    "title": f"{', '.join(_CLOCK_WAYS)}, or one of keep, rebase, restart with the clock's new name",
    "anyOf": [
        {"title": ", ".join(_CLOCK_WAYS), "enum": list(_CLOCK_WAYS)},
        {
            **mapping({way: NAME for way in _CLOCK_WAYS[:3]}, title="{keep: name}, {rebase: name} or {restart: name}"),
            "minProperties": 1,
            "maxProperties": 1,
        },
    ],
}
_VALUE: Schema = {"title": "a value, or {{ an expression }}", "type": ["string", "number", "boolean", "null"]}
SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **mapping(
        {
            "migration": described(NAME, "The process whose cases go over to another version."),
            "from": described(
                {"title": "a version, or a list of them", "anyOf": [_VERSION, listing(_VERSION, "a list of versions")]},
                "The versions that are left; every other than the target if left out.",
            ),
            "to": described(_VERSION, "The version to which the cases go."),
            "reason": described(TEXT, "Why; kept in the history of every case."),
            "steps": described(
                {"title": "a mapping from steps to what becomes of them", "type": "object",
                 "additionalProperties": _RULE},
                "Steps that the new version calls otherwise, or does not have.",
            ),
            "clocks": described(
                {"title": "a mapping from clocks to what becomes of them", "type": "object",
                 "additionalProperties": _CLOCK},
                "keep: limit and deadline stay (so it is without a rule). rebase: counted again by the new version. "
                "restart: anew from now. start: a clock that only the new version has, from the mark already passed.",
            ),
            "data": mapping(
                {
                    "set": described(named(_VALUE, "a mapping from fields to values"), "Values are read as they were."),
                    "rename": described(named(NAME, "a mapping from old to new names"), "Fields by another name."),
                    "drop": described(listing(NAME, "a list of fields"), "Fields that the case is to lose."),
                },
                title="what becomes of the data",
            ),
        },
        "migration",
        "to",
        "reason",
        title="A migration of Caseway",
    ),
}  # fmt: skip
_SHAPE = validator(SCHEMA)


class Order(msgspec.Struct, frozen=True):
    """A migration that may be tried: every name in it is there. `leave` are the versions that are left."""

    process: str
    leave: tuple[str, ...]
    to: str
    reason: str
    rules: Rules

    def command(self, proposed_by: str = "") -> MigrateCase:
        return MigrateCase(self.to, self.reason, self.rules, proposed_by)


def read_order(caseway: Caseway, text: bytes, file: str) -> Order:
    """What a migration file orders here. Raises DefinitionError with every problem."""
    document = read(text, file)
    found = Problems(document.warnings)
    found.extend(misshapen(document, (), document.value, _SHAPE))
    found.refuse()
    value: Any = document.value
    return _Reading(caseway, document, value).order()


class _Reading:
    """One file read against what is deployed."""

    def __init__(self, caseway: Caseway, document: Document, value: Mapping[str, Any]) -> None:
        self.definitions = caseway.definitions
        self.document, self.value = document, value
        self.found = Problems(())
        self.name: str = value["migration"]

    def order(self) -> Order:
        rows = self.definitions.history("process", self.name)
        if not rows:
            self.problem(("migration",), "CW961", "process", self.name, self.definitions.names("process"))
            self.found.refuse()
        known = list(dict.fromkeys(row.version for row in rows))
        target = self.version(("to",), self.value["to"], known)
        given = self.value.get("from")
        named_ = [given] if isinstance(given, str) else given or []
        places: list[Place] = [("from",)] if isinstance(given, str) else [("from", n) for n in range(len(named_))]
        leave = [self.version(place, one, known) for place, one in zip(places, named_, strict=True)]
        self.found.refuse()
        others = [version for version in (leave or known) if version and version != target]
        versions = [
            found for one in (*others, target) if (found := self.definitions.process(self.name, one)) is not None
        ]
        rules = self.rules(versions[:-1] or versions, versions[-1])
        self.found.refuse()
        return Order(self.name, tuple(others), target, _reason(self.value["reason"]), rules)

    def version(self, place: Place, given: str, known: list[str]) -> str:
        special = {IN_FORCE: self.definitions.names("process").get(self.name, ""), NEWEST: known[-1]}
        fits = [special[given]] if given in special else [one for one in known if one.startswith(given)]
        if len(fits) == 1 and fits[0]:
            return fits[0]
        line, column = self.document.at(place)
        told = "several versions begin" if fits else "no version begins"
        known_ = one_of([*special, *(one[:12] for one in known)])
        message = f"{told} with {given!r}"
        self.found.add(Problem("CW962", "error", self.document.file, line, column, message, known_))
        return ""

    def rules(self, old: list[Process], new: Process) -> Rules:
        before, after = {id for one in old for id in one.nodes}, set(new.nodes)
        steps = {}
        for id, given in self.value.get("steps", {}).items():
            place: Place = ("steps", id)
            self.known(place, "step", [id], before)
            steps[id] = rule = _step_rule(given)
            if rule.how != "drop":
                self.known(place, "step of the new version", [rule.to or id], after)
        clocks = {}
        for name, given in self.value.get("clocks", {}).items():
            place = ("clocks", name)
            how, to = (given, "") if isinstance(given, str) else next(iter(given.items()))
            clocks[name] = ClockRule(how, to)
            if how != "start":
                self.clock(place, name, old)
            if how != "drop":
                self.clock(place, to or (name if how == "start" else ""), [new])
        return Rules(steps, clocks, self.data(old, new))

    def clock(self, place: Place, name: str, versions: list[Process]) -> None:
        if name and not any(find_clock(one, name) is not None for one in versions):
            every = {clock for one in versions for clock in (*clocks_of(one).by_name, *one.nodes)}
            known = {clock for clock in every if any(find_clock(one, clock) is not None for one in versions)}
            self.problem(place, "CW961", "clock", name, known)

    def data(self, old: list[Process], new: Process) -> DataRules:
        given = self.value.get("data", {})
        before = {name for one in old for name in one.names}
        sets = {}
        for name, written in given.get("set", {}).items():
            place: Place = ("data", "set", name)
            self.known(place, "field of the new version", [name], new.names)
            sets[name] = source = _source(written)
            self.expression(place, source, old)
        self.known(("data", "rename"), "field", given.get("rename", {}), before)
        self.known(("data", "rename"), "field of the new version", given.get("rename", {}).values(), new.names)
        self.known(("data", "drop"), "field", given.get("drop", ()), before)
        return DataRules(sets, dict(given.get("rename", {})), tuple(given.get("drop", ())))

    def expression(self, place: Place, source: str, old: list[Process]) -> None:
        for one in old:
            try:
                expression_of(one, source)
            except ExpressionError as error:
                line, column = self.document.at(place)
                self.found.add(Problem("CW963", "error", self.document.file, line, column, str(error)))
                return

    def known(self, place: Place, what: str, names: Iterable[str], known: Iterable[str]) -> None:
        there = set(known)
        for name in names:
            if name not in there:
                self.problem(place, "CW961", what, name, there)

    def problem(self, place: Place, code: str, what: str, name: str, known: Iterable[str]) -> None:
        line, column = self.document.at(place)
        hint = did_you_mean(name, list(known))
        self.found.add(
            Problem(code, "error", self.document.file, line, column, f"there is no {what} {name!r}", None, hint)
        )


def _step_rule(given: Any) -> StepRule:
    if isinstance(given, str):
        return StepRule(given)
    how = "again" if "again" in given else "map"
    return StepRule(how, given.get(how, ""), given.get("timers", "keep"), given.get("draft", "keep"))


def _source(written: Any) -> str:
    """What is written, as the source of an expression: a text is a text unless it stands in braces."""
    if isinstance(written, str):
        found = computed_source(written)
        return found[0].strip() if found is not None else msgspec.json.encode(written).decode()
    return {None: "none", True: "true", False: "false"}.get(written, str(written))


def _reason(given: Any) -> str:
    return given if isinstance(given, str) else " / ".join(given.values())
