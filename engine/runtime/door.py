"""What names things from outside: a command's id, a message's key. Every store can hold it, every index too."""

from collections.abc import Mapping

from engine.core.commands import Refusal
from engine.core.values import ValueProblem, writable_text

MOST = 200
"""Characters."""


def unfit(names: Mapping[str, str]) -> Refusal | None:
    """Why one of these names cannot be taken, by what it names; None when all can."""
    for what, text in names.items():
        try:
            writable_text(text)
        except ValueProblem as problem:
            return Refusal(what, f"{what}: {problem.message}")
        if len(text) > MOST:
            return Refusal(what, f"{what}: at most {MOST} characters are taken, not {len(text)}")
    return None
