"""Where everything in a process's picture goes: boxes inside boxes, top to bottom as the file reads.

Theory of operation. A definition is ordered and its blocks nest, so the picture keeps the order of the file:
the steps of a scope stand one below the other, branches of a `parallel` side by side, and scopes are frames
around what they hold. Flow that simply falls through is a short arrow down; every other flow is a *jump*, drawn
in a lane at the right of its scope. Lanes are given out like rooms to meetings: the shortest jumps first, each
in the innermost lane that is still free over its whole length, so that long jumps go around short ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from engine.core.model import Fork, Handler, Human, Node, Parallel, Process, Race, Switch, Text

WIDTH, HEIGHT, GAP, PAD, HEAD, LANE, COLUMN = 232, 48, 30, 18, 30, 26, 28
LEAVE, COME = 14, 7
"""Between jumps that leave a box, each with its words, and between those that come in."""


@dataclass(slots=True)
class Jump:
    source: str
    target: str
    label: str
    lane: int = 0
    leaves: int = 0  # which of the jumps from its source, from above
    comes: int = 0  # which of the jumps into its target, from below


@dataclass(slots=True)
class Box:
    """A step, or a frame with what is in it. Positions are relative to the frame around it."""

    id: str
    kind: str
    title: str
    note: str = ""
    x: float = 0
    y: float = 0
    width: float = WIDTH
    height: float = HEIGHT
    inner: list["Box"] = field(default_factory=list)
    downs: dict[tuple[str, str], str] = field(default_factory=dict)  # on to the next below, with what is said there
    jumps: list[Jump] = field(default_factory=list)
    side: float = HEIGHT  # how far down its right side jumps leave and come in

    @property
    def frame(self) -> bool:
        return bool(self.inner)


def told(text: Text, language: str, fallback: str) -> str:
    """A bilingual text in the language asked for, else in any, else the fallback."""
    return text.get(language) or next((t for t in text.values() if t), fallback)


def lay_out(process: Process, language: str) -> Box:
    """The whole process as one frame."""
    top = [n for n in process.nodes.values() if n.scope == "" and "/" not in n.id]
    frame = Box("", "process", told(process.title, language, process.name))
    bodies = _bodies(process, process.handlers, language)
    _stack(process, frame, top, language, extra=bodies)
    frame.jumps += [
        Jump("", h.next, when(h, language)) for h in process.handlers if h.next in {b.id for b in frame.inner}
    ]
    _lanes(frame)
    return frame


def _box(process: Process, node: Node, language: str) -> Box:
    if node.id.endswith("/end"):  # made by the compiler, for flow that leaves the block in the middle
        return Box(node.id, "done", _DONE[language])
    box = Box(node.id, node.kind, told(node.title, language, node.id), ", ".join(node.clauses))
    within = [n for n in process.nodes.values() if n.scope == node.id and "/" not in n.id]
    hidden = [n for n in process.nodes.values() if n.scope == node.id and n.id.endswith("/item")]
    for item in hidden:
        within += [n for n in process.nodes.values() if n.scope == item.id]
    bodies = _bodies(process, node.handlers, language)
    if node.undo:
        bodies.append(_body(process, node.undo, "undo", language))
    if isinstance(node.spec, Parallel):
        _columns(process, box, node, within, language, bodies)
    elif within or bodies:
        _stack(process, box, within, language, extra=bodies)
    return box


def _bodies(process: Process, handlers: Iterable[Handler], language: str) -> list[Box]:
    return [_body(process, h.body, when(h, language), language) for h in handlers if h.body]


def _body(process: Process, body: str, label: str, language: str) -> Box:
    box = Box(body, "body", label)
    _stack(process, box, [n for n in process.nodes.values() if n.scope == body], language)
    return box


def _stack(process: Process, frame: Box, nodes: list[Node], language: str, extra: list[Box] | None = None) -> None:
    """The nodes one below the other, then bodies of handlers; sets the size of the frame."""
    boxes = [_box(process, node, language) for node in nodes]
    frame.inner = [*boxes, *(extra or ())]
    below = {a.id: b.id for a, b in pairwise(boxes)}
    here = {b.id for b in boxes}
    for node in nodes:
        for target, label in goals(node, language):
            if below.get(node.id) == target:
                said = frame.downs.get((node.id, target), "")
                frame.downs[node.id, target] = f"{said} / {label}" if said and label else said or label
            elif target in here:
                frame.jumps.append(Jump(node.id, target, label))
    y = float(HEAD + PAD)
    for box in frame.inner:
        leave = sum(jump.source == box.id for jump in frame.jumps)
        come = sum(jump.target == box.id for jump in frame.jumps)
        box.side = max(HEIGHT, LEAVE * leave + COME * come + 20 if leave and come else COME * come + 20)
        box.height = max(box.height, box.side)
        box.x, box.y = PAD, y
        y += box.height + GAP
    widest = max((b.width for b in frame.inner), default=WIDTH)
    frame.width, frame.height = widest + 2 * PAD, y - GAP + PAD
    _lanes(frame)


def _columns(process: Process, frame: Box, node: Node, within: list[Node], language: str, bodies: list[Box]) -> None:
    """The branches of a `parallel` side by side, each a frame of its own."""
    spec = node.spec
    assert isinstance(spec, Parallel)
    firsts = {b.first: b for b in spec.branches}
    groups: list[tuple[str, list[Node]]] = []
    for inner in within:
        branch = firsts.get(inner.id)
        if branch or inner.id == spec.otherwise or not groups:
            label = "else" if branch is None else branch.name + (f" [{branch.when.source}]" if branch.when else "")
            groups.append((label, []))
        groups[-1][1].append(inner)
    x = float(PAD)
    for label, nodes in groups:
        column = Box(f"{node.id}/{label}", "branch", label)
        _stack(process, column, nodes, language)
        column.x, column.y = x, HEAD + PAD
        x += column.width + COLUMN
        frame.inner.append(column)
    height = max((c.height for c in frame.inner), default=0)
    y = HEAD + PAD + height + GAP
    for body in bodies:
        body.x, body.y = PAD, y
        y += body.height + GAP
        x = max(x, body.width + PAD + COLUMN)
    frame.inner += bodies
    frame.width, frame.height = x - COLUMN + PAD, y - GAP + PAD


def _lanes(frame: Box) -> None:
    """Gives each jump the innermost lane that is free over its length, and widens the frame for them."""
    row = {box.id: index for index, box in enumerate(frame.inner)} | {"": -1}
    taken: list[list[tuple[int, int]]] = []
    for jump in sorted(frame.jumps, key=lambda j: abs(row[j.source] - row[j.target])):
        low, high = sorted((row[jump.source], row[jump.target]))
        for lane, used in enumerate(taken):  # noqa: B007  (the lane found is used below)
            if all(high <= a or low >= b for a, b in used):
                break
        else:
            lane = len(taken)
            taken.append([])
        taken[lane].append((low, high))
        jump.lane = lane
    for jump in sorted(frame.jumps, key=lambda j: (row[j.target] > row[j.source], -j.lane)):
        jump.leaves = sum(1 for j in frame.jumps if j.source == jump.source and _above(row, j, jump))
        jump.comes = sum(1 for j in frame.jumps if j.target == jump.target and _under(row, j) < _under(row, jump))
    widest = max((b.width for b in frame.inner), default=WIDTH)
    if frame.jumps:
        longest = max(len(j.label) for j in frame.jumps)
        frame.width = max(frame.width, widest + 2 * PAD + LANE * (len(taken) + 1) + min(140, 8 * longest))


def _under(row: Mapping[str, int], jump: Jump) -> tuple[int, bool]:
    """Jumps into a box come in the lower, the nearer their lane; of two in one lane, the one from below."""
    return jump.lane, row[jump.source] < row[jump.target]


def _above(row: Mapping[str, int], one: Jump, other: Jump) -> bool:
    """Whether one jump leaves the box that both leave above the other, so that the two need not cross."""
    up, up_too = row[one.target] <= row[one.source], row[other.target] <= row[other.source]
    if up != up_too:
        return up
    return one.lane < other.lane if up else one.lane > other.lane


def goals(node: Node, language: str) -> list[tuple[str, str]]:
    """Every step that flow may go to from here, with the words on the way."""
    spec = node.spec
    found: list[tuple[str | None, str]] = []
    if isinstance(spec, Switch):
        found = [(f.next, f.when.source if f.when else "else") for f in spec.flows]
    elif isinstance(spec, Fork):
        found = [(f.next, f.when.source if f.when else "") for f in spec.flows] + [(spec.otherwise, "else")]
    elif isinstance(spec, Race):
        found = [(o.next or node.next, when(o, language)) for o in spec.options]
    elif isinstance(spec, Human) and spec.outcomes:
        found = [(o.next or node.next, told(o.title, language, o.name)) for o in spec.outcomes.values()]
        if len({target for target, _ in found}) == 1:
            found = [(found[0][0], "")]
    else:
        found = [(node.next, "")]
    found += [(h.next, when(h, language)) for h in node.handlers if h.next]
    return [(target, label) for target, label in found if target]


_DONE: Mapping[str, str] = {"zh": "完", "en": "done"}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "after": {"zh": "满", "en": "after"}, "at": {"zh": "到", "en": "at"}, "every": {"zh": "每", "en": "every"},
    "message": {"zh": "收到", "en": "on"}, "signal": {"zh": "信号", "en": "signal"},
    "error": {"zh": "出错", "en": "error"}, "escalation": {"zh": "升级", "en": "escalation"},
    "when": {"zh": "当", "en": "when"}, "changed": {"zh": "变更", "en": "changed"},
}  # fmt: skip


def when(handler: Handler, language: str) -> str:
    """What sets a handler off, in a few words."""
    trigger = handler.trigger
    what = trigger.name or ".".join(trigger.path)
    for source in (trigger.length, trigger.at, trigger.when):
        if source is not None:
            what = what or getattr(source, "source", None) or str(source)
    return f"{_WORDS[trigger.kind][language]} {what}".strip()
