"""A process as a picture: SVG with what there is to show on its steps, or Mermaid."""

from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from engine.core.model import Process
from workbench.drawing import mermaid as flowchart
from workbench.drawing.boxes import Box, laid_out
from workbench.drawing.chart import chart
from workbench.drawing.svg import Overlay, drawn

_LAID_OUT: WeakKeyDictionary[Process, dict[tuple[str, bool], Box]] = WeakKeyDictionary()
"""Laying out takes tenths of a second, and a version never changes."""


def picture(
    process: Process, language: str = "zh", over: Overlay | None = None,
    called: Callable[[], Mapping[str, str]] | None = None,
) -> str:  # fmt: skip
    """The process as an SVG document. `over`: what is shown on its steps, such as the tokens of a case. `called`: what
    stands on steps without a title in place of their ids; the same each time for a version and a language."""
    known = _LAID_OUT.setdefault(process, {})
    key = (language, called is not None)
    root = known.get(key)
    if root is None:
        root = known[key] = laid_out(process, language, called() if called is not None else {})
    return drawn(root, language, over or Overlay())


def mermaid(process: Process, language: str = "zh") -> str:
    """The process as the text of a Mermaid flowchart."""
    return flowchart.mermaid(chart(process, language))
