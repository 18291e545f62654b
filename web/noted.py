"""Why the engine moved a task, in the reader's language.

What a person gave as a reason stays as it was written. What the engine notes stands in the history in English and by
names (`tasks.climbing`, `tasks.push`, `tasks.leavers`): here its sentences are found again and said with titles.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from web import show
from web.desk import Desk

_NAME = r"[a-z][a-z0-9_]*"
_MATTER = rf"(?P<what>{_NAME}(?: {_NAME})*(?: [0-9.]+)?)"
_SAID: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (rf"nobody in the queue (?P<queue>{_NAME}) may decide {_MATTER}", "noted.nobody"),
        (rf"(?P<user>{_NAME}) may not decide {_MATTER}", "noted.beyond"),
        (
            rf"your authority does not reach this far: {_MATTER} \(who has it: (?P<users>[a-z0-9_, -]+)\)",
            "noted.authority",
        ),
        ("no longer in service", "noted.left"),
        (r"(?P<way>round_robin|least_loaded|skill)", "noted.pushed"),
    )
)  # fmt: skip


def noted(desk: Desk, text: str) -> str:
    """The reason of an event in words."""
    for pattern, key in _SAID:
        found = pattern.fullmatch(text)
        if found is not None:
            return desk.say(key, **{name: _TOLD[name](desk, value) for name, value in found.groupdict().items()})
    return text


def matter(desk: Desk, names: str) -> str:
    """What is decided, as an event names it (`tasks.authority.Matter`): claims motor approve 50000."""
    kind, *more = names.split(" ")
    known = desk.house.authority.get(kind)
    amount = show.money(more.pop()) if more and more[-1][0].isdecimal() else ""
    told = [desk.told(known.title if known else None, show.worded(kind))]
    told += [desk.line(kind, one) if known and one in known.lines else desk.decision(kind, one) for one in more]
    return " · ".join(part for part in (*told, amount) if part)


def _users(desk: Desk, users: str) -> str:
    return ("、" if desk.language == "zh" else ", ").join(desk.person(one) for one in users.split(", "))


_TOLD: Mapping[str, Callable[[Desk, str], str]] = {
    "queue": Desk.queue, "user": Desk.person, "users": _users, "what": matter,
    "way": lambda desk, way: desk.say(f"assign.{way}"),
}  # fmt: skip
"""What a part of a sentence is called."""
