"""The clocks of cases derived anew from their histories: what differs from what they keep, case by case."""

from collections.abc import Iterator
from dataclasses import dataclass

from bootstrap import MACHINE, Caseway
from engine.core.events import CaseStarted
from engine.runtime.errors import StoreError
from sla.rebuild import Difference, rebuild
from workbench.story import events_of, state_of

TOGETHER = 500
"""Cases whose ids are read at once."""
_OPEN = (
    "SELECT id FROM cases WHERE status IN ('open', 'suspended') AND id > ? AND (? = '' OR process = ?) "
    "ORDER BY id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`why`: what kept the case from being looked at; else ""."""

    number: str
    process: str
    differences: tuple[Difference, ...]
    why: str = ""


def of_case(caseway: Caseway, case: str) -> Rebuilt:
    """One case. Raises StoreError if it is not there."""
    state, _ = state_of(caseway, case)
    number, name = state.flow.number, state.flow.process
    try:
        history = events_of(caseway, case)
        first = next(one.version for _, events in history for one in events if isinstance(one, CaseStarted))
        process = caseway.definitions.process(name, first)
        if process is None:
            return Rebuilt(number, name, (), f"version {first} of {name} is not deployed here")
        return Rebuilt(number, name, tuple(rebuild(MACHINE, process, history, caseway.env())))
    except (StoreError, LookupError) as error:
        return Rebuilt(number, name, (), str(error))


def of_open(caseway: Caseway, process: str = "") -> Iterator[Rebuilt]:
    """Every open case, or those of one process, some of them read at a time."""
    after = ""
    while True:
        rows = caseway.connection.all(_OPEN, (after, process, process, TOGETHER))
        for row in rows:
            yield of_case(caseway, row[0])
        if len(rows) < TOGETHER:
            return
        after = rows[-1][0]
