"""How what is missing might be gone through: drafts of scenarios, made of one that comes near.

A *base* is a scenario that has been played, with what it went through after how many of its steps. A draft is its
beginning, up to where the missing thing hangs, with something else done there or something else filled in before.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.core.durations import Duration
from engine.core.expressions import Expression
from engine.core.model import Decide, Handler, Human, Process, Race, Service, Switch, Trigger
from workbench.covering.inputs import inputs
from workbench.covering.items import Item, clocks

DAYS = {"s": 1 / 86_400, "min": 1 / 1440, "h": 1 / 24, "wh": 0.3, "d": 1.0, "wd": 1.6, "mo": 31.0, "y": 366.0}
"""About how many days on the wall one of each unit takes, rather too many."""


@dataclass(frozen=True, slots=True)
class Base:
    """A scenario as it was played. `after`: thing → after how many of its steps the case had gone through it."""

    written: Mapping[str, Any]
    after: Mapping[Item, int]
    views: Mapping[str, Mapping[str, Any]]  # step → what it saw of the data when first entered


@dataclass(frozen=True, slots=True)
class Draft:
    """A scenario to be tried. `gap`: what its writer has to say yet, where it could not be found."""

    written: dict[str, Any]
    gap: str = ""


def drafts(process: Process, item: Item, base: Base) -> Iterator[Draft]:
    """Drafts that may go through the missing thing, the likeliest first."""
    yield from _DRAFTS[item.kind](process, item, base)


def host(process: Process, item: Item) -> list[Item]:
    """What a base must have gone through, any one of it, so that drafts can be made of it."""
    if item.kind == "row":
        return [Item("step", node.id) for node in process.nodes.values() if _uses(node.spec, item.place)]
    if item.kind == "rung":
        return [Item("clock", item.place)]
    if item.kind == "step":
        return []
    return [Item("step", item.place)] if item.place else [Item("step", process.first)]


def _uses(spec: Any, table: str) -> bool:
    return isinstance(spec, Decide) and spec.table.name == table


def _outcome(process: Process, item: Item, base: Base) -> Iterator[Draft]:
    """The same step completed in another way."""
    spec = process.nodes[item.place].spec
    assert isinstance(spec, Human)
    outcome = spec.outcomes[item.name]
    for place, step in enumerate(base.written.get("steps", ())):
        given = step.get("complete")
        if given and given["step"] == item.place and not {"in", "refused"} & given.keys():
            changed = {**deepcopy(given), "outcome": item.name} | (
                {"reason": "理由 / a reason"} if outcome.reason else {}
            )
            yield Draft(_begun(base, place, {"complete": changed}))
    count = base.after[Item("step", item.place)]
    form = ", ".join(".".join(path) for path in spec.form)
    action = {"complete": {"step": item.place, "by": "system", "outcome": item.name}}
    yield Draft(_begun(base, count, action), f"who completes {item.place}" + (f", with {form}" if form else ""))


def _branch(process: Process, item: Item, base: Base) -> Iterator[Draft]:
    """A switch: other data before it. A race: its trigger."""
    spec, count = process.nodes[item.place].spec, base.after[Item("step", item.place)]
    if isinstance(spec, Race):
        yield from _triggered(process, base, count, spec.options[int(item.name)], item.place)
        return
    if not isinstance(spec, Switch):
        yield Draft(_begun(base, count), f"data that lead into branch {item.name} of {item.place}")
        return
    conditions = [flow.when for flow in spec.flows if flow.when]
    chosen = int(item.name)

    def goal(view: Mapping[str, Any]) -> bool:
        for place, flow in enumerate(spec.flows):
            if flow.when is None or flow.when.test(view):
                return place == chosen
        return False

    yield from _filled(process, base, item.place, conditions, goal, [c.source for c in conditions], count)
    said = spec.flows[chosen].when
    yield Draft(
        _begun(base, count), f"data under which {item.place} finds " + (said.source if said else "nothing else")
    )


def _row(process: Process, item: Item, base: Base) -> Iterator[Draft]:
    """Other data before the table is asked."""
    on = datetime.fromisoformat(str(base.written["at"])).date()
    for step in host(process, item):
        node = process.nodes[step.place]
        if step not in base.after or not isinstance(node.spec, Decide):
            continue
        table, columns = node.spec.table, node.spec.inputs

        def goal(view: Mapping[str, Any], spec: Decide = node.spec) -> bool:
            values = {name: expression.json(view) for name, expression in spec.inputs.items()}
            return int(item.name) in spec.table.evaluate(values, on).rules

        cells = [str(cell) for rule in table.rules for cell in rule.cells]
        words = [f'"{word}"' for cell in cells for word in cell.replace('"', "").replace(",", " ").split()]
        sources = [*cells, *words, *(column.source for column in columns.values())]
        count = base.after[step]
        yield from _filled(process, base, step.place, list(columns.values()), goal, sources, count)
        yield Draft(_begun(base, count), f"data for which row {item.name} of {item.place} counts")


def _handler(process: Process, item: Item, base: Base) -> Iterator[Draft]:
    owner: Any = process.nodes[item.place] if item.place else process
    handler: Handler = owner.handlers[int(item.name[1:]) - 1]
    count = base.after[host(process, item)[0]]
    yield from _triggered(process, base, count, handler, item.place)


def _triggered(process: Process, base: Base, count: int, handler: Handler, step: str) -> Iterator[Draft]:
    """What sets a trigger off while the case stands at the step."""
    trigger = handler.trigger
    make = _TRIGGERS.get(trigger.kind)
    if make is not None:
        yield from make(process, base, count, trigger, step)
    what = trigger.name or ".".join(trigger.path) or getattr(trigger.when or trigger.at, "source", "")
    yield Draft(_begun(base, count), f"what sets off `{trigger.kind} {what}`".rstrip(" `") + "`")


def _time(process: Process, base: Base, count: int, trigger: Trigger, step: str) -> Iterator[Draft]:
    length = trigger.length
    days = _days(length) if isinstance(length, Duration) else 30
    for factor in (1.0, 2.0):
        yield Draft(_begun(base, count, {"wait": _wait(days * factor)}))


def _message(process: Process, base: Base, count: int, trigger: Trigger, step: str) -> Iterator[Draft]:
    given: dict[str, Any] = {"name": trigger.name}
    key = trigger.key.source if trigger.key else "number"
    if key != "number":
        given["key"] = f"{{{key}}}"
    yield Draft(_begun(base, count, {"message": given}))


def _error(process: Process, base: Base, count: int, trigger: Trigger, step: str) -> Iterator[Draft]:
    spec = process.nodes[step].spec if step else None
    if isinstance(spec, Service):
        draft = _begun(base, count)
        draft["services"] = {**base.written.get("services", {}), spec.function: {"error": trigger.name}}
        yield Draft(draft)


def _condition(process: Process, base: Base, count: int, trigger: Trigger, step: str) -> Iterator[Draft]:
    """The case's data put right, so that the condition comes true or the field changes."""
    known = base.views.get(step) or next(iter(base.views.values()), {})
    condition = trigger.when
    if condition is not None:
        found = inputs(process, known, condition.reads_paths, [condition.source], condition.test)
    else:
        path = ".".join(trigger.path)
        found = inputs(process, known, [path], [], lambda view: view.get(trigger.path[0]) != known.get(trigger.path[0]))
    for change in found:
        if change and all("." not in path for path in change):
            yield Draft(
                _begun(base, count, {"correct": {"data": change, "by": "system", "reason": "更正 / put right"}})
            )


def _rung(process: Process, item: Item, base: Base) -> Iterator[Draft]:
    clock = next(clock for clock in clocks(process) if clock.name == item.place)
    rung, count = clock.ladder[int(item.name)], base.after[Item("clock", item.place)]
    limit = _days(clock.limit) if isinstance(clock.limit, Duration) else 60.0
    days = float(rung.share) * limit if rung.share else limit
    if rung.offset is not None:
        days = _days(rung.offset) + (0 if rung.from_ == "start" else limit)
    for factor in (1.0, 1.6):
        yield Draft(_begun(base, count, {"wait": _wait(days * factor)}))


def _no_step(process: Process, item: Item, base: Base) -> Iterator[Draft]:
    return iter(())


_DRAFTS: Mapping[str, Callable[[Process, Item, Base], Iterator[Draft]]] = {
    "step": _no_step, "outcome": _outcome, "branch": _branch, "row": _row, "handler": _handler, "rung": _rung,
}  # fmt: skip
_TRIGGERS: Mapping[str, Callable[[Process, Base, int, Trigger, str], Iterator[Draft]]] = {
    "after": _time, "every": _time, "message": _message, "error": _error, "when": _condition, "changed": _condition,
}  # fmt: skip


def _days(length: Duration) -> float:
    return float(length.amount) * DAYS[length.unit]


def _wait(days: float) -> str:
    return f"{int(days * 24) + 1}h" if days < 3 else f"{int(days) + 1}d"


def _begun(base: Base, count: int, *then: Mapping[str, Any]) -> dict[str, Any]:
    """The base up to its so many-th step, without what it expects, and what is done then."""
    steps = [deepcopy(step) for step in base.written.get("steps", ())[:count] if "expect" not in step]
    kept = {key: deepcopy(value) for key, value in base.written.items() if key not in ("steps", "expect")}
    return {**kept, "steps": [*steps, *then]}


def _filled(
    process: Process, base: Base, step: str, reading: list[Expression], goal: Callable[[Mapping[str, Any]], bool],
    sources: list[str], count: int,
) -> Iterator[Draft]:  # fmt: skip
    """The base with other data filled in, so that the goal holds where the step reads them."""
    reads = {path for expression in reading for path in expression.reads_paths}
    for change in inputs(process, base.views.get(step, {}), reads, sources, goal):
        draft = _begun(base, count)
        if all(_put(process, base, draft, path, value) for path, value in change.items()):
            yield Draft(draft)


def _put(process: Process, base: Base, draft: dict[str, Any], path: str, value: Any) -> bool:
    """Fills a value in where the case gets that field from; whether there is such a place."""
    value = Decimal(value) if isinstance(value, str) and _number(process, path) else value
    completed = [
        step["complete"] for step in draft["steps"] if not {"in", "refused"} & step.get("complete", {"in": ""}).keys()
    ]
    start = draft.setdefault("start", {})
    given = [each for each in reversed(completed) if _has(each.get("data", {}), path)]
    if not given and _has(start.get("data", {}), path):
        given = [start]
    if not given:
        asks = [each for each in reversed(completed) if _asks(process, each["step"], path)]
        given = asks or ([start] if tuple(path.split(".")) in process.start.form else [])
    if given:
        _set(given[0].setdefault("data", {}), path, value)
        return True
    return _served(process, base, draft, path, value)


def _served(process: Process, base: Base, draft: dict[str, Any], path: str, value: Any) -> bool:
    """Lets the worker function answer it that the field comes from; the rest of its answer stays what it was."""
    for node in process.nodes.values():
        spec = node.spec
        if not isinstance(spec, Service) or not isinstance(
            base.written.get("services", {}).get(spec.function, {}), dict
        ):
            continue
        for name, into in spec.into:
            dotted = ".".join(into)
            if (dotted == path and name) or (not name and path.startswith(dotted + ".")):
                view = base.views.get(_last(base), {})
                answer = dict(base.written.get("services", {}).get(spec.function) or _answered(spec, view))
                _set(answer, name or path[len(dotted) + 1 :], value)
                draft["services"] = {**draft.get("services", {}), spec.function: answer}
                return True
    return False


def _answered(spec: Service, view: Mapping[str, Any]) -> dict[str, Any]:
    """What the function must have answered, as far as the data tell."""
    found: dict[str, Any] = {}
    for name, into in spec.into:
        value: Any = view
        for part in into:
            value = value.get(part) if isinstance(value, Mapping) else None
        if name:
            found[name] = value
        elif isinstance(value, dict):
            found |= deepcopy(value)
    return found


def _last(base: Base) -> str:
    return list(base.views)[-1] if base.views else ""


def _number(process: Process, path: str) -> bool:
    kind = process.names.get(path.split(".")[0])
    return kind is not None and kind.kind == "decimal"


def _asks(process: Process, step: str, path: str) -> bool:
    spec = process.nodes[step].spec if step in process.nodes else None
    return isinstance(spec, Human) and tuple(path.split(".")) in spec.form


def _has(data: Any, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(data, Mapping) or name not in data:
            return False
        data = data[name]
    return True


def _set(data: dict[str, Any], path: str, value: Any) -> None:
    *inner, last = path.split(".")
    for name in inner:
        data = data.setdefault(name, {})
    data[last] = value
