"""What is open at a moment: how old it is, what is late, what soon will be. Counted whole, each time anew.

An open case stands under the queue of its oldest open task; one without a task waits outside, and stands under none.
"""

from datetime import datetime, timedelta
from typing import Any

from engine.runtime.database import Connection
from engine.runtime.tables import micros

AGES = (1, 3, 7, 14, 30, 60, 90)
"""Days that part the classes of age; the first holds what is younger, the last what is as old or older."""
RISK = timedelta(hours=24)
"""What comes due within it is at risk."""

_QUEUE = """COALESCE((SELECT queue FROM tasks t WHERE t.case_id = {case} AND t.closed_at IS NULL
    ORDER BY t.opened_at, t.id LIMIT 1), '')"""
_AGE = f"""SELECT process, queue, age, count(*) FROM (
    SELECT process, {_QUEUE.format(case="c.id")} AS queue, CASE {{cases}} ELSE {AGES[-1]} END AS age
    FROM cases c WHERE status IN ('open', 'suspended')) AS each_case GROUP BY process, queue, age"""
_CLOCKS = f"""SELECT process, queue, origin, count(*) FROM (
    SELECT process, {_QUEUE.format(case="k.case_id")} AS queue, origin
    FROM clocks k WHERE status = 'running' AND {{which}}) AS each_run GROUP BY process, queue, origin"""


def count_open(connection: Connection, now: datetime) -> list[tuple[Any, ...]]:
    """The rows of `report_open`: (kind, process, queue, value, count). An age is the days from which it counts."""
    bounds = [micros(now - timedelta(days=days)) for days in AGES]
    cases = " ".join(f"WHEN started_at > ? THEN {days}" for days in (0, *AGES[:-1]))
    aged = connection.all(_AGE.format(cases=cases), bounds)
    late = connection.all(_CLOCKS.format(which="deadline < ?"), (micros(now),))
    risk = connection.all(_CLOCKS.format(which="deadline >= ? AND deadline < ?"), (micros(now), micros(now + RISK)))
    return [
        (kind, row[0], row[1], str(row[2]), row[3])
        for kind, rows in (("age", aged), ("late", late), ("risk", risk)) for row in rows
    ]  # fmt: skip
