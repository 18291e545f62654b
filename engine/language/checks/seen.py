"""What a check is given."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.language.build import Build
from engine.language.context import Scope
from engine.language.flow import Flows
from engine.language.outline import Region


@dataclass(frozen=True, slots=True)
class Seen:
    """One compilation, as far as it came. `broken` are steps that could not be compiled."""

    build: Build
    flows: Flows
    broken: frozenset[str]

    @property
    def scope(self) -> Scope:
        """For reporting problems."""
        return Scope(self.build)

    def whole(self) -> Iterator[Region]:
        """The regions of which everything is known: nothing broken in them, no jump that leads nowhere."""
        for region in self.build.outline.regions.values():
            if region.id not in self.build.lost and not any(step.id in self.broken for step in region.steps):
                yield region
