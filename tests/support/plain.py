"""Plain graphs written in YAML, for what only the core can do: gateways that are not nested in blocks."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.durations import parse_duration
from engine.core.model import (
    Assign,
    Catch,
    End,
    Flow,
    Fork,
    Human,
    Join,
    Node,
    Outcome,
    Process,
    Set,
    Spec,
    Switch,
    Trigger,
)  # fmt: skip
from tests.support.graph import KINDS, graph, x


def plain(nodes: Mapping[str, Any]) -> Process:
    """A plain graph: the nodes by name, each with one keyword and `next`.

    human: [x] (its form) with `outcomes: {yes: step}`; set: {x: expression}; switch: [{when:, next:}, {else:}];
    fork: [a, b] or the same list as of a switch; join: all, inclusive or a number, with `of: [where from]`;
    receive: message; wait: 2h; end: name.
    """
    return graph(*(_node(name, value) for name, value in nodes.items()))


def _node(name: str, value: Mapping[str, Any]) -> Node:
    keyword = next(k for k in value if k in _PLAIN)
    spec = _PLAIN[keyword](value)
    return Node(name, KINDS[type(spec).__name__], spec, next=value.get("next"), cancels=tuple(value.get("cancels", ())))


def _flows(cases: list[Any]) -> tuple[Flow, ...]:
    whole = [{"next": case} if isinstance(case, str) else case for case in cases]
    return tuple(Flow(x(w["when"]) if "when" in w else None, w.get("next") or w.get("else")) for w in whole)


def _fork(value: Mapping[str, Any]) -> Fork:
    cases = value["fork"]
    otherwise = next((case["else"] for case in cases if isinstance(case, dict) and "else" in case), None)
    return Fork(_flows([case for case in cases if isinstance(case, str) or "else" not in case]), otherwise)


def _human(value: Mapping[str, Any]) -> Human:
    outcomes = {name: Outcome(name, {}, to) for name, to in value.get("outcomes", {}).items()}
    return Human(tuple((field,) for field in value["human"]), outcomes)


def _join(value: Mapping[str, Any]) -> Join:
    mode = value["join"]
    return Join(mode if isinstance(mode, str) else "count", tuple(value["of"]), mode if isinstance(mode, int) else 0)


_PLAIN: Mapping[str, Callable[[Mapping[str, Any]], Spec]] = {
    "human": _human,
    "set": lambda v: Set(tuple(Assign((path,), x(str(source))) for path, source in v["set"].items())),
    "switch": lambda v: Switch(_flows(v["switch"])),
    "fork": _fork,
    "join": _join,
    "receive": lambda v: Catch(Trigger("message", v["receive"])),
    "wait": lambda v: Catch(Trigger("after", length=parse_duration(v["wait"]))),
    "end": lambda v: End(v["end"]),
}
