"""One case as its page and the API show it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from bootstrap import MACHINE
from engine.core.events import Event
from engine.core.model import Catch, Race
from engine.runtime.history import read
from engine.runtime.tables import moment
from sla.explain import Account, explain, lasting, measured
from sla.telling import WORDS as CLOCK_WORDS
from tasks import queries
from web import show
from web.blocks import Block, blocks
from web.desk import Desk
from web.faults import fault_told
from web.history import Entry, Said, past
from web.kin import Steering, steering
from web.lists import Heat, TaskLine, heat, lines
from web.opened import Opened
from web.reading import Reads, reads
from web.search import CaseLine, line_of
from web.talk import Watching, watching
from web.tasks import Fact, facts


class Stretch(BaseModel):
    """A stretch of a clock: whether and why it counted."""

    start: datetime
    end: datetime
    elapsed: str
    counted: str
    counted_text: str  # as people say it
    why: str
    steps: list[str]


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


class Incident(BaseModel):
    incident: int
    step: str
    step_title: str
    text: str


class CaseView(BaseModel):
    """A case, whole, or what of it is not masked to the user: see `reads`. `steering`: what is
    done with it as a whole, and the cases around it; None where it is masked. `blocks`: the open ad-hoc ones."""

    line: CaseLine
    revision: int
    version: str
    tasks: list[TaskLine]
    waits: list[str]
    facts: list[Fact]
    clocks: list[ClockView]
    incidents: list[Incident]
    history: list[Entry]
    steering: Steering | None
    reads: Reads
    blocks: list[Block] = []
    comments: list[Said] = []
    watching: Watching | None = None

    @property
    def href(self) -> str:
        return f"/cases/{self.line.number}"


def case_view(desk: Desk, number: str, secrets: Mapping[str, Any] | None = None) -> CaseView:
    """The case of a number or an id, as far as the user reads it. `secrets`: those that they have opened. Raises
    Problem if there is none."""
    opened = Opened(desk, number, "")
    flow, process, open_to = opened.state.flow, opened.process, opened.sight.reads("internal")
    standing = [process.nodes[token.at] for token in flow.tokens.values() if token.at in process.nodes]
    view = CaseView(
        line=line_of(desk, opened.case), revision=opened.revision, version=flow.version,
        tasks=[], waits=[], facts=facts(opened, secrets=secrets), clocks=[], incidents=[], history=[], steering=None,
        reads=reads(desk, opened.sight, opened.state),
    )  # fmt: skip
    if not open_to:
        return view
    view.tasks = lines(desk, queries.of_case(desk.caseway.connection, opened.case))
    view.waits = list(dict.fromkeys(
        desk.told(node.title, show.worded(node.id)) for node in standing if isinstance(node.spec, Catch | Race)
    ))  # fmt: skip
    since = past(opened)
    view.clocks, view.history, view.steering = clocks(opened), since.entries, steering(opened)
    view.blocks = blocks(opened)
    view.comments, view.watching = since.comments, watching(opened)
    view.incidents = [
        Incident(
            incident=id,
            step=flow.tokens[i.token].at if i.token in flow.tokens else "",
            step_title=desk.step(flow.process, flow.tokens[i.token].at) if i.token in flow.tokens else "",
            text=fault_told(desk, i.text),
        )
        for id, i in flow.incidents.items()
    ]
    return view


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
    )  # fmt: skip
