"""The steps of a process before anything else is known of them: names, kinds, what holds what.

Theory of operation. Steps nest in blocks, branches, bodies. Before compiling, one tolerant walk flattens them: each
step becomes a `Step` with its place in the file, and each run of steps in which flow falls through and jumps stay
(the process, a block, a branch, a handler's body ...) becomes a `Region`. From then on every step can be checked
and compiled on its own, and every name is known, whatever else is wrong with the file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.core.kinds import Type
from engine.core.naming import IDENTIFIER, did_you_mean
from engine.language.document import Document, Place
from engine.language.problems import Problems, one_of
from engine.language.shape import shown

CODES = {
    "CW111": "a step without a kind, or with two",
    "CW112": "a name that a step cannot have",
    "CW113": "a step name that stands twice",
}

HERE = "end"
"""`next: end` leads to the end of the block (branch, body) that the step stands in."""


class Inner(NamedTuple):
    """Steps within a step, as its kind finds them in what was written.

    `path` leads from the step to them. `scope` is the suffix of a node of their own that holds them ("item"
    for `review/item`); "" means that they stand right in the step's node. `single` names a body's only step
    when it was written without a name. In an `adhoc` nothing falls through.
    """

    path: Place
    scope: str = ""
    single: str = ""
    adhoc: bool = False


@dataclass(slots=True, eq=False)
class Step:
    id: str
    kind: str  # "" if none could be found
    where: Place
    value: dict[str, Any]
    region: "Region"


@dataclass(slots=True, eq=False)
class Region:
    """A run of steps: `scope` is the id of the node they stand in, `host` the step that holds them."""

    id: str
    scope: str
    where: Place
    host: Step | None = None
    adhoc: bool = False
    steps: list[Step] = field(default_factory=list)
    own: dict[str, Type] = field(default_factory=dict)  # names known only within: the item of an `each`

    @property
    def locals(self) -> dict[str, Type]:
        return self.own if self.host is None else {**self.host.region.locals, **self.own}

    @property
    def first(self) -> str:
        return self.steps[0].id if self.steps else ""

    def around(self) -> Iterator["Region"]:
        """This region and those that it stands in, from the inside out."""
        region: Region | None = self
        while region is not None:
            yield region
            region = region.host.region if region.host else None


@dataclass(slots=True)
class Outline:
    steps: dict[str, Step] = field(default_factory=dict)  # in the order of the file
    regions: dict[str, Region] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)  # names that stand twice: which of the steps is meant is not known

    def inside(self, step: Step) -> Iterator[Region]:
        """The regions right within a step."""
        return (region for region in self.regions.values() if region.host is step)


def outline(document: Document, kinds: Mapping[str, Any], problems: Problems) -> Outline:
    """The outline of a process file. `kinds` maps each keyword to its kind (see `engine.language.kinds`)."""
    walk = _Walk(document, kinds, problems)
    value: Any = document.value
    if isinstance(value, dict):
        region = walk.region(Region("", "", ("steps",)))
        walk.steps(value.get("steps"), region)
        walk.handlers("", value, (), None)
    return walk.found


class _Walk:
    def __init__(self, document: Document, kinds: Mapping[str, Any], problems: Problems) -> None:
        self.document, self.kinds, self.problems = document, kinds, problems
        self.found = Outline()

    def region(self, region: Region) -> Region:
        self.found.regions[region.id] = region
        return region

    def steps(self, value: Any, region: Region) -> None:
        """An ordered mapping of steps."""
        if not isinstance(value, dict):
            return
        for name, step in value.items():
            where = (*region.where, name)
            if not self._name_fits(name, where):
                continue
            if isinstance(step, dict):
                self._step(name, step, where, region)
            else:
                expected = "a step: a mapping that says what it does"
                self.problems.add(self.document.problem("CW111", where, f"got {shown(step)}", expected=expected))

    def body(self, value: Any, region: Region, single: str) -> None:
        """One step, or an ordered mapping of steps: no step can be called like a kind."""
        if isinstance(value, dict) and any(key in self.kinds for key in value):
            self._step(single, value, region.where, region)
        else:
            self.steps(value, region)

    def handlers(self, host: str, value: Mapping[str, Any], where: Place, step: Step | None) -> None:
        """The bodies of what may happen meanwhile: `host/1`, `host/2` …"""
        written = value.get("meanwhile")
        for index, handler in enumerate(written if isinstance(written, list) else ()):
            if isinstance(handler, dict) and "do" in handler:
                id = f"{host}/{index + 1}"
                region = self.region(Region(id, id, (*where, "meanwhile", index, "do"), step))
                self.body(handler["do"], region, f"{id}/do")

    def _step(self, id: str, value: dict[str, Any], where: Place, region: Region) -> None:
        kinds = [key for key in value if key in self.kinds]
        if len(kinds) != 1:
            self._no_one_kind(kinds, value, where)
        if id in self.found.steps:
            line = self.document.key_at(self.found.steps[id].where).line
            problem = self.document.problem(
                "CW113",
                where,
                f"there is a step {id!r} already",
                hint=f"it stands in line {line}; step names are unique in the whole file",
                key=True,
            )
            self.problems.add(problem)
            self.found.twice.add(id)
            return
        step = Step(id, kinds[0] if len(kinds) == 1 else "", where, value, region)
        self.found.steps[id] = step
        region.steps.append(step)
        for inner in self.kinds[step.kind].inner(value) if step.kind else ():
            self._inner(step, inner)
        if "undo" in value:
            self._inner(step, Inner(("undo",), "undo"))
        self.handlers(id, value, where, step)

    def _inner(self, step: Step, inner: Inner) -> None:
        value: Any = step.value
        for key in inner.path:
            value = value[key]
        scope = f"{step.id}/{inner.scope}" if inner.scope else step.id
        id = scope if inner.scope else f"{step.id}/{'/'.join(map(str, inner.path))}"
        region = self.region(Region(id, scope, (*step.where, *inner.path), step, inner.adhoc))
        self.body(value, region, inner.single or f"{scope}/do")

    def _name_fits(self, name: str, where: Place) -> bool:
        if name == HERE or name in self.kinds:
            why = "means the end of a block after `next`" if name == HERE else "is a kind of step"
            problem = self.document.problem("CW112", where, f"no step can be called {name!r}: it {why}", key=True)
        elif not IDENTIFIER.match(name):
            problem = self.document.problem(
                "CW112",
                where,
                f"no step can be called {name!r}",
                expected="a name: a-z, 0-9 and _ after a letter",
                key=True,
            )
        else:
            return True
        self.problems.add(problem)
        return False

    def _no_one_kind(self, kinds: list[str], value: Mapping[str, Any], where: Place) -> None:
        if kinds:
            message = f"a step is of one kind, this one is {' and '.join(kinds)}"
            problem = self.document.problem("CW111", (*where, kinds[1]), message, key=True)
        else:
            hints = (did_you_mean(key, self.kinds) for key in value)
            problem = self.document.problem(
                "CW111",
                where,
                "this step says nothing of what it does",
                expected=one_of(self.kinds, limit=40),
                hint=next(filter(None, hints), None),
                key=True,
            )
        self.problems.add(problem)
