"""From house.yaml to a `House`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.core.kinds import Type, holds_secret
from engine.core.model import Text
from engine.core.types import SchemaProblem, names_of_schema
from engine.core.zones import zones
from engine.language.build import Build
from engine.language.context import Scope
from engine.language.data_schema import FIELDS, named_file
from engine.language.document import Place
from engine.language.files import Files, Recorded, version_of
from engine.language.form_check import Validator
from engine.language.grammar import Grammar
from engine.language.house import NOTHING, WEEK, Authority, Calendar, House, Keeping, Message
from engine.language.problems import DefinitionError, Problem, Problems
from engine.language.shape import misshapen
from engine.language.source import read

HOUSE_FILE = "house.yaml"
CODES = {
    "CW147": "a calendar file without a time zone",
    "CW148": "a message that carries what it cannot",
    "CW152": "a calendar that cannot be used",
}


def compile_house(grammar: Grammar, files: Files) -> tuple[House, tuple[Problem, ...]]:
    """The house, and what is doubtful in it. Raises DefinitionError with every problem."""
    used = Recorded(files)
    try:
        raw = used.read(HOUSE_FILE)
    except OSError as error:
        problem = Problem("CW141", "error", HOUSE_FILE, 1, 1, f"cannot be read: {error.strerror or error}")
        raise DefinitionError([problem]) from None
    document = read(raw, HOUSE_FILE)
    problems = Problems(document.warnings)
    problems.extend(misshapen(document, (), document.value, grammar.house))
    problems.refuse()
    value: Any = document.value
    plain = _plain(value, Build(document, grammar.language, House(), used, problems))
    scope = Scope(Build(document, grammar.language, plain, used, problems))
    parts = {}
    for extension in grammar.language.extensions:
        if extension.compile_house is not None:
            found = {key: value[key] for key in extension.house_keywords if key in value}
            parts[extension.name] = extension.compile_house(scope, (), found)
    problems.refuse()
    given = {name: part for name, part in parts.items() if part is not None}
    return replace(plain, parts=given, version=version_of(used.used)), tuple(problems)


def _plain(value: Mapping[str, Any], build: Build) -> House:
    """What the language itself knows of the house; `build` collects the problems."""
    languages = tuple(value.get("languages", House().languages))
    build.house = House(languages=languages)
    scope = Scope(build)

    def titles(key: str) -> dict[str, Any]:
        return {name: scope.text((key, name), text) for name, text in value.get(key, {}).items()}

    return House(
        name=value["house"],
        title=scope.text(("title",), value["title"]) if "title" in value else {},
        languages=languages,
        queues=titles("queues"),
        roles=titles("roles"),
        authority={
            name: Authority(
                scope.text(("authority", name, "title"), each["title"]),
                _known(scope, ("authority", name, "lines"), each.get("lines", {})),
                _known(scope, ("authority", name, "decisions"), each.get("decisions", {})),
            )
            for name, each in value.get("authority", {}).items()
        },
        messages={name: _message(scope, name, each) for name, each in value.get("messages", {}).items()},
        signals=titles("signals"),
        errors=titles("errors"),
        escalations=titles("escalations"),
        calendars={name: _calendar(scope, name, path) for name, path in value.get("calendars", {}).items()},
        clauses=titles("clauses"),
        unbroken=_unbroken(scope, value, titles("unbroken")),
        keeping=_keeping(scope, value),
        checks=tuple(value.get("checks", ())),
        deployed_by=value.get("deployed_by", "one"),
    )


def _known(scope: Scope, where: Place, written: Mapping[str, Any] | list[str]) -> dict[str, Text]:
    """Names with their titles; a plain list of names, as houses have been written, lacks them in every language."""
    if isinstance(written, Mapping):
        return {name: scope.text((*where, name), text) for name, text in written.items()}
    return {name: scope.text((*where, index), {}) for index, name in enumerate(written)}


def _unbroken(scope: Scope, value: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Why no scenario breaks a clause; the clause must be one of the catalogue."""
    for clause in found:
        scope.name(("unbroken", clause), clause, frozenset(value.get("clauses", {})), "clause")
    return found


def _keeping(scope: Scope, value: Mapping[str, Any]) -> dict[str, Keeping]:
    """The rules of keeping; their clauses must be of the catalogue."""
    known = frozenset(value.get("clauses", {}))
    for name, rule in value.get("keeping", {}).items():
        for place, clause in enumerate(rule.get("clauses", ())):
            scope.name(("keeping", name, "clauses", place), clause, known, "clause")
    return {
        name: Keeping(
            years=rule["years"],
            origin=rule.get("origin", "manual"),
            clauses=tuple(rule.get("clauses", ())),
            processes=tuple(rule.get("processes", ())),
        )
        for name, rule in value.get("keeping", {}).items()
    }


def _message(scope: Scope, name: str, written: Mapping[str, Any]) -> Message:
    where: Place = ("messages", name)
    keep = scope.duration((*where, "keep"), written["keep"]) if "keep" in written else None
    data, check = _payload(scope, (*where, "data"), written.get("data", {}))
    title = scope.text((*where, "title"), written["title"])
    return Message(title, data, keep or WEEK, tuple(written.get("by", ())), check)


def _payload(scope: Scope, where: Place, fields: Mapping[str, Any]) -> tuple[Mapping[str, Type], Validator]:
    """The types of what a message carries, and the check of it."""
    try:
        names = names_of_schema({"type": "object", "properties": fields})
        for name in (name for name, type in names.items() if holds_secret(type)):
            message = f"a message lies open until it is delivered, and {name!r} is secret"
            scope.problem((*where, name), "CW148", message, hint="ask for it in a form instead", key=True)
        scope.build.problems.extend(misshapen(scope.build.document, where, fields, FIELDS))
        return names, Validator({"type": "object", "properties": fields})
    except SchemaProblem as problem:
        at = (*where, *problem.where[1:]) if problem.where[:1] == ("properties",) else where
        scope.problem(at, "CW148", problem.message, hint=problem.hint)
        return {}, NOTHING


def _calendar(scope: Scope, name: str, path: str) -> Calendar:
    """Of a calendar the language needs the zone alone; the clocks check the rest of the file."""
    where: Place = ("calendars", name)
    build = scope.build
    document = named_file(build.document, where, path, build.files, build.problems)
    if document is None:
        return Calendar(path, "UTC")
    zone = document.value.get("zone") if isinstance(document.value, dict) else None
    if not isinstance(zone, str) or zone not in zones():
        message = f"{path} names no time zone that is known"
        scope.problem(where, "CW147", message, expected="zone: Asia/Shanghai, or another")
        return Calendar(path, "UTC")
    build.problems.extend(document.problem("CW152", at, text) for at, text in build.language.calendar(document.value))
    return Calendar(path, zone)
