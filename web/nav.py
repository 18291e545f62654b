"""The links at the top of every page, each for those whom its page is open to."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from web.desk import Desk
from web.roles import reviews, sees_admin, sees_floor, sees_processes, startable


class Link(NamedTuple):
    """href; the text's key; the access key; who sees it."""

    href: str
    key: str
    access: str
    seen: Callable[[Desk], bool]


def _everybody(desk: Desk) -> bool:
    return True


def _starts(desk: Desk) -> bool:
    return bool(startable(desk))


LINKS: Sequence[Link] = (
    Link("/", "nav.inbox", "i", _everybody),
    Link("/start", "nav.start", "o", _starts),
    Link("/tasks", "nav.tasks", "l", _everybody),
    Link("/cases", "nav.cases", "s", _everybody),
    Link("/floor", "nav.floor", "f", sees_floor),
    Link("/reports", "nav.reports", "r", sees_floor),
    Link("/reading", "nav.reading", "v", reviews),
    Link("/processes", "nav.processes", "p", sees_processes),
    Link("/admin", "nav.admin", "a", sees_admin),
)


def links(desk: Desk) -> list[Link]:
    """The links that the user has."""
    return [link for link in LINKS if link.seen(desk)] if desk.user else []
