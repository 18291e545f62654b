"""What lies ahead of a token within its scope: the steps that it may go to, and the joins that it may still reach."""

from collections.abc import Iterator
from functools import lru_cache

from engine.core.model import Fork, Human, Join, Node, Process, Race, Switch


@lru_cache(maxsize=256)
def reaching(process: Process, join: str) -> dict[str, frozenset[str]]:
    """For each node, the incoming flows of the join that a token on it can still come by."""
    ahead = {name: frozenset(successors(node)) for name, node in process.nodes.items()}
    spec = process.nodes[join].spec
    assert isinstance(spec, Join)
    reach: dict[str, set[str]] = {name: set() for name in ahead}
    for source in spec.incoming:
        seen = {source}
        while True:
            more = {n for n, after in ahead.items() if n not in seen and n != join and after & seen}
            if not more:
                break
            seen |= more
        for name in seen:
            reach[name].add(source)
    return {name: frozenset(found) for name, found in reach.items()}


def successors(node: Node) -> Iterator[str]:
    """Every step that a token may go to from here, within the same scope."""
    spec = node.spec
    goals: list[str | None] = [node.next]
    if isinstance(spec, Switch):
        goals = [flow.next for flow in spec.flows]
    elif isinstance(spec, Fork):
        goals = [*(flow.next for flow in spec.flows), spec.otherwise]
    elif isinstance(spec, Race):
        goals += [option.next for option in spec.options]
    elif isinstance(spec, Human):
        goals += [outcome.next for outcome in spec.outcomes.values()]
    goals += [handler.next for handler in node.handlers]
    return (goal for goal in goals if goal is not None)
