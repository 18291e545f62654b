"""The life of a task: one table of what may be done in which state, by whom, and where it leads.

Everything that asks whether an action is open reads this table: deciding, pages, the picture in the docs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

OPEN, CLAIMED, COMPLETED, CANCELLED = "open", "claimed", "completed", "cancelled"
"""open: offered to a queue or a person; claimed: somebody holds it; the other two are the end of it."""

HOLDER, ELIGIBLE, MANAGER, ABOVE, ADMIN, FLOW = "holder", "eligible", "manager", "above", "admin", "flow"
"""holder: holds the task. eligible: it is meant for them, or they serve its queue. manager: manages its queue.
above: stands in the line above who holds it or is meant to. admin: has that role. flow: the process itself."""

_MOVERS = (MANAGER, ABOVE, ADMIN)


@dataclass(frozen=True, slots=True)
class Rule:
    to: str
    who: tuple[str, ...]
    works: bool = False  # is work on the matter: not_by and authority hold, a suspended case is closed to it


LIFECYCLE: Mapping[tuple[str, str], Rule] = {
    (OPEN, "claim"): Rule(CLAIMED, (ELIGIBLE, MANAGER), works=True),
    (OPEN, "complete"): Rule(COMPLETED, (ELIGIBLE, MANAGER), works=True),  # claims it on the way (R5)
    (OPEN, "transfer"): Rule(OPEN, _MOVERS),
    (OPEN, "priority"): Rule(OPEN, _MOVERS),
    (OPEN, "cancel"): Rule(CANCELLED, (FLOW,)),
    (CLAIMED, "draft"): Rule(CLAIMED, (HOLDER,), works=True),
    (CLAIMED, "complete"): Rule(COMPLETED, (HOLDER,), works=True),
    (CLAIMED, "release"): Rule(OPEN, (HOLDER, *_MOVERS)),
    (CLAIMED, "transfer"): Rule(OPEN, (HOLDER, *_MOVERS)),
    (CLAIMED, "priority"): Rule(CLAIMED, _MOVERS),
    (CLAIMED, "cancel"): Rule(CANCELLED, (FLOW,)),
}

ACTIONS = tuple(dict.fromkeys(action for _, action in LIFECYCLE))
