"""How a fault comes about, told as a story: `start → review (refuse) → … → here a token waits in both for pay`."""

from collections.abc import Iterable, Sequence

from engine.core.expressions import Expression
from engine.core.model import Handler, Race, Trigger
from engine.language.soundness.shape import Shape, asked, writes
from engine.language.soundness.world import Label

MOST = 9
"""Stations of a story that are told; of a longer one the middle is left out."""


def told(shape: Shape, trail: Iterable[Label]) -> str:
    """The way, with the outcomes and conditions that lead along it."""
    stations: list[tuple[str, str]] = []  # step, what was decided there
    for label in trail:
        remark = _remark(shape, label)
        if label.what == "enter":
            if "/" not in label.at:
                stations.append((label.at, ""))
        elif label.what == "fires":
            where = f" of {label.at}" if label.at and "/" not in label.at else ""
            stations.append((f"{remark}{where}", ""))
        elif remark and stations and stations[-1] == (label.at, ""):
            stations[-1] = (label.at, remark)
        elif remark:
            stations.append((label.at, remark))
    parts = [f"{step} ({remark})" if remark else step for step, remark in stations]
    if len(parts) > MOST:
        parts = [*parts[:3], "…", *parts[-(MOST - 4) :]]
    return " → ".join(parts)


def circle(trail: Sequence[Label]) -> list[str]:
    """The steps of a way that goes round, once each, in their order."""
    return list(dict.fromkeys(label.at for label in trail if label.what == "enter" and "/" not in label.at))


def _remark(shape: Shape, label: Label) -> str:
    if label.what == "outcome":
        return label.detail
    if label.what == "fails":
        return f"error {label.detail}" if label.detail else "any error"
    if label.what == "tells":
        return f"escalation {label.detail}".rstrip()
    if label.what == "option":
        spec = shape.nodes[label.at].spec
        return words(spec.options[int(label.detail)].trigger) if isinstance(spec, Race) else ""
    if label.what == "fires":
        return words(handler_of(shape, label.at, int(label.detail)).trigger)
    if label.what == "way":
        held = [when.source for when, holds in asked(shape.nodes[label.at], label.ways) if holds]
        return "when " + " and ".join(held) if held else "else"
    return ""


def handler_of(shape: Shape, host: str, index: int) -> Handler:
    return shape.handlers(host)[index - 1]


def words(trigger: Trigger) -> str:
    """A trigger as a designer wrote it: `after 5d`, `message withdrawn`."""
    detail = trigger.name or ("any" if trigger.kind in ("error", "escalation") else "")
    for value in (trigger.when, trigger.at, trigger.length):
        if not detail and value is not None:
            detail = value.source if isinstance(value, Expression) else str(value)
    return f"{trigger.kind} {detail or '.'.join(trigger.path)}".rstrip()


def certain(shape: Shape, trail: Iterable[Label]) -> bool:
    """Whether a case can surely go this way: no two of the conditions on it read the same data with nothing written
    between. What is chosen once can be chosen; what is chosen twice may be decided by then."""
    held: list[tuple[frozenset[str], dict[str, bool]]] = []
    for label in trail:
        node = shape.nodes.get(label.at)
        if label.what == "enter" and node is not None:
            new = writes(node)
            held = [one for one in held if not one[0] & new]
        elif label.what == "way" and node is not None:
            conditions = asked(node, label.ways)
            reads = frozenset(name for when, _ in conditions for name in when.reads)
            said = {when.source: holds for when, holds in conditions}
            if any(not when.reads and not when.ambient for when, _ in conditions):
                return False
            if any(before & reads and answers != said for before, answers in held):
                return False
            held.append((reads, said))
    return True
