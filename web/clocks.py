"""The clocks of a case: how each was counted, the more time it was given, and giving it more."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from bootstrap import MACHINE
from engine.core.events import Event
from engine.runtime.answers import Accepted
from engine.runtime.history import read
from engine.runtime.tables import moment
from sla.events import ExtendClock
from sla.explain import Account, explain, lasting, measured
from sla.telling import WORDS as CLOCK_WORDS
from web import show
from web.commands import ask
from web.desk import Desk
from web.lists import Heat, heat
from web.opened import Opened
from web.problems import Problem
from workbench import late


class Stretch(BaseModel):
    """A stretch of a clock: whether and why it counted."""

    start: datetime
    end: datetime
    elapsed: str
    counted: str
    counted_text: str  # as people say it
    why: str
    steps: list[str]


class Extended(BaseModel):
    """More time that a run was given, by whom, and why."""

    at: datetime
    by: str
    reason: str
    approver: str
    approver_name: str
    before: datetime
    deadline: datetime


class ClockView(BaseModel):
    """A run of a clock with how it was counted."""

    clock: str
    title: str
    run: int
    origin: str
    clauses: list[str]
    limit: str
    status: str
    status_title: str
    since: datetime
    deadline: datetime
    heat: Heat | None  # of a running one
    breached: bool
    provisional: bool
    used: str
    allowance: str
    used_text: str  # as people say it
    allowance_text: str
    stretches: list[Stretch]
    extensions: list[Extended]
    extendable: str  # by how much in all, as 10wd; "" where the clock cannot be extended, or no longer
    extendable_unit: str  # in which it is given, as wd
    may_extend: bool


def clocks(opened: Opened) -> list[ClockView]:
    """Every run of the case's clocks with how it was counted: law first, then by deadline."""
    desk = opened.desk
    rows = read(desk.caseway.database, desk.caseway.vault, opened.case)
    told: list[tuple[datetime, list[Event]]] = [(moment(row.at), MACHINE.decode_events(row.events)) for row in rows]
    accounts = explain(opened.process, told, desk.caseway.calendars, desk.now)
    order = {"running": 0, "paused": 1}
    return [
        _clock(opened, account)
        for account in sorted(accounts, key=lambda account: order.get(account.status, 2))
    ]  # fmt: skip


def _clock(opened: Opened, account: Account) -> ClockView:
    desk, clock = opened.desk, account.clock

    def step(name: str) -> str:
        node = opened.process.nodes.get(name)
        return desk.told(node.title if node else None, show.worded(name))

    def words(key: str) -> str:
        return desk.told(CLOCK_WORDS.get(key), key)

    running = account.status == "running"
    extendable = clock.extension is not None and not account.closed_by and not account.breached
    return ClockView(
        clock=clock.name, title=step(clock.name) if account.token else desk.told(clock.title, show.worded(clock.name)),
        run=account.run, origin=clock.origin, clauses=list(clock.clauses), limit=account.limit, status=account.status,
        status_title=words(account.status), since=account.since, deadline=account.deadline,
        heat=heat(desk.now, account.deadline, account.since) if running else None, breached=account.breached,
        provisional=account.provisional, used=measured(account.used, account.unit),
        allowance=measured(account.allowance, account.unit),
        used_text=show.measure(desk, account.used, account.unit),
        allowance_text=show.measure(desk, account.allowance, account.unit),
        stretches=[
            Stretch(start=one.start, end=one.end, elapsed=lasting(one.elapsed),
                    counted=measured(one.counted, account.unit),
                    counted_text=show.measure(desk, one.counted, account.unit), why=words(one.why),
                    steps=list(map(step, one.steps)))
            for one in account.stretches
        ],
        extensions=[
            Extended(at=one.at, by=one.by, reason=one.reason, approver=one.approver,
                     approver_name=desk.person(one.approver), before=one.old, deadline=one.deadline)
            for one in account.more
        ],
        extendable=str(clock.extension.most) if extendable and clock.extension else "",
        extendable_unit=clock.extension.most.unit if extendable and clock.extension else "",
        may_extend=extendable and clock.extension is not None and clock.extension.role in desk.roles
        and late.in_charge(desk.caseway.connection, desk.caseway.directory, desk.user, opened.case),
    )  # fmt: skip


def extend(desk: Desk, number: str, clock: str, run: int, by: str, reason: str, **how: Any) -> Accepted:
    """Gives a clock of a case more time. Raises Problem."""
    opened = Opened(desk, number)
    if not late.in_charge(desk.caseway.connection, desk.caseway.directory, desk.user, opened.case):
        raise Problem(403, "floor", desk.say("floor.not_you"))
    return ask(desk, opened.case, ExtendClock(clock, by, reason, run), **how)
