"""From the organisation's YAML file to a `Directory`; what is wrong in it is told with file:line:column.

Members and managers of queues are users (`chen_wei`), roles (`role.officer`) or groups (`group.claims`).

    zone: Asia/Shanghai
    roles: {officer: 理赔员}
    users: {chen_wei: {name: 陈伟, roles: [officer], groups: [claims]}}
    groups: {claims: {title: 理赔部, manager: chen_wei, part_of: company}}
    queues: {claims_review: {members: [role.officer], managers: [chen_wei]}}
    grants: [{role: officer, kind: claims, line: motor, amount: 10000, decision: approve}]
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from jsonschema import Draft202012Validator

from engine.language.document import Document, Place
from engine.language.problems import Problem, Problems, did_you_mean, one_of
from engine.language.source import read
from organisation.directory import Directory, Grant, Group, Queue, User

CODES = {
    "CW901": "not in the form of an organisation file",
    "CW902": "a name that is not defined",
    "CW903": "a date, amount or zone that cannot be",
    "CW904": "a line of groups that leads back to itself",
    "CW905": "a queue that nobody serves",
}

_NAME = "^[a-z][a-z0-9_]*$"
_PERSON = r"^((role|group)\.)?[a-z][a-z0-9_]*$"
_DAY = r"^\d{4}-\d\d-\d\d$"
_PATTERNS = {
    _NAME: "a name: a-z, 0-9 and _ after a letter",
    _PERSON: "a user, or role.x or group.x",
    _DAY: "a day, as 2026-01-31",
}
_TEXT: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "minLength": 1}},
    ]
}
_NAMES = {"type": "array", "items": {"type": "string", "pattern": _NAME}, "uniqueItems": True}
_PEOPLE = {
    "type": "array",
    "items": {"type": "string", "pattern": _PERSON},
    "uniqueItems": True,
}
_DATE = {"type": "string", "pattern": _DAY}


def _mapping(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": entry}


SCHEMA: dict[str, Any] = _mapping(
    {
        "zone": {
            "type": "string",
            "description": "The zone in which days of service and grants are counted.",
        },
        "roles": _named(_TEXT),
        "users": _named(
            _mapping(
                {
                    "name": _TEXT,
                    "roles": _NAMES,
                    "groups": {**_NAMES, "description": "The first is where the line of managers begins."},
                    "skills": _NAMES,
                    "contact": {"type": "object", "additionalProperties": {"type": "string"}},
                    "from": {**_DATE, "description": "First day of service."},
                    "to": {**_DATE, "description": "Last day of service."},
                },
                "name",
            )
        ),
        "groups": _named(
            _mapping({"title": _TEXT, "manager": {"type": "string"}, "part_of": {"type": "string"}}, "title")
        ),
        "queues": _named(_mapping({"members": _PEOPLE, "managers": _PEOPLE}, "members")),
        "grants": {
            "type": "array",
            "items": _mapping(
                {
                    "role": {"type": "string"},
                    "user": {"type": "string"},
                    "kind": {"type": "string"},
                    "line": {"type": "string", "description": "Left out: every line."},
                    "amount": {"type": "number", "minimum": 0, "description": "Left out: without limit."},
                    "decision": {"type": "string", "description": "Left out: every decision."},
                    "from": _DATE,
                    "to": _DATE,
                },
                "kind",
            )
            | {"oneOf": [{"required": ["role"]}, {"required": ["user"]}]},
        },
    },
    "users",
)


@dataclass(frozen=True, slots=True)
class House:
    """What house.yaml knows that an organisation must agree with; None: not looked at."""

    queues: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    kinds: frozenset[str] | None = None  # of authority


def load(text: bytes | str, file: str, house: House | None = None) -> tuple[Document, tuple[Problem, ...]]:
    """The organisation's document, checked; and what is doubtful in it. Raises DefinitionError otherwise."""
    document = read(text, file)
    found = Problems(document.warnings)
    found.extend(_shape(document))
    if not found.errors:
        found.extend(_names(document, house or House()))
    if not found.errors:
        found.extend(_lines_of_groups(document))
        found.extend(_unserved(document))
    found.refuse()
    return document, tuple(found)


def build(value: Mapping[str, Any], revision: int) -> Directory:
    """The directory that a checked document (`load`, or one stored) stands for."""
    given = value["users"]
    users = {name: _user(name, entry) for name, entry in given.items()}
    groups = {
        name: Group(
            name,
            _text(entry["title"]),
            entry.get("manager", ""),
            entry.get("part_of", ""),
            frozenset(user.id for user in users.values() if name in user.groups),
        )
        for name, entry in value.get("groups", {}).items()
    }
    queues = {
        name: Queue(name, _people(entry.get("members", ()), users), _people(entry.get("managers", ()), users))
        for name, entry in value.get("queues", {}).items()
    }
    grants = [_grant(entry) for entry in value.get("grants", ())]
    return Directory(users, groups, queues, grants, value.get("zone", "UTC"), revision)


def _user(name: str, entry: Mapping[str, Any]) -> User:
    return User(
        name,
        _text(entry["name"]),
        frozenset(entry.get("roles", ())),
        tuple(entry.get("groups", ())),
        frozenset(entry.get("skills", ())),
        _day(entry.get("from")),
        _day(entry.get("to")),
        entry.get("contact", {}),
    )


def _grant(entry: Mapping[str, Any]) -> Grant:
    amount = entry.get("amount")
    return Grant(
        entry["kind"],
        entry.get("role", ""),
        entry.get("user", ""),
        entry.get("line", ""),
        None if amount is None else Decimal(amount),
        entry.get("decision", ""),
        _day(entry.get("from")),
        _day(entry.get("to")),
    )


def _text(value: str | Mapping[str, str]) -> Mapping[str, str]:
    return {"zh": value, "en": value} if isinstance(value, str) else value


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _people(entries: Iterable[str], users: Mapping[str, User]) -> frozenset[str]:
    found: set[str] = set()
    for entry in entries:
        what, _, name = entry.rpartition(".")
        if not what:
            found.add(name)
        else:
            found |= {u.id for u in users.values() if name in (u.roles if what == "role" else u.groups)}
    return frozenset(found)


# --- problems ---------------------------------------------------------------------------------------


def _shape(document: Document) -> Iterator[Problem]:
    for error in Draft202012Validator(SCHEMA).iter_errors(document.value):
        where: Place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for key in sorted(set(error.instance) - set(known)):
                yield document.problem(
                    "CW901", (*where, key), f"unknown key {key!r}", expected=one_of(known),
                    hint=did_you_mean(key, known), key=True,
                )  # fmt: skip
        elif "propertyNames" in error.absolute_schema_path:
            yield document.problem("CW901", (*where, error.instance), _said(error), key=True)
        else:
            yield document.problem("CW901", where, _said(error))


def _said(error: Any) -> str:
    given = f"{error.instance!r:.60}"
    texts = {
        "oneOf": "a grant names a role or a user, one of the two",
        "pattern": f"{given} is not {_PATTERNS.get(str(error.validator_value))}",
        "type": f"expected {error.validator_value}, got {given}",
        "anyOf": f"expected a text or {{zh, en}}, got {given}",
    }
    return texts.get(error.validator) or str(error.message)


def _names(document: Document, house: House) -> Iterator[Problem]:
    """Every name that is used and not defined, every date and zone that cannot be."""
    value: Any = document.value
    users, groups = value["users"], value.get("groups", {})
    roles = value.get("roles", {}) if house.roles is None else house.roles

    def name(where: Place, used: str, known: Iterable[str] | None, what: str) -> Iterator[Problem]:
        if known is not None and used not in known:
            message = f"there is no {what} {used!r}"
            hint = did_you_mean(used, known)
            yield document.problem("CW902", where, message, expected=one_of(known), hint=hint)

    for user, entry in users.items():
        for index, role in enumerate(entry.get("roles", ())):
            yield from name(("users", user, "roles", index), role, roles, "role")
        for index, group in enumerate(entry.get("groups", ())):
            yield from name(("users", user, "groups", index), group, groups, "group")
        yield from _period(document, ("users", user), entry)
    for group, entry in groups.items():
        if "manager" in entry:
            yield from name(("groups", group, "manager"), entry["manager"], users, "user")
        if "part_of" in entry:
            yield from name(("groups", group, "part_of"), entry["part_of"], groups, "group")
    known = {"": users, "role": roles, "group": groups}
    for queue, entry in value.get("queues", {}).items():
        yield from name(("queues", queue), queue, house.queues, "queue")
        for which in ("members", "managers"):
            for index, one in enumerate(entry.get(which, ())):
                what, _, used = one.rpartition(".")
                yield from name(("queues", queue, which, index), used, known[what], what or "user")
    for index, grant in enumerate(value.get("grants", ())):
        here: Place = ("grants", index)
        if "role" in grant:
            yield from name((*here, "role"), grant["role"], roles, "role")
        if "user" in grant:
            yield from name((*here, "user"), grant["user"], users, "user")
        yield from name((*here, "kind"), grant["kind"], house.kinds, "kind of authority")
        yield from _period(document, here, grant)
    if value.get("zone", "UTC") not in available_timezones():
        hint = did_you_mean(value["zone"], available_timezones())
        yield document.problem("CW903", ("zone",), f"there is no time zone {value['zone']!r}", hint=hint)


def _period(document: Document, where: Place, entry: Mapping[str, Any]) -> Iterator[Problem]:
    days: dict[str, date] = {}
    for key in ("from", "to"):
        if key in entry:
            try:
                days[key] = date.fromisoformat(entry[key])
            except ValueError:
                yield document.problem("CW903", (*where, key), f"there is no day {entry[key]}")
    if len(days) == 2 and days["to"] < days["from"]:
        yield document.problem("CW903", (*where, "to"), "the last day lies before the first")


def _lines_of_groups(document: Document) -> Iterator[Problem]:
    value: Any = document.value
    groups: Mapping[str, Any] = value.get("groups", {})
    for start in groups:
        name, seen = groups[start].get("part_of", ""), {start}
        while name and name not in seen:
            seen.add(name)
            name = groups[name].get("part_of", "")
        if name == start:
            yield document.problem("CW904", ("groups", start, "part_of"), f"{start} is part of itself")


def _unserved(document: Document) -> Iterator[Problem]:
    value: Any = document.value
    directory = build(value, 0)
    for queue in directory.queues.values():
        if not queue.members:
            message = f"nobody serves the queue {queue.id!r}"
            yield document.problem("CW905", ("queues", queue.id), message, severity="warning", key=True)
