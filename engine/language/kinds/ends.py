"""Where paths end and what is raised: `end`, `terminate`, `fail`, `escalate`, `compensate`."""

from engine.core.model import Compensate, End, Escalate, Fail
from engine.language.context import Scope
from engine.language.kinds.kind import Kind
from engine.language.outline import Step
from engine.language.words import EXPRESSION, NAME, described

CODES = {"CW120": "a step that cannot be undone"}

ALL = "all"


def _end(scope: Scope, step: Step) -> End:
    return End(step.value[step.kind])


def _fail(scope: Scope, step: Step) -> Fail:
    where, written = step.where, step.value
    scope.name((*where, "fail"), written["fail"], scope.house.errors, "error")
    message = None
    if "message" in written:
        message = scope.open_expression((*where, "message"), written["message"], "the message of an error")
    return Fail(written["fail"], message)


def _escalate(scope: Scope, step: Step) -> Escalate:
    scope.name((*step.where, "escalate"), step.value["escalate"], scope.house.escalations, "escalation")
    return Escalate(step.value["escalate"])


def _compensate(scope: Scope, step: Step) -> Compensate:
    where, name = (*step.where, "compensate"), step.value["compensate"]
    if name == ALL:
        return Compensate()
    steps = scope.build.outline.steps
    if scope.name(where, name, [*steps, ALL], "step") and "undo" not in steps[name].value:
        scope.problem(where, "CW120", f"{name} says nothing of how to undo it", hint="give it `undo:`")
    return Compensate(name)


KINDS = (
    Kind("end", "Ends this path; the name is how the case has ended.", NAME, _end, flows=False),
    Kind("terminate", "Ends the whole case at once, whatever else stands.", NAME, _end, flows=False),
    Kind(
        "fail",
        "Raises an error: the nearest handler for it takes over.",
        described(NAME, "Its name, from house.yaml."),
        _fail,
        beside={"message": described(EXPRESSION, "What to tell the operator.")},
        flows=False,
    ),
    Kind(
        "escalate",
        "Tells the handlers around it, and goes on.",
        described(NAME, "Its name, from house.yaml."),
        _escalate,
    ),
    Kind(
        "compensate",
        "Undoes what was completed, newest first: one step, or all within the block.",
        described(NAME, "A step that has `undo`, or `all`."),
        _compensate,
        stays=True,
    ),
)
