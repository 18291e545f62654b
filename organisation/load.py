"""From the organisation's YAML file to a `Directory`; what is wrong in it is told with file:line:column.

Members and managers of queues are users (`chen_wei`), roles (`role.officer`) or groups (`group.claims`).

    zone: Asia/Shanghai
    roles: {officer: 理赔员}
    users: {chen_wei: {name: 陈伟, roles: [officer], groups: [claims]}}
    groups: {claims: {title: 理赔部, manager: chen_wei, part_of: company}}
    queues: {claims_review: {members: [role.officer], managers: [chen_wei]}}
    absences: [{user: chen_wei, from: 2026-05-04, to: 2026-05-08, substitute: liu_yang, processes: [claims]}]
    grants: [{role: officer, kind: claims, line: motor, amount: 10000, decision: approve}]
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from engine.core.naming import did_you_mean
from engine.core.zones import zones
from engine.language.document import Document, Place
from engine.language.house import House
from engine.language.problems import Problem, Problems, one_of
from engine.language.shape import misshapen, validator
from engine.language.source import read
from engine.language.words import NAME, TEXT, Schema, described, listing, mapping, named
from organisation.directory import Absence, Directory, Grant, Group, Queue, User

CODES = {
    "CW902": "a name that is not defined",
    "CW903": "a date, amount or zone that cannot be",
    "CW904": "a line of groups that leads back to itself",
    "CW905": "a queue that nobody serves",
    "CW906": "a grant to nobody, or to two",
    "CW907": "a substitute who is the one away",
    "CW908": "a user with a name that is taken",
    "CW909": "absences that overlap, with different substitutes",
}

_PERSON: Schema = {
    "title": "a user, role.x or group.x",
    "type": "string",
    "pattern": r"^((role|group)\.)?[a-z][a-z0-9_]*$",
}
_DAY: Schema = {"title": "a day, as '2026-01-31'", "type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
_NAMES = {**listing(NAME, "a list of names", 0), "uniqueItems": True}
_PEOPLE = {**listing(_PERSON, "a list of users, role.x and group.x", 0), "uniqueItems": True}
_CAPACITY: Schema = {"title": "a whole number", "type": "integer", "minimum": 0}
ASSIGN_BY = ("round_robin", "least_loaded", "skill")
_AMOUNT: Schema = {"title": "an amount", "type": "number", "minimum": 0}

SCHEMA: Mapping[str, Any] = mapping(
    {
        "zone": {"type": "string", "description": "The time zone in which days of service and grants count."},
        "roles": named(TEXT),
        "users": named(
            mapping(
                {
                    "name": TEXT,
                    "roles": _NAMES,
                    "groups": described(_NAMES, "The first is where the line of managers begins."),
                    "skills": _NAMES,
                    "contact": {"type": "object", "additionalProperties": {"type": "string"}},
                    "from": described(_DAY, "First day of service."),
                    "to": described(_DAY, "Last day of service."),
                    "capacity": described(_CAPACITY, "How many tasks they may have in hand. Left out: without limit."),
                },
                "name",
            )
        ),
        "groups": named(mapping({"title": TEXT, "manager": NAME, "part_of": NAME}, "title")),
        "queues": named(
            mapping(
                {
                    "members": _PEOPLE,
                    "managers": _PEOPLE,
                    "assign_by": described(
                        {"title": " or ".join(ASSIGN_BY), "enum": list(ASSIGN_BY)},
                        "How work is pushed to its members. Left out: they take it.",
                    ),
                },
                "members",
            )
        ),
        "absences": listing(
            mapping(
                {
                    "user": NAME,
                    "from": described(_DAY, "First day away."),
                    "to": described(_DAY, "Last day away."),
                    "substitute": described(NAME, "Who stands in."),
                    "processes": described(_NAMES, "Only for these. Left out: for all."),
                },
                "user",
                "from",
                "to",
            ),
            "a list of absences",
            0,
        ),
        "grants": listing(
            mapping(
                {
                    "role": NAME,
                    "user": NAME,
                    "kind": NAME,
                    "line": described(NAME, "Left out: every line."),
                    "amount": described(_AMOUNT, "Up to how much. Left out: without limit."),
                    "decision": described(NAME, "Left out: every decision."),
                    "from": _DAY,
                    "to": _DAY,
                },
                "kind",
            ),
            "a list of grants",
            0,
        ),
    },
    "users",
    title="an organisation",
)
_SHAPE = validator(SCHEMA)


def load(text: bytes | str, file: str, house: House | None = None) -> tuple[Document, tuple[Problem, ...]]:
    """The organisation's document, checked; and what is doubtful in it. Raises DefinitionError otherwise.

    With a house, its queues, roles and kinds of authority are those that there are.
    """
    document = read(text, file)
    found = Problems(document.warnings)
    found.extend(misshapen(document, (), document.value, _SHAPE))
    if not found.errors:
        found.extend(_names(document, house))
    if not found.errors:
        found.extend(_lines_of_groups(document))
        found.extend(_unserved(document))
    found.refuse()
    return document, tuple(found)


def build(value: Mapping[str, Any], revision: int) -> Directory:
    """The directory that a checked document (`load`, or one stored) stands for."""
    given = value["users"]
    away: dict[str, list[Absence]] = {}
    for entry in value.get("absences", ()):
        away.setdefault(entry["user"], []).append(_absence(entry))
    users = {name: _user(name, entry, tuple(away.get(name, ()))) for name, entry in given.items()}
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
        name: Queue(
            name,
            _people(entry.get("members", ()), users),
            _people(entry.get("managers", ()), users),
            entry.get("assign_by", ""),
        )
        for name, entry in value.get("queues", {}).items()
    }
    grants = [_grant(entry) for entry in value.get("grants", ())]
    return Directory(users, groups, queues, grants, value.get("zone", "UTC"), revision)


def _user(name: str, entry: Mapping[str, Any], absences: tuple[Absence, ...]) -> User:
    return User(
        name,
        _text(entry["name"]),
        frozenset(entry.get("roles", ())),
        tuple(entry.get("groups", ())),
        frozenset(entry.get("skills", ())),
        _day(entry.get("from")),
        _day(entry.get("to")),
        entry.get("contact", {}),
        entry.get("capacity"),
        absences,
    )


def _absence(entry: Mapping[str, Any]) -> Absence:
    start, end = date.fromisoformat(entry["from"]), date.fromisoformat(entry["to"])
    return Absence(start, end, entry.get("substitute", ""), frozenset(entry.get("processes", ())))


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


def _names(document: Document, house: House | None) -> Iterator[Problem]:
    """Every name that is used and not defined, every date and zone that cannot be."""
    value: Any = document.value
    users, groups = value["users"], value.get("groups", {})
    roles = value.get("roles", {}) if house is None else house.roles
    queues = None if house is None else house.queues
    kinds = None if house is None else house.authority

    def name(where: Place, used: str, known: Iterable[str] | None, what: str) -> Iterator[Problem]:
        if known is not None and used not in known:
            message = f"there is no {what} {used!r}"
            hint = did_you_mean(used, known)
            yield document.problem("CW902", where, message, expected=one_of(known), hint=hint)

    for user, entry in users.items():
        if user == "system":
            yield document.problem("CW908", ("users", user), "Caseway itself acts under this name", key=True)
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
        yield from name(("queues", queue), queue, queues, "queue")
        for which in ("members", "managers"):
            for index, one in enumerate(entry.get(which, ())):
                what, _, used = one.rpartition(".")
                yield from name(("queues", queue, which, index), used, known[what], what or "user")
    for index, away in enumerate(value.get("absences", ())):
        at: Place = ("absences", index)
        for key in ("user", "substitute"):
            if key in away:
                yield from name((*at, key), away[key], users, "user")
        if away.get("substitute") == away["user"]:
            yield document.problem("CW907", (*at, "substitute"), "nobody stands in for themselves")
        yield from _period(document, at, away)
        for other in value["absences"][:index]:
            if _clash(other, away):
                message = (
                    f"{away['user']} is away from {other['from']} to {other['to']} already, with another substitute"
                )
                yield document.problem("CW909", at, message, hint="let the days or the processes differ")
    for index, grant in enumerate(value.get("grants", ())):
        here: Place = ("grants", index)
        if ("role" in grant) == ("user" in grant):
            yield document.problem("CW906", here, "a grant names a role or a user, one of the two")
        if "role" in grant:
            yield from name((*here, "role"), grant["role"], roles, "role")
        if "user" in grant:
            yield from name((*here, "user"), grant["user"], users, "user")
        yield from name((*here, "kind"), grant["kind"], kinds, "kind of authority")
        kind = None if kinds is None else kinds.get(grant["kind"])
        for key, known_of in (("line", kind and kind.lines), ("decision", kind and kind.decisions)):
            if key in grant and known_of:
                yield from name((*here, key), grant[key], known_of, key)
        yield from _period(document, here, grant)
    if value.get("zone", "UTC") not in zones():
        hint = did_you_mean(value["zone"], zones())
        yield document.problem("CW903", ("zone",), f"there is no time zone {value['zone']!r}", hint=hint)


def _clash(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two absences of a person leave open who stands in."""
    if one["user"] != other["user"] or one.get("substitute") == other.get("substitute"):
        return False
    these, those = set(one.get("processes", ())), set(other.get("processes", ()))
    return (
        (not these or not those or bool(these & those))
        and str(one["from"]) <= str(other["to"])
        and str(other["from"]) <= str(one["to"])
    )


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
