"""A process as text, in the order of the file: what `caseway show` prints."""

from collections.abc import Iterator

from engine.core.model import Process
from workbench.layout import Box, lay_out


def outline(process: Process, language: str = "zh") -> str:
    """One line a step, indented by scope, with where it leads when that is not simply on."""
    frame = lay_out(process, language)
    head = f"{process.name} · {frame.title}" + (f" · {process.version[:12]}" if process.version else "")
    return "\n".join([head, *_lines(frame, 1)])


def _lines(frame: Box, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for box in frame.inner:
        name = box.title if box.kind in ("branch", "body") or box.title == box.id else f"{box.id} · {box.title}"
        kind = "" if box.kind in ("branch", "body") else f" [{box.kind}]"
        note = f" ({box.note})" if box.note else ""
        yield f"{indent}{'┆ ' if box.kind in ('branch', 'body') else ''}{name}{kind}{note}"
        said = [f"{label}" for (source, _), label in frame.downs.items() if source == box.id and label]
        for label in said:
            yield f"{indent}    ↓ {label}"
        for jump in frame.jumps:
            if jump.source == box.id:
                yield f"{indent}    → {jump.target}" + (f"  {jump.label}" if jump.label else "")
        yield from _lines(box, depth + 1)
