"""The life of a task: one table of what may be done in which state, by whom, and where it leads.

Everything that asks whether an action is open reads this table: deciding, pages, the picture in docs/tasks.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

OPEN, CLAIMED, STARTED, DELEGATED = "open", "claimed", "started", "delegated"
PARKED, REVIEW, SUSPENDED = "parked", "review", "suspended"
COMPLETED, SKIPPED, CANCELLED = "completed", "skipped", "cancelled"

STATES: Mapping[str, str] = {
    OPEN: "offered to a queue or meant for a person; nobody holds it",
    CLAIMED: "somebody holds it",
    STARTED: "its holder is at work on it",
    DELEGATED: "in another's hands, who gives it back or completes it on the holder's behalf",
    PARKED: "laid aside by its holder until a moment, at which it comes back by itself; clocks run on",
    REVIEW: "its holder has asked somebody to look at it, and waits for the answer",
    SUSPENDED: "stopped by who runs the queue: nobody works on it; clocks run on",
    COMPLETED: "done",
    SKIPPED: "left out, with a reason, where the step allows it",
    CANCELLED: "taken away by the flow",
}
"""Every state, in words. The last three are the end of it."""

BACK, VOTED = "back", "voted"
"""Where resuming leads: `claimed` if somebody holds the task, else `open`. Where a vote leads: `completed` if it
decides, else `open`."""
EITHER: Mapping[str, tuple[str, ...]] = {BACK: (OPEN, CLAIMED), VOTED: (OPEN, COMPLETED)}

HOLDER, ELIGIBLE, MANAGER, ABOVE, ADMIN = "holder", "eligible", "manager", "above", "admin"
SUBSTITUTE, MEANT = "substitute", "meant"
DELEGATOR, REVIEWER, FLOW = "delegator", "reviewer", "flow"
SYSTEM = "system"
"""The actor of commands that Caseway gives itself; no user has that name."""

WHO: Mapping[str, str] = {
    HOLDER: "who has the task in hand",
    ELIGIBLE: "whom the task is meant for, or who serves its queue",
    MEANT: "whom it is meant for by name",
    SUBSTITUTE: "who stands in for the one who has it or is meant to, and is away",
    MANAGER: "who manages its queue",
    ABOVE: "who stands in the line above the one who has it or is meant to",
    ADMIN: "who has the role `admin`",
    DELEGATOR: "who has delegated it",
    REVIEWER: "who has been asked to look at it",
    FLOW: "Caseway itself: the process, a timer, or what the organisation says of a queue or a person",
}
"""The parties, in words."""

_MOVERS = (MANAGER, ABOVE, ADMIN)
_TAKERS = (ELIGIBLE, SUBSTITUTE, MANAGER)


@dataclass(frozen=True, slots=True)
class Rule:
    to: str
    who: tuple[str, ...]
    works: bool = False  # is work on the matter: not_by and authority hold, a suspended case is closed to it


LIFECYCLE: Mapping[tuple[str, str], Rule] = {
    (OPEN, "claim"): Rule(CLAIMED, _TAKERS, works=True),
    (OPEN, "complete"): Rule(COMPLETED, _TAKERS, works=True),  # claims it on the way (R5)
    (OPEN, "vote"): Rule(VOTED, _TAKERS, works=True),
    (OPEN, "skip"): Rule(SKIPPED, _TAKERS, works=True),
    (OPEN, "transfer"): Rule(OPEN, (MEANT, *_MOVERS, FLOW)),  # the flow: pushed to a person, or away from who has left
    (OPEN, "suspend"): Rule(SUSPENDED, _MOVERS),
    (CLAIMED, "start"): Rule(STARTED, (HOLDER,), works=True),
    (DELEGATED, "draft"): Rule(DELEGATED, (HOLDER,), works=True),
    (DELEGATED, "complete"): Rule(COMPLETED, (HOLDER,), works=True),
    (DELEGATED, "return"): Rule(CLAIMED, (HOLDER, DELEGATOR)),
    (DELEGATED, "release"): Rule(OPEN, (*_MOVERS, FLOW)),
    (DELEGATED, "transfer"): Rule(OPEN, (*_MOVERS, FLOW)),
    (PARKED, "take_up"): Rule(CLAIMED, (HOLDER, FLOW)),
    (REVIEW, "answer"): Rule(CLAIMED, (REVIEWER,)),
    (REVIEW, "withdraw"): Rule(CLAIMED, (HOLDER, FLOW)),
    (SUSPENDED, "resume"): Rule(BACK, _MOVERS),
    (SUSPENDED, "transfer"): Rule(SUSPENDED, (*_MOVERS, FLOW)),
    **{
        (state, action): rule
        for state in (CLAIMED, STARTED)
        for action, rule in {
            "draft": Rule(STARTED, (HOLDER,), works=True),
            "complete": Rule(COMPLETED, (HOLDER,), works=True),
            "skip": Rule(SKIPPED, (HOLDER, MANAGER), works=True),
            "delegate": Rule(DELEGATED, (HOLDER,)),
            "follow_up": Rule(PARKED, (HOLDER,)),
            "ask_review": Rule(REVIEW, (HOLDER,)),
            "suspend": Rule(SUSPENDED, _MOVERS),
        }.items()
    },
    **{
        (state, action): rule
        for state in (CLAIMED, STARTED, PARKED, REVIEW)
        for action, rule in {
            "claim": Rule(CLAIMED, (SUBSTITUTE,), works=True),  # takes it over
            "release": Rule(OPEN, (HOLDER, *_MOVERS, FLOW)),
            "transfer": Rule(OPEN, (HOLDER, *_MOVERS, FLOW)),
        }.items()
    },
    **{
        (state, action): rule
        for state in (OPEN, CLAIMED, STARTED, DELEGATED, PARKED, REVIEW, SUSPENDED)
        for action, rule in {"priority": Rule(state, _MOVERS), "cancel": Rule(CANCELLED, (FLOW,))}.items()
    },
}

ACTIONS = tuple(dict.fromkeys(action for _, action in LIFECYCLE))


def moves() -> Iterator[tuple[str, str, str]]:
    """Every (state, action, state) of the table; where it leads to one of two, each."""
    for (state, action), rule in LIFECYCLE.items():
        for to in EITHER.get(rule.to, (rule.to,)):
            yield state, action, to


def diagram() -> str:
    """The table as a Mermaid state diagram. What leaves a task where it is, is left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, action, to in moves():
        if state != to:
            arrows.setdefault((state, to), []).append(action)
    lines = ["stateDiagram-v2", f"    [*] --> {OPEN}"]
    lines += [f"    {state} --> {to}: {', '.join(actions)}" for (state, to), actions in arrows.items()]
    lines += [f"    {end} --> [*]" for end in (COMPLETED, SKIPPED, CANCELLED)]
    return "\n".join(lines)


def table() -> str:
    """The table as Markdown: a row for each action, with the states it is open in."""
    lines = ["| action | in | leads to | who | work on the matter |", "|---|---|---|---|---|"]
    for action in ACTIONS:
        found: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
        for (state, one), rule in LIFECYCLE.items():
            if one == action:
                to = "(stays)" if rule.to == state else " or ".join(EITHER.get(rule.to, (rule.to,)))
                found.setdefault((to, rule.who, rule.works), []).append(state)
        lines += [
            f"| {action} | {', '.join(states)} | {to} | {', '.join(who)} | {'yes' if works else ''} |"
            for (to, who, works), states in found.items()
        ]
    return "\n".join(lines)
