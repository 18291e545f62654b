"""The chance that what is open on the floor is breached, and the list that goes by it."""

from collections.abc import Mapping

from pydantic import BaseModel

from reports.forecast.keep import UNKNOWN, Likely, likely
from reports.forecast.words import WHY
from sla.reports import Listed
from web.breaches import Pressed, pressed, supervises
from web.desk import Desk
from web.problems import Problem
from web.roles import floor_queues
from web.rollup import SHOWN
from workbench import late


def foreseen(desk: Desk, row: Listed, chances: Mapping[tuple[str, int], Likely]) -> Pressed:
    """A clock that is not late, with its chance; or why nothing is said of it."""
    told, paused = chances.get((row.case, row.id), UNKNOWN), row.status == "paused"
    shown = pressed(desk, row)
    return shown.model_copy(
        update={
            "paused": paused, "heat": "fine" if paused else shown.heat,
            "chance": told.chance, "chance_why": told.why, "chance_at": told.at,
            "chance_says": desk.told(WHY.get(told.why), told.why),
        }
    )  # fmt: skip


class Foreseen(BaseModel):
    """A page of open clocks that are not late, the likeliest to be breached first."""

    clocks: list[Pressed]
    next: str | None


def by_chance(desk: Desk, after: str = "", limit: int = SHOWN) -> Foreseen:
    """A page of what is open and not late on the caller's floor. Raises Problem."""
    supervises(desk)
    connection = desk.caseway.connection
    begin = _place(after) if after else None
    rows = late.likely(connection, desk.now, floor_queues(desk), after=begin, limit=limit + 1)
    shown = [row for _, row in rows[:limit]]
    chances = likely(connection, [(row.case, row.id) for row in shown])
    return Foreseen(
        clocks=[foreseen(desk, row, chances) for row in shown],
        next=".".join(map(str, rows[limit - 1][0])) if len(rows) > limit else None,
    )


def _place(text: str) -> late.Next:
    parts = text.split(".")
    if len(parts) != 4 or not all(
        parts[i].isascii() and parts[i].isdecimal() and len(parts[i]) < 18 for i in (0, 1, 3)
    ):
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}")
    return int(parts[0]), int(parts[1]), parts[2], int(parts[3])
