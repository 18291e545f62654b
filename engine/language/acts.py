"""Acts: what ladders, handlers and steps ask for alike (`move_tasks: complaints_senior`), held to one rule each.

A component brings the act's schema and what else is wrong with its arguments (`extension.Word`); where the act is
written makes no difference.
"""

from typing import Any

from engine.language.context import Scope
from engine.language.document import Place
from engine.language.shape import misshapen, validator


def act_args(scope: Scope, where: Place, name: str, written: Any) -> dict[str, Any]:
    """The arguments of the act `name`: a mapping, or the one thing that it is `to`. Texts are literals or
    expressions; what is wrong becomes a problem and is left out."""
    acts = scope.build.language.acts
    if not scope.name(where, name, acts, "act", key=True):
        return {}
    wrong = list(misshapen(scope.build.document, where, written, validator(acts[name].schema)))
    scope.build.problems.extend(wrong)
    if wrong:
        return {}
    alone = not isinstance(written, dict)
    given = {"to": written} if alone else written

    def place(argument: str, *inner: str | int) -> Place:
        return where if alone else (*where, argument, *inner)

    found = {
        argument: scope.open_literal(place(argument), value, "an act") if isinstance(value, str) else value
        for argument, value in given.items()
    }
    args = {argument: value for argument, value in found.items() if value is not None}
    acts[name].check(scope, place, args)
    return args
