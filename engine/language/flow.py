"""How flow goes between steps: where each leads, where it falls through, what may come after what (R18).

This looks at steps as they are written, so that it can be asked whatever else is wrong with the file.
"""

from collections.abc import Iterator, Mapping

from engine.language.build import Build
from engine.language.document import Place
from engine.language.kinds.kind import Kind
from engine.language.outline import HERE, Region, Step

END = ""
"""The end of a region, where a step's successor is meant."""


class Flows:
    """The ways between the steps of one file; asked after every step has been compiled, which notes its jumps."""

    def __init__(self, build: Build, kinds: Mapping[str, Kind]) -> None:
        self.build = build
        self.kinds = kinds

    def says(self, step: Step) -> bool:
        """Whether the step itself says where it goes on every way out."""
        kind = self.kinds.get(step.kind)
        if kind is None or not kind.flows:
            return True
        return "next" in step.value or kind.closed(step.value)

    def skippable(self, step: Step) -> Place | None:
        """Where the step says that it may be left out, so that flow goes on behind it; None if it may not."""
        for each in self.build.language.extensions:
            inside = (step.kind,) if step.kind in each.step_kinds else ()
            keywords = step.value[step.kind] if inside else step.value
            if each.skips and isinstance(keywords, dict) and keywords.get(each.skips):
                return (*step.where, *inside, each.skips)
        return None

    def next(self, step: Step) -> str | None:
        """The step to which flow goes on when the step itself is done; None is the end of its block."""
        written = step.value.get("next")
        if written is not None:
            found = self.build.outline.steps.get(written)
            return written if written != HERE and found and found.region is step.region else None
        if self.says(step) or step.region.adhoc:
            return None
        steps = step.region.steps
        place = steps.index(step) + 1
        return steps[place].id if place < len(steps) else None

    def after(self, step: Step) -> Iterator[str]:
        """Every step that may follow in the same region, `END` for its end; handlers that leave included."""
        yield from (target for target, _ in self.build.jumps.get(step.id, ()))
        if not self.says(step):
            yield self.next(step) or END

    def roots(self, region: Region) -> Iterator[str]:
        """Where flow may begin in a region."""
        if region.adhoc:
            yield from (step.id for step in region.steps)
        elif region.steps:
            yield region.first
        if region.id == "":
            yield from (target for target, _ in self.build.jumps.get("", ()))
