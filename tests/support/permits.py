"""A season of permits in which urgent ones are mostly late, and others mostly not: what a forecast can learn from."""

import heapq
import random
from datetime import datetime, timedelta

from engine.core.commands import CompleteTask
from tests.support.bureau import Bureau

LATE = {True: 0.75, False: 0.1}
"""The chance that a permit is late, by whether it is urgent."""


def season(bureau: Bureau, count: int = 300, seed: int = 3) -> None:
    """Permits, two hours apart, each issued within hours or after a fortnight; then time until all are settled."""
    chance, begin = random.Random(seed), bureau.clock.now()
    plan: list[tuple[datetime, int, str]] = [(begin + timedelta(hours=2 * place), place, "") for place in range(count)]
    heapq.heapify(plan)
    while plan:
        at, place, case = heapq.heappop(plan)
        bureau.wait(seconds=max((at - bureau.clock.now()).total_seconds(), 0))
        if case:
            task = bureau.app.connection.one("SELECT id FROM tasks WHERE case_id = ? AND closed_at IS NULL", (case,))
            assert bureau.ask(case, CompleteTask(task[0]), "li")
            continue
        urgent = chance.random() < 0.4
        made = bureau.start("permit", urgent=urgent, asked_at=bureau.clock.now().isoformat())
        late = chance.random() < LATE[urgent]
        heapq.heappush(plan, (at + (timedelta(days=14) if late else timedelta(hours=5)), place, made))
    bureau.wait(days=14)
