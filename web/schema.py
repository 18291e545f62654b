"""Data schemas as forms and pages need them: titles, help, what is required, bounds, the titles of values.

A version's schema never changes, so it is read once and kept.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.kinds import ANY, Type
from engine.core.model import Process, Text
from engine.core.types import dereferenced
from engine.language.notices import file_of
from engine.language.source import read
from engine.runtime.sources import load
from web.desk import Desk

Schema = Mapping[str, Any]

_KEPT: dict[tuple[str, str], Schema] = {}
_LOCK = threading.Lock()
MOST = 200


@dataclass(frozen=True, slots=True)
class Part:
    """One place in the data: what the schema says of it, its type, and whether a form may not leave it empty."""

    name: str  # dotted
    schema: Schema
    kind: Type
    required: bool

    @property
    def labels(self) -> Mapping[str, Any]:
        """The titles of its values, by value."""
        inner: Schema = self.schema.get("items", {}) if self.kind.kind == "list" else {}
        found: Mapping[str, Any] = self.schema.get("labels") or inner.get("labels") or {}
        return found


def for_customers(found: Part, value: Any, state: Any, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a customer may be told this of their case: it is public, and a promise that can still be kept. Of a case
    that was cancelled nothing is told: what it says was true before."""
    flow = state.flow
    if found.schema.get("grade") != "public" or (flow.status == "ended" and not flow.end):
        return False
    if not found.schema.get("ahead"):
        return True
    return flow.status != "ended" and str(value) >= now.astimezone(zone).date().isoformat()


def schema_of(desk: Desk, process: Process) -> Schema:
    """The data schema of a version of a process; empty when it is not there."""
    key = (process.name, process.version)
    if key not in _KEPT:
        sources = load(desk.caseway.connection, ("process", *key))
        found: Schema = {}
        if sources is not None:
            written: Any = read(sources.contents[sources.path], sources.path).value
            data = written.get("data") if isinstance(written, dict) else None
            if isinstance(data, str) and data in sources.contents:
                data = read(sources.contents[data], data).value
            found = data if isinstance(data, dict) else {}
        _keep(key, found)
    return _KEPT[key]


def subject_of(desk: Desk, process: Process, notice: str) -> Text:
    """The subject of a notice of this version, by language, as it was written; empty where there is none."""
    key = (process.name, f"{process.version}/{notice}")
    if key not in _KEPT:
        sources = load(desk.caseway.connection, ("process", process.name, process.version))
        path = file_of(notice)
        written: Any = read(sources.contents[path], path).value if sources and path in sources.contents else {}
        subject = written.get("subject") if isinstance(written, dict) else None
        _keep(key, subject if isinstance(subject, dict) else {"": str(subject or "")})
    return _KEPT[key]


def _keep(key: tuple[str, str], found: Mapping[str, Any]) -> None:
    with _LOCK:
        if len(_KEPT) >= MOST:
            _KEPT.clear()
        _KEPT[key] = found


def part(desk: Desk, process: Process, path: tuple[str, ...]) -> Part:
    """The place at a path, as far as the schema knows it."""
    root = schema_of(desk, process)
    here, required, kind = root, True, Type("object", fields=process.names)
    for name in path:
        required = required and name in here.get("required", ())
        here = dereferenced(here.get("properties", {}).get(name, {}), root)
        kind = (kind.fields or {}).get(name, ANY)
    return Part(".".join(path), here, kind, required)
