"""The layout of a whole process: every part a box with its words broken into lines, in the frame around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.model import Process
from workbench.drawing.arrange import Point, arranged
from workbench.drawing.chart import Part, Way, chart
from workbench.drawing.layers import Vertex, Wire
from workbench.drawing.words import broken, width

TITLE, SMALL = 13.0, 11.0
LINE, SMALL_LINE = 17.0, 14.0
PAD, EDGE, HEAD, ICON = 20.0, 11.0, 36.0, 24.0
"""Room within a frame, within a box, the height of a frame's head, the room of an icon."""
NARROWEST, WIDEST, MARK = 156.0, 252.0, 16.0
TAB, TAB_WIDEST, TAB_EDGE = 30.0, 150.0, 8.0
BESIDE, UNDER = 30.0, 16.0
"""From a host to the bodies beside it, and between these."""


@dataclass(slots=True)
class Tab:
    """The place of one way out, at the lower border of its box; `x` from the box's left side."""

    way: Way
    lines: list[str]
    width: float
    x: float = 0.0

    @property
    def middle(self) -> float:
        return float(round(self.x + self.width / 2))


@dataclass(slots=True)
class Line:
    """Flow drawn within a frame, from its source's lower border; points relative to the frame."""

    source: str
    target: str
    way: Way
    points: list[Point]


@dataclass(slots=True)
class Box:
    """A part with its place, relative to the frame around it. Its tabs are within its height."""

    part: Part
    lines: list[str] = field(default_factory=list)
    note: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    tabs: list[Tab] = field(default_factory=list)
    foot: float = 0.0  # how high the row of tabs is
    inner: list["Box"] = field(default_factory=list)
    beside: list["Box"] = field(default_factory=list)  # their places are relative to the frame around too
    flows: list[Line] = field(default_factory=list)

    @property
    def frame(self) -> bool:
        return bool(self.inner)

    @property
    def labelled(self) -> bool:
        """Whether its ways out carry words, so that they are drawn as tabs."""
        return self.foot > 0


def laid_out(process: Process, language: str, called: Mapping[str, str] | None = None) -> Box:
    """The whole process as one frame, at (0, 0). called: what stands on steps that have no title, in place of ids."""
    whole = chart(process, language)
    whole.parts += whole.beside
    if called:
        _call(whole, called)
    return _box(whole)


def _call(part: Part, called: Mapping[str, str]) -> None:
    if not part.named and part.id in called:
        part.title, part.named = called[part.id], True
    for inner in (*part.parts, *part.beside):
        _call(inner, called)


def _box(part: Part) -> Box:
    box = Box(part)
    if part.mark:
        box.width = box.height = MARK
        box.tabs = [Tab(way, [], MARK) for way in part.ways]
        return box
    box.tabs = [_tab(way) for way in part.ways]
    if len(box.tabs) > 1 or any(tab.way.label for tab in box.tabs):
        box.foot = 10.0 + SMALL_LINE * max(1, *(len(tab.lines) for tab in box.tabs))
    least = sum(tab.width for tab in box.tabs) if box.foot else 0.0
    if part.parts:
        _frame(box, least)
    else:
        _leaf(box, least)
    _place_tabs(box)
    return box


def _tab(way: Way) -> Tab:
    icon = 16.0 if way.trigger else 0.0
    lines = broken(way.label, TAB_WIDEST - 2 * TAB_EDGE - icon, SMALL) if way.label else []
    widest = max((width(line, SMALL) for line in lines), default=0.0)
    return Tab(way, lines, max(TAB, round(widest + 2 * TAB_EDGE + icon)))


def _leaf(box: Box, least: float) -> None:
    words = width(box.part.title, TITLE) * 1.02
    room = max(NARROWEST, least, min(WIDEST, words + 2 * EDGE + ICON))
    if words > WIDEST - 2 * EDGE - ICON and least < WIDEST:  # in lines of about the same length
        room = max(NARROWEST, least, min(WIDEST, words / 2 * 1.15 + 2 * EDGE + ICON))
    box.width = round(room)
    inside = box.width - 2 * EDGE - ICON
    box.lines = broken(box.part.title, inside, TITLE)
    box.note = broken(box.part.note, inside, SMALL, 1)[0] if box.part.note else ""
    box.height = 2 * EDGE + LINE * len(box.lines) + (SMALL_LINE if box.note else 0) + box.foot


def _frame(box: Box, least: float) -> None:
    """Lays out what is in it."""
    box.inner = [_box(inner) for inner in box.part.parts]
    for inner in box.inner:
        _beside(inner)
    place = {inner.part.id: index for index, inner in enumerate(box.inner)}
    wires, ways = [], []
    for index, inner in enumerate(box.inner):
        for number, tab in enumerate(inner.tabs):
            if tab.way.target in place:
                wires.append(Wire(index, number, place[tab.way.target]))
                ways.append(tab.way)
    found = arranged([_vertex(inner) for inner in box.inner], wires)
    head = width(box.part.title, TITLE) * 1.08 + 2 * EDGE + ICON
    box.note = box.part.note
    if box.note:
        head += width(box.note, SMALL) + EDGE
    inside = max(found.width + 2 * PAD, least + 2 * PAD, min(head, 420.0), NARROWEST)
    box.width = round(inside)
    room = box.width - 2 * EDGE - ICON - (width(box.note, SMALL) + EDGE if box.note else 0)
    if room < 120 and box.note:
        box.note, room = "", box.width - 2 * EDGE - ICON
    box.lines = broken(box.part.title, room / 1.06, TITLE)
    top = HEAD + LINE * (len(box.lines) - 1)
    left = round((box.width - found.width) / 2)
    for inner, (x, y) in zip(box.inner, found.places, strict=True):
        _shift(inner, left + x, top + y)
    box.flows = [
        Line(box.inner[wire.source].part.id, way.target, way, [(left + x, top + y) for x, y in path])
        for wire, way, path in zip(wires, ways, found.paths, strict=True)
    ]
    box.inner = [one for inner in box.inner for one in (inner, *inner.beside)]
    box.height = top + found.height + PAD + (box.foot + 6 if box.foot else 0)


def _shift(box: Box, x: float, y: float) -> None:
    box.x, box.y = box.x + x, box.y + y
    for body in box.beside:
        body.x, body.y = body.x + x, body.y + y


def _beside(box: Box) -> None:
    """Puts the bodies that run beside a box at its right, one below the other."""
    box.beside = [_box(body) for body in box.part.beside]
    y = 0.0
    for body in box.beside:
        body.x, body.y = box.width + BESIDE, y
        y += body.height + UNDER


def _vertex(box: Box) -> Vertex:
    exits = tuple(tab.middle for tab in box.tabs)
    across = max((body.x + body.width for body in box.beside), default=box.width)
    down = max(box.height, *(body.y + body.height for body in box.beside)) if box.beside else box.height
    return Vertex(across, down, round(box.width / 2), exits, box.height)


def _place_tabs(box: Box) -> None:
    """Tabs fill the foot of a leaf; in that of a frame they stand in the middle as wide as they are."""
    if not box.foot:
        for tab in box.tabs:
            tab.x, tab.width = 0.0, box.width
        return
    spare = box.width - sum(tab.width for tab in box.tabs)
    x = spare / 2 if box.frame else 0.0
    for tab in box.tabs:
        tab.width += 0.0 if box.frame else spare / len(box.tabs)
        tab.x = x
        x += tab.width
    for tab in box.tabs:  # on whole pixels, so that upright lines are sharp and straight
        right = round(tab.x + tab.width)
        tab.x = round(tab.x)
        tab.width = right - tab.x


def spread(frame: Box, x: float = 0.0, y: float = 0.0) -> Sequence[tuple[Box, float, float]]:
    """Every box within a frame with its place in the whole picture."""
    found: list[tuple[Box, float, float]] = []
    for inner in frame.inner:
        found.append((inner, x + inner.x, y + inner.y))
        found += spread(inner, x + inner.x, y + inner.y)
    return found
