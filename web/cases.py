"""Cases: searching them, and one of them as its page and the API show it."""

import base64
import binascii
from datetime import datetime
from typing import Any, Literal

import msgspec
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
from web.desk import Desk
from web.history import Entry, history
from web.lists import Heat, TaskLine, heat, lines
from web.problems import Problem
from web.roles import may_steer
from web.tasks import Fact, Opened, facts

PAGE = 25
Status = Literal["", "open", "suspended", "ended"]


class CaseLine(BaseModel):
    """A case in a list."""

    case: str
    number: str
    process: str
    process_title: str
    status: str
    end: str
    owner: str
    owner_name: str
    subject: str
    started_at: datetime
    ended_at: datetime | None


class CaseList(BaseModel):
    cases: list[CaseLine]
    next: str | None


class Stretch(BaseModel):
    """A stretch of a clock: whether and why it counted."""

    start: datetime
    end: datetime
    elapsed: str
    counted: str
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
    stretches: list[Stretch]


class Incident(BaseModel):
    incident: int
    step: str
    text: str


class CaseView(BaseModel):
    """A case, whole. `steers`: the user may suspend, resume and cancel it, and change its owner."""

    line: CaseLine
    revision: int
    version: str
    tasks: list[TaskLine]
    waits: list[str]
    facts: list[Fact]
    clocks: list[ClockView]
    incidents: list[Incident]
    history: list[Entry]
    steers: bool

    @property
    def href(self) -> str:
        return f"/cases/{self.line.number}"


_COLUMNS = 'id, number, process, status, "end", owner, search, started_at, ended_at'


def search(
    desk: Desk, words: str = "", process: str = "", status: Status = "", after: str = "", limit: int = PAGE
) -> CaseList:
    """Cases with these words in their number, customer or policy, newest first; a page after that place."""
    where, given = ["1 = 1"], list[Any]()
    for condition, value in (
        ("process = ?", process), ("status = ?", status),
        *(("search LIKE ? ESCAPE '!'", f"%{_literal(word)}%") for word in words.split()[:5]),
    ):  # fmt: skip
        if value:
            where.append(condition)
            given.append(value)
    if after:
        where.append("(started_at, id) < (?, ?)")
        given += _place(after)
    sql = f"SELECT {_COLUMNS} FROM cases WHERE {' AND '.join(where)} ORDER BY started_at DESC, id DESC LIMIT ?"
    rows = desk.caseway.connection.all(sql, (*given, limit + 1))
    more = [rows[limit - 1][7], rows[limit - 1][0]] if len(rows) > limit else None
    return CaseList(
        cases=[_line(desk, row) for row in rows[:limit]],
        next=base64.urlsafe_b64encode(msgspec.json.encode(more)).decode().rstrip("=") if more else None,
    )


def _literal(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _place(text: str) -> tuple[int, str]:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=tuple[int, str])
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise Problem(400, "cursor", f"there is no such page: {text[:40]}") from error


def _line(desk: Desk, row: Any) -> CaseLine:
    id, number, process, status, end, owner, words, started, ended = row
    return CaseLine(
        case=id, number=number or id, process=process, process_title=desk.process(process), status=status,
        end=show.worded(end or ""), owner=owner or "", owner_name=desk.person(owner) if owner else "",
        subject=(words or "").replace(number or "", "", 1).strip(), started_at=moment(started),
        ended_at=moment(ended) if ended is not None else None,
    )  # fmt: skip


def case_view(desk: Desk, number: str) -> CaseView:
    """The case of a number or an id. Raises Problem if there is none."""
    opened = Opened(desk, number)
    flow, process = opened.state.flow, opened.process
    row = desk.caseway.connection.one(f"SELECT {_COLUMNS} FROM cases WHERE id = ?", (opened.case,))
    standing = [process.nodes[token.at] for token in flow.tokens.values() if token.at in process.nodes]
    return CaseView(
        line=_line(desk, row), revision=opened.revision, version=flow.version,
        tasks=lines(desk, queries.of_case(desk.caseway.connection, opened.case)),
        waits=list(dict.fromkeys(
            desk.told(node.title, show.worded(node.id)) for node in standing if isinstance(node.spec, Catch | Race)
        )),
        facts=facts(opened), clocks=clocks(opened),
        incidents=[
            Incident(incident=id, step=flow.tokens[i.token].at if i.token in flow.tokens else "", text=i.text)
            for id, i in flow.incidents.items()
        ],
        history=history(opened), steers=may_steer(desk, opened.state),
    )  # fmt: skip


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
        stretches=[
            Stretch(start=one.start, end=one.end, elapsed=lasting(one.elapsed),
                    counted=measured(one.counted, account.unit), why=words(one.why), steps=list(map(step, one.steps)))
            for one in account.stretches
        ],
    )  # fmt: skip
