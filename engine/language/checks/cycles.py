"""Cycles that wait for nothing: they would run until the engine stops them (R11)."""

from collections.abc import Iterator

from engine.language.checks.seen import Seen
from engine.language.flow import END
from engine.language.outline import Region, Step

CODES = {"CW164": "a cycle without a wait"}


def without_a_wait(seen: Seen) -> None:
    for region in seen.whole():
        steps = {step.id: step for step in region.steps if _passes(seen, step)}
        ways = {id: [after for after in _onward(seen, step) if after in steps] for id, step in steps.items()}
        for cycle in _cycles(ways):
            last, first = steps[cycle[-1]], cycle[0]
            at = next((where for target, where in _jumps(seen, last) if target == first), last.where)
            shown = " → ".join([*cycle, first])
            message = f"{shown} goes round without waiting for anything"
            seen.scope.problem(at, "CW164", message, hint="put a wait, a person or a service into it")


def _jumps(seen: Seen, step: Step) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """What the step itself leads to; a handler that leaves waits for its trigger first."""
    for target, where in seen.build.jumps.get(step.id, ()):
        if where[len(step.where)] != "meanwhile":
            yield target, where


def _onward(seen: Seen, step: Step) -> Iterator[str]:
    yield from (target for target, _ in _jumps(seen, step))
    if not seen.flows.says(step):
        yield seen.flows.next(step) or END


def _passes(seen: Seen, step: Step) -> bool:
    """Whether flow may come through the step without a wait."""
    kind = seen.flows.kinds.get(step.kind)
    if kind is None or kind.waits or step.id in seen.broken:
        return False
    inner = [region for region in seen.build.outline.inside(step) if _holds_flow(step, region)]
    if not inner:
        return not kind.stays
    through = [_comes_through(seen, region) for region in inner]
    if step.kind != "parallel":
        return all(through)
    join = step.value["parallel"].get("join", "all")
    return sum(through) >= (len(through) if join == "all" else 1 if join == "any" else join)


def _holds_flow(step: Step, region: Region) -> bool:
    """Not what stands beside the flow: bodies of handlers, undo, the `else` of branches."""
    way = region.where[len(step.where)]
    return way not in ("meanwhile", "undo") and region.where[-1] != "else"


def _comes_through(seen: Seen, region: Region) -> bool:
    steps = {step.id: step for step in region.steps}
    reached: set[str] = set()
    todo = list(seen.flows.roots(region))
    while todo:
        id = todo.pop()
        if id == END:
            return True
        if id not in reached and id in steps and _passes(seen, steps[id]):
            reached.add(id)
            todo.extend(_onward(seen, steps[id]))
    return False


def _cycles(ways: dict[str, list[str]]) -> Iterator[list[str]]:
    """One cycle for each way back that a walk through all steps finds."""
    done: set[str] = set()
    for start in ways:
        path: list[str] = []
        todo = [(start, iter(ways[start]))] if start not in done else []
        path.extend(id for id, _ in todo)
        while todo:
            id, onward = todo[-1]
            after = next(onward, None)
            if after is None:
                todo.pop()
                path.pop()
                done.add(id)
            elif after in path:
                yield path[path.index(after) :]
            elif after not in done:
                path.append(after)
                todo.append((after, iter(ways[after])))
