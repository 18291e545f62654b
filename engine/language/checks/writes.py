"""What runs side by side may not write the same field, unless `merge` says how that is put together (R19)."""

from engine.language.checks.seen import Seen
from engine.language.document import Place
from engine.language.outline import Region, Step

CODES = {
    "CW165": "a field that two branches write",
    "CW166": "a merge of what no two branches write",
}


def side_by_side(seen: Seen) -> None:
    for step in seen.build.outline.steps.values():
        if step.kind == "parallel" and step.id not in seen.broken:
            _branches(seen, step)


def _branches(seen: Seen, step: Step) -> None:
    build, merge = seen.build, step.value["parallel"].get("merge", {})
    first: dict[str, tuple[str, Place]] = {}
    twice: set[str] = set()
    for region in build.outline.inside(step):
        if region.where[len(step.where)] != "parallel" or region.where[-1] == "else":
            continue
        branch = str(region.where[-2])
        for name, where in _written(seen, region).items():
            if name not in first:
                first[name] = (branch, where)
                continue
            twice.add(name)
            if name not in merge:
                other, there = first[name]
                line = build.document.at(there).line
                message = f"the branches {other!r} (line {line}) and {branch!r} both write {name!r}"
                hint = f"let one of them write it, or say how: merge: {{{name}: last}}"
                seen.scope.problem(where, "CW165", message, hint=hint, key=True)
    for name in merge:
        if name not in twice:
            where = (*step.where, "parallel", "merge", name)
            message = f"no two branches write {name!r}"
            seen.scope.problem(where, "CW166", message, key=True, warning=True)


def _written(seen: Seen, region: Region) -> dict[str, Place]:
    """The top-level names that are written within, and where; instances of an `each` write for themselves."""
    found: dict[str, Place] = {}
    for step in region.steps:
        for name, where in seen.build.writes.get(step.id, {}).items():
            found.setdefault(name, where)
        for inner in seen.build.outline.inside(step):
            way = inner.where[len(step.where)]
            if way not in ("each", "undo"):
                for name, where in _written(seen, inner).items():
                    found.setdefault(name, where)
    return found
