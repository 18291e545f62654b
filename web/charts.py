"""Charts of reports as SVG, drawn on the server: colours come from the style sheet, so that dark is dark here too.

Every mark has a title, which says its value; the table beside a chart says the same without it.
"""

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup, escape

WIDTH = 720
_TOP, _SHARES, _BARS, _LABELS, _LEFT = 14, 110, 56, 22, 46


def svg(height: int, label: str, marks: Sequence[str], width: int = WIDTH) -> Markup:
    """A picture with a name that is read aloud."""
    head = f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
    return Markup(f"{head}{''.join(marks)}</svg>")


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, kind: str, title: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" class="{kind}">'
        f"<title>{escape(title)}</title></rect>"
    )


def percent(share: Decimal | None, places: int = 1) -> str:
    """98.9 %; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.{places}f} %"


def trend(points: Sequence[tuple[str, int, Decimal | None]], label: str, late: str) -> Markup:
    """Compliance as a line, and below it how many were late. points: period, late, share. late: their
    name."""
    step = (WIDTH - _LEFT) / max(len(points), 1)
    known = [share for _, _, share in points if share is not None]
    low = min((int(min(known) * 10) * 10, 90)) if known else 90
    most = max([count for _, count, _ in points] + [1])
    marks = []
    for value in (low, (low + 100) / 2, 100):
        y = _height(value, low)
        marks += [
            f'<path d="M{_LEFT} {y:.1f}H{WIDTH}" class="grid"/>',
            _text(_LEFT - 6, y + 4, f"{value:g}%", "", "end"),
        ]
    spots = []
    bottom = _TOP + _SHARES + 24 + _BARS
    for index, (name, count, share) in enumerate(points):
        x = _LEFT + step * (index + 0.5)
        if share is not None:
            spots.append((x, _height(float(share) * 100, low), f"{name}: {percent(share)}", percent(share)))
        tall = _BARS * count / most
        marks.append(_box(x - step * 0.3, bottom - tall, step * 0.6, tall, "late", f"{name}: {count} {late}"))
        marks.append(_text(x, bottom - tall - 4, str(count) if count else "", "small"))
        marks.append(_text(x, bottom + 16, _short(name), "small"))
    marks.append(_text(_LEFT - 6, bottom - 2, late, "small", "end"))
    marks.append(f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, *_ in spots)}"/>')
    for x, y, title, _ in spots:
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="spot"><title>{escape(title)}</title></circle>')
    return svg(bottom + _LABELS, label, marks)


def _height(value: float, low: float) -> float:
    return _TOP + _SHARES * (100 - value) / (100 - low)


def _short(name: str) -> str:
    """A period without its century: 26-09, 26-W36, 09-12 of a day."""
    return name[5:] if len(name) == 10 else name[2:] if len(name) > 4 else name


def columns(points: Sequence[tuple[str, int]], label: str) -> Markup:
    """Counts side by side, each with its number."""
    step, tall = WIDTH / max(len(points), 1), 110
    most = max([count for _, count in points] + [1])
    marks = []
    for index, (name, count) in enumerate(points):
        x, high = step * (index + 0.5), tall * count / most
        marks.append(_box(x - step * 0.32, _TOP + tall - high, step * 0.64, high, "bar", f"{name}: {count}"))
        marks += [_text(x, _TOP + tall - high - 4, str(count), "small"), _text(x, _TOP + tall + 17, name, "small")]
    return svg(_TOP + tall + _LABELS, label, marks)


def spans(rows: Sequence[tuple[str, Sequence[tuple[int, str]]]], label: str) -> Markup:
    """Lengths one within the other, as the percentiles of a step: (name, lengths with what each says, the shortest
    first)."""
    left, high = 200, 26
    most = max([length for _, lengths in rows for length, _ in lengths] + [1])
    marks = []
    for index, (name, lengths) in enumerate(rows):
        y = index * high
        marks.append(_text(left - 8, y + 17, name if len(name) <= 26 else f"{name[:25]}…", "", "end"))
        for place, (length, title) in reversed(list(enumerate(lengths))):
            width = (WIDTH - left - 90) * length / most
            marks.append(_box(left, y + 6, max(width, 1), high - 11, f"p{place}", f"{name}: {title}"))
        longest = (WIDTH - left - 90) * lengths[-1][0] / most if lengths else 0
        marks.append(_text(left + max(longest, 1) + 6, y + 17, lengths[-1][1] if lengths else "", "small", "start"))
    return svg(len(rows) * high + 4, label, marks)


def reliability(points: Sequence[tuple[float, float, int, str]], label: str, said: str, came: str) -> Markup:
    """What was said (across) against what came (up): spots on the diagonal were right. points: said, came, how many,
    title; the more, the larger the spot. said, came: what the axes are called."""
    side, left, top = 260, 60, 12
    most = max(count for _, _, count, _ in points)
    marks = [f'<path d="M{left} {top + side}L{left + side} {top}" class="grid"/>']
    for value in (0, 50, 100):
        x, y = left + side * value / 100, top + side * (1 - value / 100)
        marks.append(f'<path d="M{left} {y:.1f}H{left + side}M{x:.1f} {top}V{top + side}" class="grid"/>')
        marks += [_text(left - 6, y + 4, f"{value}%", "", "end"), _text(x, top + side + 16, f"{value}%")]
    for across, up, count, title in points:
        marks.append(
            f'<circle cx="{left + side * across:.1f}" cy="{top + side * (1 - up):.1f}" '
            f'r="{3 + 7 * (count / most) ** 0.5:.1f}" class="spot"><title>{escape(title)}</title></circle>'
        )
    marks += [_text(left + side / 2, top + side + 34, said, "small"), _text(left + side + 14, top + 12, came, "small",
                                                                           "start")]  # fmt: skip
    return svg(top + side + 42, label, marks)


def share_bar(share: Decimal | None) -> Markup:
    """A share in a cell, beside its number."""
    if share is None:
        return Markup("")
    return Markup(
        '<svg class="share" viewBox="0 0 60 8" aria-hidden="true"><rect width="60" height="8" class="late"/>'
        f'<rect width="{60 * share:.1f}" height="8" class="fine"/></svg>'
    )
