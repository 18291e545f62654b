"""A process as text, in the order of the file: what `caseway show` prints."""

from collections.abc import Iterator

from engine.core.model import Process
from sla.model import ORIGINS, Mark, clocks_of
from workbench.layout import Box, lay_out, told


def outline(process: Process, language: str = "zh") -> str:
    """One line a step, indented by scope, with where it leads when that is not simply on."""
    frame = lay_out(process, language)
    head = f"{process.name} · {frame.title}" + (f" · {process.version[:12]}" if process.version else "")
    return "\n".join([head, *_lines(frame, 1), *_clocks(process, language)])


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


def _lines(frame: Box, depth: int) -> Iterator[str]:
    indent = "  " * depth
    done = {box.id: box.title for box in frame.inner if box.kind == "done"}
    for box in frame.inner:
        own = box.kind not in ("branch", "body", "done")
        name = f"{box.id} · {box.title}" if own and box.title != box.id else box.title
        kind = f" [{box.kind}]" if own else ""
        note = f" ({box.note})" if box.note else ""
        yield f"{indent}{'┆ ' if box.kind in ('branch', 'body') else ''}{name}{kind}{note}"
        said = [f"{label}" for (source, _), label in frame.downs.items() if source == box.id and label]
        for label in said:
            yield f"{indent}    ↓ {label}"
        for jump in frame.jumps:
            if jump.source == box.id:
                target = done.get(jump.target, jump.target)
                yield f"{indent}    → {target}" + (f"  {jump.label}" if jump.label else "")
        yield from _lines(box, depth + 1)
