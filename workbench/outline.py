"""A process as text, in the order of the file: what `caseway show` prints."""

from collections.abc import Iterator
from itertools import pairwise

from engine.core.model import Process
from sla.model import ORIGINS, Mark, clocks_of
from workbench.drawing.chart import Part, chart, told


def outline(process: Process, language: str = "zh") -> str:
    """One line a step, indented by scope, with where it leads when that is not simply on."""
    frame = chart(process, language)
    head = f"{process.name} · {frame.title}" + (f" · {process.version[:12]}" if process.version else "")
    return "\n".join([head, *_starts(process), *_lines(frame, 1), *_clocks(process, language)])


def _starts(process: Process) -> Iterator[str]:
    """The ways in which a case starts, in the words of the file: who with which fields, what message, how often."""
    start = process.start
    if start.by or start.form:
        fields = ", ".join(".".join(path) for path in start.form)
        yield f"  ▷ by {', '.join(start.by) or 'anybody on the staff'}" + (f": {fields}" if fields else "")
    if start.message:
        key = f", key {start.key.source}" if start.key is not None else ""
        into = ", ".join(dict.fromkeys(".".join(one.path) for one in start.into))
        yield f"  ▷ message {start.message}{key}" + (f": {into}" if into else "")
    if start.every:
        yield f"  ▷ every {start.every}"


def _clocks(process: Process, language: str) -> Iterator[str]:
    """The clocks of the process: what they count from and until, and how long; the law's first."""
    for clock in sorted(clocks_of(process).by_name.values(), key=lambda one: ORIGINS.index(one.origin)):
        until = ", ".join(map(_mark, clock.until))
        limit = getattr(clock.limit, "source", None)
        clauses = f" ({', '.join(clock.clauses)})" if clock.clauses else ""
        title = told(clock.title, language, "")
        name = f"{clock.name} · {title}" if title else clock.name
        length = f"{{{{{limit}}}}}" if limit is not None else clock.limit
        yield f"  ◷ {name} [{clock.origin}]{clauses}: {length}, {_mark(clock.start)} → {until}"


def _mark(mark: Mark) -> str:
    """A mark in the words of the file: `milestone.answered`, `received_at`, `case`."""
    kind, name = mark
    return name if kind == "date" else f"{kind}.{name}" if name else kind


def _lines(frame: Part, depth: int) -> Iterator[str]:
    indent = "  " * depth
    done = {part.id: part.title for part in frame.parts if part.kind == "done"}
    steps = [part for part in frame.parts if not part.mark]
    below = {part.id: after.id for part, after in pairwise(steps)}
    for part in (*steps, *frame.beside):
        own = part.kind not in ("branch", "body", "any")
        name = f"{part.id} · {part.title}" if own and part.title != part.id else part.title
        kind = f" [{part.kind}]" if own else ""
        note = f" ({part.note})" if part.note else ""
        yield f"{indent}{'┆ ' if part.kind in ('branch', 'body') else ''}{name}{kind}{note}"
        for way in part.ways:
            if way.target == below.get(part.id):
                if way.label:
                    yield f"{indent}    ↓ {way.label}"
            else:
                yield f"{indent}    → {done.get(way.target, way.target)}" + (f"  {way.label}" if way.label else "")
        yield from _lines(part, depth + 1)
