"""`human`: a person's task. The language knows its form and outcomes; who may do it is a component's affair."""

from collections.abc import Mapping
from typing import Any

from engine.core.kinds import TEXT as TEXT_VALUE
from engine.core.model import Human, Outcome, Path
from engine.language.context import Scope
from engine.language.kinds.kind import Kind, Written
from engine.language.outline import Step
from engine.language.words import NAME, PATH, SETS, TEXT, described, listing, mapping, named

FORM = described(listing(PATH, "a list of fields, as [finding, payee.account]"), "The fields of the data to fill in.")
_OUTCOME = mapping(
    {
        "title": described(TEXT, "What is written on the button."),
        "next": described(NAME, "The step to go to; `end` is the end of the block. Left out: as the step itself."),
        "reason": described({"enum": ["required"]}, "Whether a reason must be given."),
        "set": described(SETS, "What is written into the data with it: {place: expression}."),
        "decision": described(NAME, "What authority is asked for, as approve or refuse."),
        "form": described(
            {"enum": ["optional"]}, "The form may stay unfinished: no field must be filled in to hand the task on."
        ),
    },
    "title",
    title="an outcome",
)


_COMPLETED = {"actor": TEXT_VALUE}
"""What the `set` of an outcome sees beside the data (`engine.core.data.completed_by`)."""


def _compile(scope: Scope, step: Step) -> Human:
    where, written = step.where, step.value
    fields = [scope.target((*where, "form", place), field) for place, field in enumerate(written.get("form", ()))]
    form = tuple(field[0] for field in fields if field)
    outcomes = {
        name: _outcome(scope, (*where, "outcomes", name), name, each, form)
        for name, each in written.get("outcomes", {}).items()
    }
    return Human(form, outcomes, scope.build.schema.form(form))


def _outcome(
    scope: Scope, where: tuple[str | int, ...], name: str, written: Mapping[str, Any], form: tuple[Path, ...]
) -> Outcome:
    return Outcome(
        name,
        scope.text((*where, "title"), written["title"]),
        next=scope.leave_to((*where, "next"), written["next"]) if "next" in written else None,
        reason="reason" in written,
        sets=scope.assigns((*where, "set"), written.get("set", {}), extra=_COMPLETED),
        decision=written.get("decision", ""),
        check=scope.build.schema.unfinished(form) if "form" in written else None,
    )


def _closed(written: Written) -> bool:
    outcomes = written.get("outcomes") or {}
    return bool(outcomes) and all("next" in each for each in outcomes.values())


KINDS = (
    Kind(
        "human",
        "A person's task: in a queue or for a person, with a form and the ways to complete it.",
        {"title": "who is to do it", "type": "object"},
        _compile,
        beside={
            "form": FORM,
            "outcomes": described(named(_OUTCOME, "a mapping from names to outcomes"), "The ways to complete it."),
        },
        closed=_closed,
        stays=True,
        waits=True,
    ),
)
