"""What names things from outside: a command's id, a message's key. Every store can hold it, every index too."""

from collections.abc import Mapping

from engine.core.commands import Refusal, refusal
from engine.core.values import ValueProblem, writable_text

MOST = 200
"""Characters."""


def unfit(names: Mapping[str, str]) -> Refusal | None:
    """Why one of these names cannot be taken, by what it names; None when all can."""
    every = "".join(names.values())
    if len(every) <= MOST and every.isascii() and "\x00" not in every:  # as good as always
        return None
    for what, text in names.items():
        try:
            writable_text(text)
        except ValueProblem as problem:
            return refusal(what, f"{what}：含无法保存的字符", f"{what}: {problem.message}")
        if len(text) > MOST:
            long = f"{what}: at most {MOST} characters are taken, not {len(text)}"
            return refusal(what, f"{what}：至多 {MOST} 个字符", long)
    return None
