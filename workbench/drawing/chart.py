"""What a picture shows: the steps of a process within their scopes, every way out of each, and what is said there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.core.model import (
    Call,
    Each,
    End,
    Fail,
    Fork,
    Handler,
    Human,
    Node,
    Parallel,
    Process,
    Race,
    Switch,
    Text,
)

LEAVES_SCOPE = "/done"
"""Behind a scope's id: the mark at which flow leaves that scope, where there is one."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a step. `key` names it within the step: an outcome, the place of a flow, `/1` for the first
    meanwhile handler. `trigger` is the kind of what sets it off, empty for plain flow."""

    key: str
    label: str
    target: str
    trigger: str = ""


@dataclass(slots=True)
class Part:
    """A step, or a frame with the parts in it. `beside`: the bodies that run beside it."""

    id: str
    kind: str
    title: str
    note: str = ""
    ways: list[Way] = field(default_factory=list)
    parts: list["Part"] = field(default_factory=list)
    beside: list["Part"] = field(default_factory=list)
    trigger: str = ""  # of a body: what sets it off
    named: bool = True  # whether the title is one that the designer wrote

    @property
    def mark(self) -> bool:
        """Whether it is a point where flow begins or leaves, and no step."""
        return self.kind in ("start", "done")


def told(text: Text, language: str, fallback: str) -> str:
    """A bilingual text in the language asked for, else in any, else the fallback."""
    return text.get(language) or next((t for t in text.values() if t), fallback)


def chart(process: Process, language: str) -> Part:
    """The whole process as one frame."""
    top = Part("", "process", told(process.title, language, process.name))
    _fill(process, top, _standing(process, ""), language)
    begin = Part("/start", "start", _WORDS["start"][language], ways=[Way("0", "", process.first)])
    ways = [
        Way(f"/{n}", when(h, language), h.next, h.trigger.kind) for n, h in enumerate(process.handlers, 1) if h.next
    ]
    any_time = [Part("/any", "any", _WORDS["any"][language], ways=ways)] if ways else []
    top.parts = [begin, *any_time, *top.parts]
    top.beside = _bodies(process, process.handlers, language)
    return top


def _standing(process: Process, scope: str) -> list[Node]:
    """The steps in a scope, in the order of the file; what the compiler added only where flow passes it."""
    found = [n for n in process.nodes.values() if n.scope == scope and ("/" not in n.id or n.id.endswith("/end"))]
    return sorted(found, key=lambda node: "/" in node.id)  # the way out stands last


def _fill(process: Process, frame: Part, nodes: list[Node], language: str) -> None:
    """Puts the nodes into the frame, with a mark where flow leaves it if there is more than one way there."""
    frame.parts = [_part(process, node, language) for node in nodes]
    open_ways = [way for part in frame.parts for way in part.ways if not way.target]
    made = any(part.kind == "done" for part in frame.parts)
    needed = len(open_ways) > 1 or any(way.label for way in open_ways)
    done = f"{frame.id}/end" if made else f"{frame.id}{LEAVES_SCOPE}"
    if needed and not made:
        frame.parts.append(Part(done, "done", _WORDS["done"][language]))
    for part in frame.parts:
        part.ways = [
            Way(way.key, way.label, way.target or done, way.trigger)
            for way in part.ways
            if way.target or ((needed or made) and part.kind != "done")
        ]


def _part(process: Process, node: Node, language: str) -> Part:
    if node.id.endswith("/end"):  # made by the compiler, for flow that leaves the block in the middle
        return Part(node.id, "done", _WORDS["done"][language])
    part = Part(node.id, node.kind, told(node.title, language, "") or said(node, language), _note(node))
    part.named = bool(node.title)
    part.ways = ways(node, language)
    spec = node.spec
    if isinstance(spec, Parallel):
        part.parts = _branches(process, node, spec, language)
    else:
        inner = spec.body if isinstance(spec, Each) else node.id
        _fill(process, part, _standing(process, inner), language)
    part.beside = _bodies(process, node.handlers, language)
    if node.undo:
        part.beside.append(_body(process, node.undo, _WORDS["undo"][language], "undo", language))
    return part


def _note(node: Node) -> str:
    return ", ".join(node.clauses)


def said(node: Node, language: str) -> str:
    """What stands on a step that has no title: its end, error or called process where it has one, else its id."""
    spec = node.spec
    return spec.name if isinstance(spec, End | Fail) else spec.process if isinstance(spec, Call) else node.id


def _branches(process: Process, node: Node, spec: Parallel, language: str) -> list[Part]:
    """The branches of a `parallel`, each a frame of what can be reached from its first step."""
    nodes = {inner.id: inner for inner in _standing(process, node.id)}
    named = [
        (each.name, told(each.title, language, each.name) + (f" [{each.when.source}]" if each.when else ""), each.first)
        for each in spec.branches
    ]
    if spec.otherwise:
        named.append(("else", _WORDS["else"][language], spec.otherwise))
    owner: dict[str, str] = {}
    for name, _, first in named:
        left = [first]
        while left:
            one = left.pop()
            if one in nodes and one not in owner:
                owner[one] = name
                left += [way.target for way in ways(nodes[one], language)]
    last = named[0][0]
    for id in nodes:  # what nothing leads to is drawn beside what it is written behind
        last = owner.setdefault(id, last)
    found = []
    for name, label, _ in named:
        branch = Part(f"{node.id}/branch/{name}", "branch", label)
        _fill(process, branch, [inner for inner in nodes.values() if owner[inner.id] == name], language)
        found.append(branch)
    return found


def _bodies(process: Process, handlers: Iterable[Handler], language: str) -> list[Part]:
    return [_body(process, h.body, when(h, language), h.trigger.kind, language) for h in handlers if h.body]


def _body(process: Process, body: str, label: str, trigger: str, language: str) -> Part:
    part = Part(body, "body", label, trigger=trigger)
    _fill(process, part, _standing(process, body), language)
    return part


def ways(node: Node, language: str) -> list[Way]:
    """Every way that flow may take from a step, with the words on it. An empty target leaves the scope."""
    spec = node.spec
    on = node.next or ""
    other = _WORDS["else"][language]
    found: list[Way] = []
    if isinstance(spec, Switch):
        found = [Way(str(n), f.when.source if f.when else other, f.next or "") for n, f in enumerate(spec.flows)]
    elif isinstance(spec, Fork):
        found = [Way(str(n), f.when.source if f.when else "", f.next or "") for n, f in enumerate(spec.flows)]
        found += [Way("else", other, spec.otherwise)] if spec.otherwise else []
    elif isinstance(spec, Race):
        found = [Way(str(n), when(o, language), o.next or on, o.trigger.kind) for n, o in enumerate(spec.options)]
    elif isinstance(spec, Human) and spec.outcomes:
        found = [Way(o.name, told(o.title, language, o.name), o.next or on) for o in spec.outcomes.values()]
    elif node.kind not in ("end", "terminate", "fail"):
        found = [Way("", "", on)]
    return found + _leaving(node.handlers, language)


def _leaving(handlers: Iterable[Handler], language: str) -> list[Way]:
    return [Way(f"/{n}", when(h, language), h.next, h.trigger.kind) for n, h in enumerate(handlers, 1) if h.next]


_WORDS: Mapping[str, Mapping[str, str]] = {
    "start": {"zh": "开始", "en": "Start"}, "any": {"zh": "随时", "en": "At any time"},
    "done": {"zh": "完", "en": "done"}, "else": {"zh": "否则", "en": "else"}, "undo": {"zh": "撤销", "en": "undo"},
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


def spread(part: Part) -> Iterable[Part]:
    """The part and all in it and beside it."""
    yield part
    for inner in (*part.parts, *part.beside):
        yield from spread(inner)
