"""A process as SVG: light or dark with its viewer, in Chinese or English, with tokens where they stand."""

from collections.abc import Mapping
from html import escape

from engine.core.model import Process
from workbench.layout import COME, LANE, LEAVE, PAD, Box, Jump, lay_out

_HUES = {
    "human": "people", "service": "machine", "compute": "machine", "decide": "machine", "set": "machine",
    "notify": "word", "send": "word", "receive": "waits", "wait": "waits", "race": "waits", "milestone": "mark",
    "end": "end", "terminate": "end", "fail": "end", "switch": "choice", "fork": "choice", "join": "choice",
}  # fmt: skip
_GLYPHS = {
    "human": "☺", "service": "⚙", "compute": "ƒ", "decide": "▦", "set": "≔", "notify": "✉", "send": "➤",
    "receive": "✉", "wait": "◷", "race": "◷", "milestone": "⚑", "end": "●", "terminate": "⬤", "fail": "✕",
    "switch": "◇", "call": "▣", "act": "▸", "escalate": "▲", "signal": "△", "compensate": "↺", "fork": "◇",
    "join": "◇", "parallel": "∥", "each": "≡", "block": "▢", "adhoc": "~",
}  # fmt: skip
_STYLE = """
svg{--ink:#1d2733;--dim:#5b6b7c;--line:#8796a5;--page:#ffffff;--frame:#f5f7f9;--people:#dceafa;--machine:#e6e9ed;
--word:#e2f3e6;--waits:#fdf1d3;--mark:#efe4fa;--end:#f9dfdf;--choice:#fbe7d6;--other:#eef1f4;--token:#c2410c}
@media (prefers-color-scheme:dark){svg{--ink:#e8edf2;--dim:#a3b1bf;--line:#71808f;--page:#12181f;--frame:#19212a;
--people:#1f3b5c;--machine:#2c3641;--word:#1f4029;--waits:#4b3d14;--mark:#3c2a54;--end:#542626;--choice:#4f3419;
--other:#232d37;--token:#fb923c}}
text{font:13px system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;fill:var(--ink)}
.dim{fill:var(--dim);font-size:11px}.head{font-weight:600}.flow{fill:none;stroke:var(--line);stroke-width:1.4}
.box{stroke:var(--line);stroke-width:1}.frame{fill:var(--frame);stroke:var(--line)}
.body{stroke-dasharray:5 4}.token{fill:var(--token)}.here{stroke:var(--token);stroke-width:2.5}
.halo{paint-order:stroke;stroke:var(--frame);stroke-width:4px}
"""


def picture(process: Process, language: str = "zh", tokens: Mapping[str, int] | None = None) -> str:
    """The process as an SVG document. `tokens`: how many stand on which step, for a running case."""
    frame = lay_out(process, language)
    body: list[str] = []
    _draw(frame, 0, 0, body, tokens or {})
    width, height = round(frame.width), round(frame.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(frame.title)}"><style>{_STYLE}</style>'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse">'
        '<path d="M0 0 8 4 0 8z" fill="var(--line)"/></marker></defs>'
        f'<rect width="{width}" height="{height}" fill="var(--page)"/>{"".join(body)}</svg>'
    )


def _draw(box: Box, x: float, y: float, out: list[str], tokens: Mapping[str, int]) -> None:
    here = tokens.get(box.id, 0)
    if box.frame:
        kind = "frame body" if box.kind == "body" else "frame"
        out.append(_rect(x, y, box.width, box.height, kind + (" here" if here else ""), ""))
        head = f"{_GLYPHS.get(box.kind, '')} {box.title}".strip()
        out.append(_text(x + 12, y + 20, head, "head"))
        for inner in box.inner:
            _draw(inner, x + inner.x, y + inner.y, out, tokens)
        boxes = {b.id: b for b in box.inner}
        for (above, below), label in box.downs.items():
            _down(x, y, boxes[above], boxes[below], label, out)
        for jump in box.jumps:
            _jump(box, x, y, jump, out)
    else:
        fill = f"var(--{_HUES.get(box.kind, 'other')})"
        out.append(_rect(x, y, box.width, box.height, "box here" if here else "box", fill))
        out.append(_text(x + 12, y + 29, _GLYPHS.get(box.kind, ""), ""))
        lower = 21 if box.note else 29
        out.append(_text(x + 36, y + lower, _short(box.title, box.width - 48), ""))
        if box.note:
            out.append(_text(x + 36, y + 38, _short(box.note, box.width - 48, 6), "dim"))
    if here:
        out.append(f'<circle class="token" cx="{x + box.width - 4}" cy="{y + 4}" r="10"/>')
        out.append(_text(x + box.width - 8, y + 9, str(here), ""))


def _rect(x: float, y: float, width: float, height: float, name: str, fill: str) -> str:
    style = f' style="fill:{fill}"' if fill else ""
    return f'<rect class="{name}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"{style}/>'


def _text(x: float, y: float, text: str, name: str) -> str:
    return f'<text class="{name}" x="{x}" y="{y}">{escape(text)}</text>'


def _short(text: str, room: float, latin: float = 7.2) -> str:
    """The text, cut to the room that it has; a Chinese character is as wide as it is high."""
    used = 0.0
    for index, letter in enumerate(text):
        used += 13 if ord(letter) > 0x2E7F else latin
        if used > room:
            return text[:index] + "…"
    return text


def _down(x: float, y: float, above: Box, below: Box, label: str, out: list[str]) -> None:
    middle = x + PAD + 60
    top, bottom = y + above.y + above.height, y + below.y
    out.append(f'<path class="flow" marker-end="url(#tip)" d="M{middle} {top}V{bottom}"/>')
    if label:
        out.append(_text(middle + 8, (top + bottom) / 2 + 4, _short(label, above.width - 80, 6), "dim"))


def _jump(frame: Box, x: float, y: float, jump: Jump, out: list[str]) -> None:
    """From the right side of one box around into the right side of another."""
    boxes = {b.id: b for b in frame.inner}
    source, target = boxes.get(jump.source), boxes[jump.target]
    widest = max(b.width for b in frame.inner)
    lane = x + PAD + widest + LANE * (jump.lane + 0.6)
    if source is not None:
        begin = (x + source.x + source.width, y + source.y + 12 + LEAVE * jump.leaves)
    else:  # what may happen at any time begins beside the title
        begin = (x + PAD + widest, y + 20 + LEAVE * jump.leaves)
    end = (x + target.x + target.width, y + target.y + target.side - 8 - COME * jump.comes)
    if source is target:
        end = (end[0], end[1] + 10)
    down = 1 if end[1] > begin[1] else -1
    path = f"M{begin[0]} {begin[1]}H{lane - 8}q8 0 8 {8 * down}V{end[1] - 8 * down}q0 {8 * down} -8 {8 * down}H{end[0]}"
    out.append(f'<path class="flow" marker-end="url(#tip)" d="{path}"/>')
    if jump.label:
        out.append(_text(begin[0] + 8, begin[1] - 4, _short(jump.label, 180, 6), "dim halo"))
