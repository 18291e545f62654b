"""Names as designers write them: their grammar, and the nearest known one for an error message."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")
"""Steps, fields, queues, tables and functions are named so."""


LONGEST = 100
"""Characters that are looked at: comparing costs their square."""


def nearest(name: object, known: Iterable[object]) -> str | None:
    """The known name that looks most like `name` (case set aside), or None when nothing looks like it."""
    if not isinstance(name, str) or len(name) > LONGEST:
        return None
    by_folded = {text.casefold(): text for text in known if isinstance(text, str)}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def aside(name: object, known: Iterable[object]) -> str:
    """The hint at the end of a sentence about an unknown name, "; did you mean amount?", or nothing."""
    match = nearest(name, known)
    return f"; did you mean {match}?" if match else ""


def did_you_mean(name: object, known: Iterable[object]) -> str | None:
    """The hint for an unknown name, "did you mean 'amount'?", or None."""
    match = nearest(name, known)
    return f"did you mean {match!r}?" if match else None


def listed(values: Iterable[object], limit: int = 8) -> str:
    """Values for a message: `'a', 'b', 'c' …`."""
    items = [repr(value) for value in values]
    return ", ".join(items[:limit]) + (" …" if len(items) > limit else "")
