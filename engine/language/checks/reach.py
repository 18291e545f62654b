"""Where flow goes on, and where it never comes (R18)."""

from itertools import pairwise

from engine.language.checks.seen import Seen
from engine.language.flow import END

CODES = {
    "CW161": "a step that must say where it goes, because the one above does not flow into it",
    "CW162": "a step that is never reached",
    "CW163": "a `next` that is never used",
    "CW808": "a step that may be left out, but leads nowhere then",
}


def fall_through(seen: Seen) -> None:
    """Below a step that does not flow on, a step may not fall through by chance (R18). A step whose `next` is
    the one below does flow on."""
    for region in seen.build.outline.regions.values():
        for above, below in pairwise(region.steps if not region.adhoc else ()):
            if {above.id, below.id} & seen.broken:
                continue
            flows_on = not seen.flows.says(above) or seen.flows.next(above) == below.id
            if not flows_on and not seen.flows.says(below):
                message = f"{above.id!r} above does not flow on, so {below.id!r} must say where it goes itself"
                after = seen.flows.next(below)
                hint = f"write next: {after or 'end'}, if that is meant"
                seen.scope.problem(below.where, "CW161", message, expected="next, switch or end", hint=hint, key=True)


def unreachable(seen: Seen) -> None:
    for region in seen.whole():
        reached: set[str] = set()
        todo = list(seen.flows.roots(region))
        steps = {step.id: step for step in region.steps}
        while todo:
            id = todo.pop()
            if id not in reached and id != END:
                reached.add(id)
                todo.extend(seen.flows.after(steps[id]))
        for step in region.steps:
            if step.id not in reached:
                hint = f"lead to it by next: {step.id}, or take it out"
                seen.scope.problem(step.where, "CW162", f"{step.id!r} is never reached", hint=hint, key=True)


def ways_out(seen: Seen) -> None:
    """A step whose outcomes all say where they lead needs a `next` of its own if it may be left out, and no other
    does."""
    for step in seen.build.outline.steps.values():
        kind = seen.flows.kinds.get(step.kind)
        if kind is None or step.id in seen.broken or not kind.closed(step.value):
            continue
        skippable = seen.flows.skippable(step)
        if skippable and "next" not in step.value:
            message = "every outcome says where it leads, but leaving the step out leads nowhere"
            seen.scope.problem(skippable, "CW808", message, hint="say `next` on the step itself")
        if not skippable and "next" in step.value:
            message = f"every way out of {step.id!r} says where it goes, so this is never used"
            seen.scope.problem((*step.where, "next"), "CW163", message, key=True, warning=True)
