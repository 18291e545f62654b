"""The log as OCEL 2.0 in JSON (Berti et al., OCEL 2.0 Specification, section 8): cases, tasks, clocks, people and
queues as objects, and what happened as events that are about several of them.

Objects and events are written as cases are read, events into a file of their own meanwhile; people, queues and the
types come last. As the standard's schema has it, every value is text, and the types say what it is.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from shutil import copyfileobj
from typing import Any, TextIO

from workbench.event_log.cases import Chosen, Traced
from workbench.event_log.lines import CASE, CLOCK, TASK, Line

ABOUT = {TASK: "task", CLOCK: "clock"}
BY = {"schedule": "for", "reassign": "to"}
"""How a person is related to an event of this transition; else it was done by them."""
_KINDS = {bool: "boolean", int: "integer", str: "string"}

Typed = dict[str, dict[str, str]]
"""Type of event or object -> attribute -> its type."""


class Ocel:
    """A log while it is written."""

    def __init__(self, chosen: Chosen, objects: TextIO, events: TextIO) -> None:
        self._chosen = chosen
        self._objects = objects
        self._events = events
        self._seen: dict[str, str] = {}  # people and queues: id -> type
        self.object_types: Typed = {}
        self.event_types: Typed = {}
        self.count = 0

    def case(self, traced: Traced, first: bool) -> None:
        """Writes a case with its tasks and clocks, and what happened."""
        objects = [self._case(traced), *self._parts(traced)]
        self._write(self._objects, objects, first)
        events = [self._event(traced, line, self.count + n) for n, line in enumerate(traced.lines, 1)]
        self._write(self._events, events, self.count == 0)
        self.count += len(events)

    def rest(self, first: bool) -> None:
        """Writes people and queues."""
        found = [self._object(id, type, {}) for id, type in self._seen.items()]
        self._write(self._objects, found, first)

    def _write(self, to: TextIO, found: Iterable[Any], first: bool) -> None:
        for one in found:
            to.write("" if first else ",\n")
            to.write(json.dumps(one, ensure_ascii=False, separators=(",", ":")))
            first = False

    def _case(self, traced: Traced) -> Any:
        shapes = {"number": "string", "version": "string"}
        at = _time(traced.lines[0].at)
        values = [("number", traced.number, at), ("version", traced.process.version, at)]
        for change in traced.changes:
            if not change.clock:
                for name, value in change.values.items():
                    shapes[name] = shapes.get(name) or self._chosen.shape(traced.process, name)
                    values.append((name, _text(value), _time(change.at)))
        related = [(f"case:{one.case}", one.how) for one in traced.related]
        return self._object(f"case:{traced.id}", traced.process.name, shapes, values, related)

    def _parts(self, traced: Traced) -> Iterable[Any]:
        """Tasks and clocks, each with what it is and, of a clock, when it was due from which moment on."""
        dues: dict[int, list[tuple[str, str, str]]] = {}
        for change in traced.changes:
            if change.clock:
                dues.setdefault(change.clock, []).append(
                    ("deadline", _text(change.values["deadline"]), _time(change.at))
                )
        whole = [(f"case:{traced.id}", "of")]
        for line in traced.lines:
            at = _time(line.at)
            if line.kind == TASK and line.change == "schedule":
                title = self._chosen.activity(traced.process, line)
                values = [("step", line.name, at), ("title", title, at)]
                yield self._object(_id(traced, line), "task", dict.fromkeys(("step", "title"), "string"), values, whole)
            elif line.kind == CLOCK and line.change == "start":
                title = self._chosen.activity(traced.process, line)
                values = [("clock", line.name, at), ("title", title, at), *dues.get(line.id, ())]
                shapes = {"clock": "string", "title": "string", "deadline": "time"}
                yield self._object(_id(traced, line), "clock", shapes, values, whole)

    def _event(self, traced: Traced, line: Line, number: int) -> Any:
        name = self._chosen.activity(traced.process, line)
        if line.kind == CASE or line.change != "complete":
            name = f"{name}: {line.change}"
        shapes = self.event_types.setdefault(name, {})
        shapes |= {key: _KINDS[type(value)] for key, value in line.more.items()}
        related = [(f"case:{traced.id}", "of")]
        if line.kind in ABOUT:
            related.append((_id(traced, line), ABOUT[line.kind]))
        for id, type_, how in ((line.by, "person", BY.get(line.change, "by")), (line.queue, "queue", "in")):
            if id:
                self._seen[f"{type_}:{id}"] = type_
                related.append((f"{type_}:{id}", how))
        return {
            "id": f"event:{number}", "type": name, "time": _time(line.at),
            "attributes": _pairs(line.more), "relationships": _related(related),
        }  # fmt: skip

    def _object(
        self, id: str, type: str, shapes: Mapping[str, str], values: Iterable[tuple[str, str, str]] = (),
        related: Iterable[tuple[str, str]] = (),
    ) -> Any:  # fmt: skip
        self.object_types.setdefault(type, {}).update(shapes)
        attributes = [{"name": name, "value": value, "time": at} for name, value, at in values]
        return {"id": id, "type": type, "attributes": attributes, "relationships": _related(related)}


def write_ocel(chosen: Chosen, to: TextIO) -> tuple[int, int]:
    """Writes the log; how many cases and events it has."""
    cases = 0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as events:
        log = Ocel(chosen, to, events)
        to.write('{"objects":[\n')
        for traced in chosen:
            log.case(traced, cases == 0)
            cases += 1
        log.rest(cases == 0)
        to.write('\n],"events":[\n')
        events.seek(0)
        copyfileobj(events, to)
    types = {"objectTypes": log.object_types, "eventTypes": log.event_types}
    told = {
        key: [
            {"name": name, "attributes": [{"name": a, "type": t} for a, t in has.items()]}
            for name, has in found.items()
        ]
        for key, found in types.items()
    }
    to.write("\n]," + json.dumps(told, ensure_ascii=False, separators=(",", ":"))[1:] + "\n")
    return cases, log.count


def _types(found: Typed) -> list[Any]:
    return [
        {"name": name, "attributes": [{"name": one, "type": type} for one, type in has.items()]}
        for name, has in found.items()
    ]


def _id(traced: Traced, line: Line) -> str:
    return f"{line.kind}:{traced.id}:{line.id}"


def _pairs(values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"name": name, "value": _text(value)} for name, value in values.items()]


def _related(found: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": id, "qualifier": how} for id, how in dict.fromkeys(found)]


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
