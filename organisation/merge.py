"""Two changes of one document brought together, entry by entry, where they do not touch the same entry.

A proposal may wait for days, and meanwhile people go on leave. So what it changed of the revision that it was made
of is looked for, and done to the one in force. Whatever both have changed in different ways is a conflict.
"""

from collections.abc import Mapping
from typing import Any

from organisation.edits import key_of

LISTS = ("absences", "grants")
MAPPINGS = ("roles", "groups", "users", "queues")


class Conflict(Exception):
    """Both have changed the same entry."""


def merged(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """`ours` with what `theirs` changed of `base`. Raises Conflict."""
    found = dict(ours)
    for section in {*base, *ours, *theirs} - {*LISTS, *MAPPINGS}:
        _put(found, section, _three(base.get(section), ours.get(section), theirs.get(section)))
    for section in MAPPINGS:
        sides = [one.get(section, {}) for one in (base, ours, theirs)]
        names = dict.fromkeys(name for side in (sides[1], sides[2], sides[0]) for name in side)
        entries: dict[str, Any] = {}
        for name in names:
            _put(entries, name, _three(*(side.get(name) for side in sides)))
        _put(found, section, entries or (None if section not in ours else {}))
    for section in LISTS:
        entries_now = _listed(
            *({key_of(entry): entry for entry in one.get(section, ())} for one in (base, ours, theirs))
        )
        _put(found, section, entries_now or (None if section not in ours else []))
    return found


def _listed(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Any]:
    """Entries without names: those that `theirs` took away must still be there, those that it added go to the end."""
    gone = base.keys() - theirs.keys()
    if not gone <= ours.keys():
        raise Conflict
    return [entry for key, entry in ours.items() if key not in gone] + [
        entry for key, entry in theirs.items() if key not in base and key not in ours
    ]


def _three(base: Any, ours: Any, theirs: Any) -> Any:
    if theirs == base or ours == theirs:
        return ours
    if ours == base:
        return theirs
    raise Conflict


def _put(into: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        into.pop(key, None)
    else:
        into[key] = value
