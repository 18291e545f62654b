"""Another version of a random process, and the rules that lead to it: steps renamed, handlers taken away, added,
changed and put in another order of things. The same seed gives the same version."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any

from engine.core.commands import Rules, StepRule
from engine.core.durations import Duration, parse_duration
from engine.core.expressions import Expression
from engine.core.model import Handler, Node, Process, Trigger


class Version:
    """`process` is the new version, `rules` lead to it, `touched` are the hosts (by their old ids) whose handlers are
    not what they were."""

    def __init__(self, old: Process, seed: int) -> None:
        self.random = Random(f"version {seed}")
        self.touched: set[str] = set()
        nodes, handlers = dict(old.nodes), {"": old.handlers, **{id: node.handlers for id, node in old.nodes.items()}}
        for host in [host for host, known in handlers.items() if known and self.random.random() < 0.3]:
            if host and host not in nodes:
                continue
            known = old.handlers if not host else nodes[host].handlers
            nodes, known = self.change(nodes, host, known)
            if host:
                nodes[host] = replace(nodes[host], handlers=known)
            handlers[host] = known
        plain = [id for id in nodes if "/" not in id]
        self.names = {id: f"{id}n" for id in plain if self.random.random() < 0.2}
        whole = renamed_in((tuple(nodes.values()), old.first, handlers[""]), self.names)
        self.process = replace(
            old, version="v2", nodes={node.id: node for node in whole[0]}, first=whole[1], handlers=whole[2]
        )
        steps = {id: StepRule("map", name) for id, name in self.names.items() if self.random.random() < 0.9}
        for id in self.random.sample(plain, min(len(plain), self.random.choice((0, 0, 1, 2)))):
            how = self.random.choice(("drop", "again", "again", "restart"))
            to = self.names.get(id, "")
            steps[id] = StepRule("map", to, timers="restart") if how == "restart" else StepRule(how, to)
        self.rules = Rules(steps)

    def change(
        self, nodes: dict[str, Node], host: str, known: tuple[Handler, ...]
    ) -> tuple[dict[str, Node], tuple[Handler, ...]]:
        self.touched.add(host)
        how = self.random.choice(("away", "add", "longer"))
        if how == "add":
            node = nodes.get(host)
            goal = node.next if node is not None else None
            if goal is None:
                return nodes, known
            return nodes, (*known, Handler(Trigger("after", length=parse_duration("11h")), goal))
        place = self.random.randrange(len(known))
        if how == "longer":
            trigger = known[place].trigger
            if isinstance(trigger.length, Duration):
                changed = replace(known[place], trigger=replace(trigger, length=parse_duration("17h")))
                return nodes, (*known[:place], changed, *known[place + 1 :])
            return nodes, known
        gone = within(nodes, f"{host}/{place + 1}")
        left = {id: node for id, node in nodes.items() if id not in gone}
        moved = {f"{host}/{n + 1}": f"{host}/{n}" for n in range(place + 1, len(known))}
        after = renumbered((tuple(left.values()), known[:place] + known[place + 1 :]), moved)
        return {node.id: node for node in after[0]}, after[1]


def within(nodes: Mapping[str, Node], scope: str) -> set[str]:
    found = {id for id in nodes if id == scope}
    while more := {id for id, n in nodes.items() if id not in found and (n.scope in found or _host(id) in found)}:
        found |= more
    return found


def _host(id: str) -> str:
    return id.rpartition("/")[0]


def renamed_in(value: Any, names: Mapping[str, str]) -> Any:
    return _each(value, lambda text: "/".join(names.get(part, part) for part in text.split("/")))


def renumbered(value: Any, moved: Mapping[str, str]) -> Any:
    def told(text: str) -> str:
        for before, after in moved.items():
            if text == before or text.startswith(f"{before}/"):
                return after + text[len(before) :]
        return text

    return _each(value, told)


def _each(value: Any, told: Any) -> Any:
    if isinstance(value, str):
        return told(value)
    if isinstance(value, tuple):
        return tuple(_each(one, told) for one in value)
    if isinstance(value, Mapping):
        return {name: _each(one, told) for name, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type | Expression | Duration):
        return replace(value, **{f.name: _each(getattr(value, f.name), told) for f in fields(value)})
    return value
