"""`switch`: one of several ways. `parallel`: several branches side by side."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.core.kinds import BOOL, ORDERED, Type
from engine.core.model import Branch, Flow, Parallel, Switch
from engine.core.nodes.parallel import MERGES
from engine.language.context import Scope
from engine.language.kinds.kind import Kind, Written
from engine.language.outline import Inner, Step
from engine.language.problems import one_of
from engine.language.words import BODY, CONDITION, NAME, TEXT, Schema, described, listing, mapping, named

CODES = {
    "CW117": "a switch whose cases do not fit together",
    "CW118": "a parallel whose join or merge does not fit",
}

_CASE = {
    "title": "{when: condition, next: step}, or last {else: step}",
    "anyOf": [
        mapping({"when": CONDITION, "next": NAME}, "when", "next"),
        mapping({"else": NAME}, "else"),
    ],
}
_BRANCH = mapping(
    {
        "title": described(TEXT, "What people call it."),
        "when": described(CONDITION, "Whether the branch is taken; asked once, on entry."),
        "do": described(BODY, "One step, or an ordered mapping of steps."),
    },
    "do",
    title="a branch",
)


def _switch(scope: Scope, step: Step) -> Switch:
    flows = []
    cases = step.value["switch"]
    for place, written in enumerate(cases):
        where = (*step.where, "switch", place)
        if "else" in written:
            if place != len(cases) - 1:
                scope.problem((*where, "else"), "CW117", "`else` is the last case", key=True)
            flows.append(Flow(None, scope.jump((*where, "else"), written["else"])))
            continue
        when = scope.expression((*where, "when"), written["when"], wants=BOOL)
        target = scope.jump((*where, "next"), written["next"])
        if when:
            flows.append(Flow(when, target))
    return Switch(tuple(flows))


def _parallel(scope: Scope, step: Step) -> Parallel | None:
    where, written = (*step.where, "parallel"), step.value["parallel"]
    regions = {region.where: region for region in scope.build.outline.inside(step)}
    branches = []
    for name, branch in written["branches"].items():
        at = (*where, "branches", name)
        when = scope.expression((*at, "when"), branch["when"], wants=BOOL) if "when" in branch else None
        title = scope.text((*at, "title"), branch["title"]) if "title" in branch else {}
        branches.append(Branch(name, regions[(*at, "do")].first, when, title))
    otherwise = regions[(*where, "else")].first if "else" in written else None
    conditional = [branch for branch in written["branches"].values() if "when" in branch]
    if otherwise and len(conditional) < len(branches):
        message = "`else` is never taken: a branch without `when` always is"
        scope.problem((*where, "else"), "CW118", message, key=True)
    needs = _needs(scope, step, len(branches))
    merge = _merge(scope, step, written.get("merge", {}))
    return Parallel(tuple(branches), otherwise, needs, written.get("one_at_a_time", False), merge)


def _needs(scope: Scope, step: Step, branches: int) -> int | None:
    join = step.value["parallel"].get("join", "all")
    if join == "all":
        return None
    needs = 1 if join == "any" else join
    if needs > branches:
        where = (*step.where, "parallel", "join")
        scope.problem(where, "CW118", f"it waits for {needs} branches, and there are {branches}")
    return int(needs)


def _merge(scope: Scope, step: Step, written: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, how in written.items():
        where = (*step.where, "parallel", "merge", name)
        place = scope.path(where, name, key=True)
        if place is None:
            continue
        if not _FITS[how](place[1]):
            fitting = [each for each, fits in _FITS.items() if fits(place[1])]
            scope.problem(where, "CW118", f"{name} is {place[1]}, which `{how}` cannot put together",
                          expected=one_of(fitting))  # fmt: skip
        found[name] = how
    return found


_FITS: Mapping[str, Callable[[Type], bool]] = {
    "sum": lambda type: type.kind in ("int", "decimal", "any"),
    "concat": lambda type: type.kind in ("list", "any"),
    "any": lambda type: type.kind in ("bool", "any"),
    "all": lambda type: type.kind in ("bool", "any"),
    "min": lambda type: type.kind in ORDERED or type.kind == "any",
    "max": lambda type: type.kind in ORDERED or type.kind == "any",
    "last": lambda type: True,
}
assert set(_FITS) == set(MERGES), "every way to merge says which types it takes"


def _branches(written: Written) -> Iterable[Inner]:
    value: Any = written["parallel"]
    branches = value.get("branches") if isinstance(value, dict) else None
    for name, branch in branches.items() if isinstance(branches, dict) else ():
        if isinstance(branch, dict) and "do" in branch:
            yield Inner(("parallel", "branches", name, "do"), single=name)
    if isinstance(value, dict) and "else" in value:
        yield Inner(("parallel", "else"))


_JOIN: Schema = {
    "title": "all, any, or a number of branches",
    "anyOf": [{"enum": ["all", "any"], "type": "string"}, {"type": "integer", "minimum": 1}],
}

KINDS = (
    Kind(
        "switch",
        "Goes one of several ways: the first whose condition holds, or `else`.",
        listing(_CASE, "a list of cases"),
        _switch,
        flows=False,
    ),
    Kind(
        "parallel",
        "Several branches side by side; goes on when all, any or so many of them are done.",
        mapping(
            {
                "branches": described(
                    {**named(_BRANCH, "a mapping from names to branches"), "minProperties": 1},
                    "The branches, by name.",
                ),
                "else": described(BODY, "What to do if no branch's `when` holds."),
                "join": described(
                    _JOIN, "How many branches must be done: all, any or a number; the rest is cancelled."
                ),
                "one_at_a_time": described(
                    {"type": "boolean"}, "Whether people may work in one branch at a time only, in any order."
                ),
                "merge": described(
                    {
                        "title": "a mapping from fields to sum, concat, any, all, min, max or last",
                        "type": "object",
                        "propertyNames": NAME,
                        "additionalProperties": {"enum": list(MERGES)},
                    },
                    "How what several branches write to one field is put together.",
                ),
            },
            "branches",
        ),
        _parallel,
        inner=_branches,
        stays=True,
    ),
)
