"""A laid out process as an SVG document: light or dark with its viewer, nothing from elsewhere, no script."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from workbench.drawing.arrange import Point
from workbench.drawing.boxes import EDGE, ICON, LINE, SMALL, SMALL_LINE, Box, Tab, spread
from workbench.drawing.look import HUES, ICONS, LEGEND, SAME, SHAPES, STYLE, WORDS
from workbench.drawing.words import width

MARGIN, ROUND = 16.0, 7.0
ORIGIN = (MARGIN - 12, MARGIN + 8)
"""Where the root's own upper left corner lies."""
NEAR = (480.0, 520.0)
"""How much is shown at least of what lies around the tokens."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is shown on the steps, by id. `warmth`: 0 to 1; `left`, `right`: a few words on the upper corners;
    `missed`: (step, way) and (step, "") that are to stand out as not covered; `caption`: what the warmth means;
    `near`: only what lies around the tokens."""

    tokens: Mapping[str, int] = field(default_factory=dict)
    warmth: Mapping[str, float] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    right: Mapping[str, str] = field(default_factory=dict)
    missed: frozenset[tuple[str, str]] = frozenset()
    caption: str = ""
    near: bool = False


def drawn(root: Box, language: str, over: Overlay) -> str:
    """The SVG document of a picture."""
    pen = _Pen(0 if language == "zh" else 1, over)
    title = root.part.title
    pen.text(MARGIN + 4, MARGIN + 14, title, "t")
    pen.inside(root, *ORIGIN)
    across = max(root.width + 2 * MARGIN - 24, width(title, 17) * 1.1 + 2 * MARGIN, 360)
    legend = root.height + MARGIN + 22
    down = pen.legend(root, across, legend) + MARGIN
    steps = sum(not box.part.mark and box.part.kind not in ("branch", "body", "any") for box, _, _ in spread(root))
    told = [pen.word("steps").format(steps)]
    at = [box.part.title for box, _, _ in spread(root) if box.part.id in over.tokens and not box.frame]
    if at:
        told.append(pen.word("stands").format("、".join(at) if language == "zh" else ", ".join(at)))
    x, y, wide, high = _around(root, over, across, down)
    size = f'width="{wide:g}" height="{high:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x:g} {y:g} {wide:g} {high:g}" {size} role="img" '
        f'aria-labelledby="t d" lang="{language}"><title id="t">{escape(title)}</title>'
        f'<desc id="d">{escape("; ".join([*told, over.caption] if over.caption else told))}</desc>'
        f"<style>{STYLE}</style>"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .6 8 4 0 7.4z" fill="var(--line)"/></marker></defs>'
        f'<rect width="{across:g}" height="{down:g}" fill="var(--page)"/>{"".join(pen.out)}</svg>\n'
    )


def _around(root: Box, over: Overlay, across: float, down: float) -> tuple[float, float, float, float]:
    """The part of the picture that is shown: x, y, width and height."""
    here = [(x, y, box) for box, x, y in spread(root, *ORIGIN) if box.part.id in over.tokens and not box.frame]
    if not over.near or not here:
        return 0.0, 0.0, across, down
    left, right = min(x for x, _, _ in here), max(x + box.width for x, _, box in here)
    top, bottom = min(y for _, y, _ in here), max(y + box.height for _, y, box in here)
    wide, high = (
        min(across, max(NEAR[0], right - left + NEAR[0] / 3)),
        min(down, max(NEAR[1], bottom - top + NEAR[1] / 2)),
    )
    x, y = (left + right - wide) / 2, (top + bottom - high) / 2
    return round(min(max(x, 0), across - wide)), round(min(max(y, 0), down - high)), round(wide), round(high)


class _Pen:
    """Collects the elements of one picture."""

    def __init__(self, language: int, over: Overlay) -> None:
        self.out: list[str] = []
        self.language = language
        self.over = over

    def word(self, name: str) -> str:
        return WORDS[name][self.language]

    def inside(self, frame: Box, x: float, y: float) -> None:
        """What stands in a frame: first the flow, then the boxes, so that tips lie on borders."""
        for line in frame.flows:
            self.flow([(x + a, y + b) for a, b in line.points])
        for inner in frame.inner:
            for body in inner.beside:
                self.side(inner, body, x, y)
        for inner in frame.inner:
            self.box(inner, x + inner.x, y + inner.y)

    def box(self, box: Box, x: float, y: float) -> None:
        part = box.part
        if part.mark:
            name = "dot" if part.kind == "start" else "ring"
            r = box.width / 2 - (1.5 if part.kind == "done" else 0)
            at = f'cx="{x + box.width / 2:g}" cy="{y + box.height / 2:g}"'
            self.out.append(f'<circle class="{name}" {at} r="{r:g}"><title>{escape(part.title)}</title></circle>')
            return
        over, id = self.over, part.id
        self.out.append(f"<g><title>{escape(self.whole(box))}</title>")
        hue = HUES.get(part.kind, "other")
        name = ("frame body" if part.kind in ("body", "branch") else "frame") if box.frame else "box"
        name += " here" if id in over.tokens else " missed" if (id, "") in over.missed else ""
        hue = "machine" if over.warmth else hue  # so that warmth is the only colour
        fill = "" if box.frame else f"fill:var(--{hue});" + ("" if " " in name else f"stroke:var(--{hue}-rim)")
        if part.kind == "each":
            self.out.append(_shape(x + 4, y - 4, box.width, box.height, "frame", "", ""))
        self.out.append(_shape(x, y, box.width, box.height, name, fill, SHAPES.get(part.kind, "")))
        if over.warmth.get(id, 0) > 0:
            shade = f"fill-opacity:{0.08 + 0.62 * over.warmth[id]:.2f}"
            self.out.append(_shape(x, y, box.width, box.height, "warm", shade, SHAPES.get(part.kind, "")))
        self.icon(part.trigger or part.kind, x + EDGE - 1, y + (10 if box.frame else EDGE + 0.5))
        down = y + (22 if box.frame else EDGE + 13)
        for n, line in enumerate(box.lines):
            self.text(x + EDGE + ICON, down + n * LINE, line, "h" if box.frame else "")
        if box.note and box.frame:
            self.text(x + box.width - EDGE - width(box.note, SMALL), y + 22, box.note, "s")
        elif box.note:
            self.text(x + EDGE + ICON, down + len(box.lines) * LINE - 2, box.note, "s")
        if box.labelled:
            for n, tab in enumerate(box.tabs):
                self.tab(box, tab, n, x, y)
        self.corners(box, x, y)
        self.out.append("</g>")
        self.inside(box, x, y)

    def tab(self, box: Box, tab: Tab, number: int, x: float, y: float) -> None:
        left, top = x + tab.x, y + box.height - box.foot
        missed = (box.part.id, tab.way.key) in self.over.missed
        name = "leave" if tab.way.key.startswith("/") else "way"
        if name == "leave" or missed or box.frame:
            name += " missed" if missed else " cut" if box.frame and name == "way" else ""
            self.out.append(_shape(left + 2, top + 1, tab.width - 4, box.foot - 3, name, "", ""))
        elif number:
            self.out.append(f'<path class="cut" d="M{left:g} {top + 3:g}v{box.foot - 7:g}"/>')
        icon = 16.0 if tab.way.trigger else 0.0
        widest = max((width(line, SMALL) for line in tab.lines), default=0.0)
        middle = left + tab.width / 2 + icon / 2
        down = top + (box.foot - SMALL_LINE * len(tab.lines)) / 2 + 10
        if icon:
            self.icon(tab.way.trigger, middle - widest / 2 - 15, down - 9.5, 0.75)
        whole = tab.way.label if "…" in "".join(tab.lines) else ""
        for n, line in enumerate(tab.lines):
            self.text(middle, down + n * SMALL_LINE, line, "s m", whole)
        if not tab.lines and not icon:
            self.icon("escalate", left + tab.width / 2 - 4, top + box.foot / 2 - 4, 0.5, turned=True)

    def corners(self, box: Box, x: float, y: float) -> None:
        over, id = self.over, box.part.id
        for words, left in ((over.left.get(id, ""), True), (over.right.get(id, ""), False)):
            if words:
                room = width(words, SMALL) * 1.06 + 14
                at = x + 8 if left else x + box.width - 8 - room
                self.out.append(f'<rect class="badge" x="{at:g}" y="{y - 9:g}" width="{room:g}" height="18" rx="9"/>')
                self.text(at + room / 2, y + 4, words, "b m")
        if id in over.tokens and not box.frame:
            count = str(over.tokens[id])
            room = max(22.0, width(count, 12) + 12)
            at = x + box.width - room - 6
            self.out.append(f'<rect class="token" x="{at:g}" y="{y - 11:g}" width="{room:g}" height="22" rx="11"/>')
            self.text(at + room / 2, y + 4.2, count, "on m")

    def whole(self, box: Box) -> str:
        """All that is known of a step, as its tooltip and for who does not see it."""
        part, over = box.part, self.over
        words = [part.title, part.id if part.id != part.title and "/" not in part.id else "", part.note]
        words += [over.right.get(part.id, ""), over.left.get(part.id, "")]
        words += [self.word("token")] if part.id in over.tokens else []
        words += [self.word("missed")] if (part.id, "") in over.missed else []
        return " · ".join(word for word in words if word)

    def flow(self, points: Sequence[Point]) -> None:
        self.out.append(f'<path class="flow" marker-end="url(#tip)" d="{rounded(points)}"/>')

    def side(self, host: Box, body: Box, x: float, y: float) -> None:
        """From a host to a body that runs beside it."""
        begin = (x + host.x + host.width, y + host.y + 18)
        end = (x + body.x, y + body.y + 18)
        middle = (begin[0] + end[0]) / 2
        points = [begin, (middle, begin[1]), (middle, end[1]), end] if begin[1] != end[1] else [begin, end]
        self.out.append(f'<path class="flow side" marker-end="url(#tip)" d="{rounded(points)}"/>')

    def icon(self, kind: str, x: float, y: float, scale: float = 1.0, turned: bool = False) -> None:
        if kind in ("branch", "body", "process"):
            return
        lines = ICONS.get(SAME.get(kind, kind), ICONS["act"])
        scaled = f" scale({scale:g})" if scale != 1 else ""
        turn = " rotate(180 8 8)" if turned else ""
        self.out.append(f'<path class="i" transform="translate({x:g} {y:g}){scaled}{turn}" d="{lines}"/>')

    def text(self, x: float, y: float, words: str, name: str, whole: str = "") -> None:
        title = f"<title>{escape(whole)}</title>" if whole else ""
        classed = f' class="{name}"' if name else ""
        self.out.append(f'<text{classed} x="{x:g}" y="{y:g}">{escape(words)}{title}</text>')

    def legend(self, root: Box, across: float, y: float) -> float:
        """What colours and marks mean, of those that are there; where it ends."""
        parts = [box.part for box, _, _ in spread(root) if not box.frame and not box.part.mark]
        there = {HUES.get(part.kind, "other") for part in parts}
        entries = [(f"fill:var(--{hue});stroke:var(--{hue}-rim)", "box", words[self.language])
                   for hue, words in LEGEND.items() if hue in there]  # fmt: skip
        tabs = [way.key for box, _, _ in spread(root) for way in box.part.ways]
        if any(key.startswith("/") for key in tabs):
            entries.append(("", "leave", self.word("leaves")))
        if any(box.part.kind == "body" for box, _, _ in spread(root)):
            entries.append(("", "frame body", self.word("beside")))
        if self.over.tokens:
            entries.append(("fill:var(--token)", "token", self.word("token")))
        if self.over.missed:
            entries.append(("fill:none", "missed", self.word("missed")))
        x = MARGIN + 4
        rows = [*entries, *self._scale()]
        for style, name, words in rows:
            room = 26 + width(words, SMALL) + 18
            if x + room > across - MARGIN and x > MARGIN + 4:
                x, y = MARGIN + 4, y + 20
            self.out.append(_shape(x, y - 10, 18, 12, name, style, "small"))
            self.text(x + 25, y, words, "s")
            x += room
        return y + 6

    def _scale(self) -> Iterable[tuple[str, str, str]]:
        if self.over.warmth:
            yield "fill-opacity:.1", "warm", f"{self.over.caption}: {self.word('cold')}"
            yield "fill-opacity:.7", "warm", self.word("hot")


def _shape(x: float, y: float, across: float, down: float, name: str, style: str, shape: str) -> str:
    styled = f' style="{style}"' if style else ""
    if shape == "cut":
        c = min(11.0, down / 3)
        path = (
            f"M{x + c:g} {y:g}H{x + across - c:g}l{c:g} {c:g}V{y + down - c:g}l{-c:g} {c:g}H{x + c:g}"
            f"l{-c:g} {-c:g}V{y + c:g}z"
        )
        return f'<path class="{name}" d="{path}"{styled}/>'
    radius = {"pill": min(down / 2, 20.0), "small": 4.0}.get(shape, 8.0)
    return f'<rect class="{name}" x="{x:g}" y="{y:g}" width="{across:g}" height="{down:g}" rx="{radius:g}"{styled}/>'


def rounded(points: Sequence[Point]) -> str:
    """A path through the corners, each rounded as far as there is room."""
    clean = [point for n, point in enumerate(points) if n == 0 or point != points[n - 1]]
    path = f"M{clean[0][0]:g} {clean[0][1]:g}"
    for before, corner, after in zip(clean, clean[1:], clean[2:], strict=False):
        a, b = (abs(p[0] - corner[0]) + abs(p[1] - corner[1]) for p in (before, after))
        r = min(ROUND, a / 2, b / 2)
        x, y = _toward(corner, before, r / a if a else 0)
        u, v = _toward(corner, after, r / b if b else 0)
        path += f"L{x:g} {y:g}Q{corner[0]:g} {corner[1]:g} {u:g} {v:g}"
    return path + f"L{clean[-1][0]:g} {clean[-1][1]:g}"


def _toward(corner: Point, other: Point, part: float) -> Point:
    return corner[0] + (other[0] - corner[0]) * part, corner[1] + (other[1] - corner[1]) * part
