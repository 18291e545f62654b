"""Looks for what is wrong with a laid out picture: anything outside its place, on another, or run through."""

from collections.abc import Iterator
from itertools import combinations

from workbench.drawing.arrange import SNAP
from workbench.drawing.boxes import EDGE, ICON, LINE, SMALL, SMALL_LINE, TITLE, Box, spread
from workbench.drawing.words import width


def faults(root: Box) -> Iterator[str]:
    """Everything wrong with the picture, each in words."""
    for frame in [root, *(box for box, _, _ in spread(root) if box.frame)]:
        yield from _boxes(frame)
        yield from _flows(frame)
    for box, _, _ in spread(root):
        yield from _words(box)


def _boxes(frame: Box) -> Iterator[str]:
    floor = frame.height - frame.foot
    for box in frame.inner:
        if box.x < 4 or box.y < 16 or box.x + box.width > frame.width - 4 or box.y + box.height > floor - 4:
            yield f"{box.part.id} does not stand in {frame.part.id}"
    for one, other in combinations(frame.inner, 2):
        apart = (
            one.x + one.width < other.x or other.x + other.width < one.x
            or one.y + one.height < other.y or other.y + other.height < one.y
        )  # fmt: skip
        if not apart:
            yield f"{one.part.id} lies on {other.part.id}"


def _flows(frame: Box) -> Iterator[str]:
    boxes = {box.part.id: box for box in frame.inner}
    for line in frame.flows:
        source, target = boxes[line.source], boxes[line.target]
        (tab,) = (tab for tab in source.tabs if tab.way is line.way)
        first, last = line.points[0], line.points[-1]
        if abs(first[0] - source.x - tab.middle) > SNAP or first[1] != source.y + source.height:
            yield f"{line.source} → {line.target} begins elsewhere"
        if not (target.x < last[0] < target.x + target.width and last[1] == target.y):
            yield f"{line.source} → {line.target} ends elsewhere"
        for (x, y), (u, v) in zip(line.points, line.points[1:], strict=False):
            if x != u and y != v:
                yield f"{line.source} → {line.target} runs aslant"
            if not (min(x, u) > 0 and max(x, u) < frame.width and min(y, v) > 0 and max(y, v) < frame.height):
                yield f"{line.source} → {line.target} leaves its frame"
            low, high, top, bottom = min(x, u), max(x, u), min(y, v), max(y, v)
            for box in frame.inner:
                if low < box.x + box.width and high > box.x and top < box.y + box.height and bottom > box.y:
                    yield f"{line.source} → {line.target} runs through {box.part.id}"


def _words(box: Box) -> Iterator[str]:
    id, inside = box.part.id, box.width - 2 * EDGE - ICON
    if box.part.mark:
        return
    if any(width(line, TITLE) > inside for line in box.lines):
        yield f"the title of {id} is wider than its box"
    if not box.frame and len(box.lines) * LINE + (SMALL_LINE if box.note else 0) > box.height - box.foot - EDGE:
        yield f"the title of {id} is higher than its box"
    if box.note and width(box.note, SMALL) > inside:
        yield f"the clauses of {id} are wider than its box"
    for tab in box.tabs if box.labelled else ():
        icon = 16 if tab.way.trigger else 0
        if any(width(line, SMALL) + icon > tab.width - 4 for line in tab.lines):
            yield f"a label of {id} is wider than its tab"
        if len(tab.lines) * SMALL_LINE > box.foot:
            yield f"a label of {id} is higher than its tab"
        if tab.x < 0 or tab.x + tab.width > box.width:
            yield f"a tab of {id} hangs over"
    for one, other in zip(box.tabs, box.tabs[1:], strict=False):
        if box.labelled and one.x + one.width > other.x:
            yield f"tabs of {id} lie on each other"
