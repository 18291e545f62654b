"""A process as a picture: SVG with what there is to show on its steps, or Mermaid."""

from weakref import WeakKeyDictionary

from engine.core.model import Process
from workbench.drawing import mermaid as flowchart
from workbench.drawing.boxes import Box, laid_out
from workbench.drawing.chart import chart
from workbench.drawing.svg import Overlay, drawn

_LAID_OUT: WeakKeyDictionary[Process, dict[str, Box]] = WeakKeyDictionary()
"""Laying out takes tenths of a second, and a version never changes."""


def picture(process: Process, language: str = "zh", over: Overlay | None = None) -> str:
    """The process as an SVG document. `over`: what is shown on its steps, such as the tokens of a case."""
    known = _LAID_OUT.setdefault(process, {})
    root = known.get(language)
    if root is None:
        root = known[language] = laid_out(process, language)
    return drawn(root, language, over or Overlay())


def mermaid(process: Process, language: str = "zh") -> str:
    """The process as the text of a Mermaid flowchart."""
    return flowchart.mermaid(chart(process, language))
