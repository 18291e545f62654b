"""The inbox narrowed: by queue, process, how the deadline stands, priority and words, in one of two orders."""

from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlencode

from web.desk import Desk
from web.listing import Order, listed
from web.lists import PAGE, Inbox, inbox

State = Literal["", "late", "soon"]
"""late: past its deadline; soon: that, or near it (`web.lists.SHORT`)."""


@dataclass(frozen=True, slots=True)
class Sift:
    """What is asked of the tasks on offer. priority: at least this."""

    queue: str = ""
    process: str = ""
    state: State = ""
    priority: int = 0
    q: str = ""
    order: Order = ""

    @property
    def any(self) -> bool:
        """Whether anything but the queue is asked for."""
        return bool(self.process or self.state or self.priority or self.q.strip() or self.order == "due")

    def path(self, **more: str) -> str:
        """The address of the inbox narrowed so."""
        given = {name: str(value) for name, value in {**asdict(self), **more}.items() if value}
        return f"/?{urlencode(given)}" if given else "/"


def sifted(desk: Desk, sift: Sift, after: str = "", limit: int = PAGE) -> Inbox:
    """The user's inbox; what their queues offer, narrowed. Raises Problem for a place or a queue that is none."""
    if not sift.any:
        return inbox(desk, sift.queue, after, limit)
    whole = inbox(desk, sift.queue, "", 1)
    found = listed(
        desk, "queues", queue=sift.queue, process=sift.process, overdue=sift.state == "late",
        soon=sift.state == "soon", priority=sift.priority, words=sift.q, order=sift.order, after=after, limit=limit,
    )  # fmt: skip
    return whole.model_copy(update={"offered": found.tasks, "next": found.next})
