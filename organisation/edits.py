"""Small changes of the organisation's document, one function for each; none looks whether the result is right.

Each takes the document and what is given, and returns another document: `load` checks it, `changes.change` decides
whether it needs a second person. What is given as "" or () goes; what is not given stays.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from organisation.store import encode

Document = Mapping[str, Any]
Given = Mapping[str, Any]


class NotThere(LookupError):
    """What is to be changed or taken away is not in the document."""


def key_of(entry: Mapping[str, Any]) -> str:
    """What an absence or a grant is called, having no name: it follows from what it says."""
    return hashlib.sha256(encode(entry)).hexdigest()[:16]


def put(document: Document, section: str, name: str, given: Given) -> Document:
    """An entry of `users`, `groups` or `queues`, made or changed."""
    entries = document.get(section, {})
    entry = {**entries.get(name, {}), **{key: value for key, value in given.items() if value is not None}}
    kept = {key: value for key, value in entry.items() if value not in ("", (), [], {}) or key in KEPT}
    return {**document, section: {**entries, name: kept}}


KEPT = frozenset({"members"})
"""What a queue has even where it is empty."""


def user(document: Document, given: Given) -> Document:
    """user; and any of name, roles, groups, skills, from, to, capacity, contact."""
    fields = ("name", "roles", "groups", "skills", "from", "to", "capacity", "contact")
    return put(document, "users", given["user"], {key: given.get(key) for key in fields})


def leave(document: Document, given: Given) -> Document:
    """user, to: their last day of service. What they had in hand moves as soon as that is past."""
    if given["user"] not in document["users"]:
        raise NotThere(given["user"])
    return put(document, "users", given["user"], {"to": given["to"]})


def group(document: Document, given: Given) -> Document:
    """group; and any of title, manager, part_of."""
    return put(document, "groups", given["group"], {key: given.get(key) for key in ("title", "manager", "part_of")})


def queue(document: Document, given: Given) -> Document:
    """queue; and any of members, managers, assign_by."""
    fields = {key: given.get(key) for key in ("members", "managers", "assign_by")}
    if given["queue"] not in document.get("queues", {}) and fields["members"] is None:
        fields["members"] = []
    return put(document, "queues", given["queue"], fields)


def _add(section: str, names: tuple[str, ...]) -> Callable[[Document, Given], Document]:
    def add(document: Document, given: Given) -> Document:
        entry = {key: given[key] for key in names if given.get(key) not in (None, "", (), [])}
        return {**document, section: [*document.get(section, ()), entry]}

    return add


def _drop(section: str) -> Callable[[Document, Given], Document]:
    def drop(document: Document, given: Given) -> Document:
        entries = list(document.get(section, ()))
        kept = [entry for entry in entries if key_of(entry) != given["key"]]
        if len(kept) == len(entries):
            raise NotThere(given["key"])
        return {**document, section: kept}

    return drop


EDITS: Mapping[str, Callable[[Document, Given], Document]] = {
    "user": user,
    "leave": leave,
    "group": group,
    "queue": queue,
    "absence": _add("absences", ("user", "from", "to", "substitute", "processes")),
    "absence_end": _drop("absences"),
    "grant": _add("grants", ("role", "user", "kind", "line", "amount", "decision", "from", "to")),
    "grant_end": _drop("grants"),
}
"""Every edit by its name."""
