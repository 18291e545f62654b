"""Fields of the data that hold a file of the case: a whole number, that of the attachment (`format: attachment`).

A file comes into the case first, then its number into a form. So a number that people give must be that of a file
which is there, and a file that a field holds is not taken away.
"""

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from engine.core import events as core
from engine.core.kinds import Json, Type
from engine.core.machine import Turn
from engine.core.model import Process
from papers.refusals import refuse
from papers.state import files_of

_HOLDING: WeakKeyDictionary[Process, frozenset[str]] = WeakKeyDictionary()
"""The top-level names of a process that hold files, or objects and lists with files: looked at once."""


def check_files(turn: Turn, event: core.DataChanged) -> None:
    """Raises Refuse where what was written as a file is none of the case's."""
    holding = _holding(turn.process)
    if not holding:
        return
    files = files_of(turn.state.papers)
    for path, value in event.changes.items():
        name, *inner = path.split(".")
        kind: Type | None = turn.process.names[name] if name in holding else None
        for step in inner:
            kind = (kind.fields or {}).get(step) if kind is not None else None
        for place, file in _files(kind, value, path) if kind is not None else ():
            if file not in files:
                raise refuse("no_file", place, file=file)


def held_by(turn: Turn, file: int) -> str:
    """The field that holds the file; "" if none does."""
    data = turn.state.flow.data
    for name in _holding(turn.process):
        for place, found in _files(turn.process.names[name], data.get(name), name):
            if found == file:
                return place
    return ""


def _holding(process: Process) -> frozenset[str]:
    found = _HOLDING.get(process)
    if found is None:
        found = _HOLDING[process] = frozenset(name for name, kind in process.names.items() if _holds(kind))
    return found


def _holds(kind: Type) -> bool:
    inner = (*((kind.item,) if kind.item is not None else ()), *(kind.fields or {}).values())
    return kind.attachment or any(map(_holds, inner))


def _files(kind: Type, value: Json, place: str) -> Iterator[tuple[str, int]]:
    """The numbers of files in a value, each with its place."""
    if kind.attachment and isinstance(value, int):
        yield place, value
    elif isinstance(value, dict):
        for name, one in (kind.fields or {}).items():
            yield from _files(one, value.get(name), f"{place}.{name}")
    elif isinstance(value, list) and kind.item is not None:
        for one in value:
            yield from _files(kind.item, one, place)
