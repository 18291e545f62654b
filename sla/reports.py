"""What a supervisor asks of clocks: what is breached, what soon will be, and how each clause is met.

One query each on the `clocks` table, the same text for SQLite and PostgreSQL. Where the time of a breach went
is not in the table: `lost` reads it out of the case's history, for the rows of a list only.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.runtime.database import Connection
from engine.runtime.tables import micros, moment
from sla.explain import Account, measured
from sla.model import ORIGINS

_LATE = "(breached = 1 OR (status = 'running' AND deadline < ?))"
# Law first, then what the house has promised itself.
_RANKS = " ".join(f"WHEN '{origin}' THEN {rank}" for rank, origin in enumerate(ORIGINS))
_STANDING = f"CASE origin {_RANKS} END"
COLUMNS = (
    "case_id, number, process, process_version, clock, run, token, clauses, origin, status, term, since, deadline, "
    "closed_at, provisional, id, reason, acknowledged_by, acknowledged_at"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A run in a list. `late` is how long after its deadline it closed, or that it is late by now; negative
    while there is time."""

    case: str
    number: str
    process: str
    version: str
    clock: str
    run: int
    token: int
    clauses: tuple[str, ...]
    origin: str
    status: str
    limit: str
    since: datetime
    deadline: datetime
    closed_at: datetime | None
    provisional: bool
    late: timedelta
    id: int = 0  # of the run within its case
    reason: str = ""  # why it is late, as somebody has acknowledged
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    lost_at: tuple[str, ...] = ()  # the steps at which most of the measured time passed
    lost: str = ""  # how much, in the limit's own measure


@dataclass(frozen=True, slots=True)
class Compliance:
    """How one clause is met: runs `met` in time, `late` (closed or still open), `open` with time left, `ended`
    before their deadline without being met, and `void`. A run that is late counts as late whatever closed it."""

    clause: str
    origin: str
    met: int = 0
    late: int = 0
    open: int = 0
    ended: int = 0
    void: int = 0
    clocks: tuple[tuple[str, str], ...] = ()  # (process, clock)

    @property
    def share(self) -> Decimal | None:
        """Met of all that were met or late, from 0 to 1, to four places; None when nothing can be judged yet."""
        judged = self.met + self.late
        return (Decimal(self.met) / judged).quantize(Decimal("0.0001")) if judged else None


def breaches(
    connection: Connection,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    process: str = "",
    clause: str = "",
    origin: str = "",
    limit: int = 1000,
) -> list[Listed]:
    """Runs whose deadline passed unmet, the law's first, then the longest late.

    since, until: only those whose deadline lay from then on, and before then."""
    late_at = "COALESCE(closed_at, ?)"
    where, given = _missed(now, since, until, process, clause, origin)
    sql = (
        f"SELECT {COLUMNS} FROM clocks WHERE {' AND '.join(where)} "
        f"ORDER BY {_STANDING}, {late_at} - deadline DESC, case_id, id LIMIT ?"
    )
    return [listed(row, now) for row in connection.all(sql, (*given, micros(now), limit))]


def reasons(
    connection: Connection,
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    process: str = "",
    clause: str = "",
    origin: str = "",
) -> dict[str, int]:
    """How often each reason was given for a run whose deadline passed unmet, the most frequent first; "" for those that
    nobody has explained. The same filters as `breaches`."""
    where, given = _missed(now, since, until, process, clause, origin)
    sql = (
        f"SELECT COALESCE(reason, ''), count(*) FROM clocks WHERE {' AND '.join(where)} "
        "GROUP BY COALESCE(reason, '') ORDER BY 2 DESC, 1"
    )
    return {row[0]: int(row[1]) for row in connection.all(sql, given)}


def _missed(
    now: datetime, since: datetime | None, until: datetime | None, process: str, clause: str, origin: str
) -> tuple[list[str], list[Any]]:
    """The conditions of a run whose deadline passed unmet, and what they take."""
    where, given = _where(process, clause, origin)
    where += [_LATE]
    given += [micros(now)]
    for sign, bound in ((">=", since), ("<", until)):
        if bound is not None:
            where.append(f"deadline {sign} ?")
            given.append(micros(bound))
    return where, given


def at_risk(
    connection: Connection,
    now: datetime,
    within: timedelta,
    *,
    process: str = "",
    clause: str = "",
    origin: str = "",
    limit: int = 1000,
) -> list[Listed]:
    """Running clocks whose deadline comes within a time from now, the soonest first."""
    where, given = _where(process, clause, origin)
    where += ["status = 'running'", "deadline >= ?", "deadline < ?"]
    given += [micros(now), micros(now + within)]
    sql = (
        f"SELECT {COLUMNS} FROM clocks WHERE {' AND '.join(where)} ORDER BY deadline, {_STANDING}, case_id, id LIMIT ?"
    )
    return [listed(row, now) for row in connection.all(sql, (*given, limit))]


def compliance(connection: Connection, now: datetime) -> list[Compliance]:
    """Every clause that a clock cites, the law's first; a clock without a clause stands under its own name. Of all runs
    that there were and are: figures of a period are those of `reports`."""
    judged = (
        f"CASE WHEN {_LATE} THEN 'late' WHEN status = 'stopped' THEN 'met' WHEN status = 'unmet' THEN 'ended' "
        "WHEN status = 'void' THEN 'void' ELSE 'open' END"
    )
    sql = (
        f"SELECT process, clock, clauses, origin, judged, count(*) FROM "
        f"(SELECT process, clock, clauses, origin, {judged} AS judged FROM clocks) AS each_run "
        "GROUP BY process, clock, clauses, origin, judged"
    )
    return _by_clause(connection.all(sql, (micros(now),)))


def _by_clause(rows: Iterable[Any]) -> list[Compliance]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    clocks: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for process, clock, clauses, origin, judged, count in rows:
        for clause in clauses.split() or [clock]:
            counts = found.setdefault((origin, clause), {})
            counts[judged] = counts.get(judged, 0) + count
            clocks.setdefault((origin, clause), set()).add((process, clock))
    return [
        Compliance(clause, origin, **found[origin, clause], clocks=tuple(sorted(clocks[origin, clause])))
        for origin, clause in sorted(found, key=lambda key: (ORIGINS.index(key[0]), key[1]))
    ]


def outdated(connection: Connection, calendar: str, version: str, after: str = "", limit: int = 100) -> list[str]:
    """The next cases, by id, with an open clock on another version of a calendar: each wants `RebaseClocks`."""
    sql = (
        "SELECT DISTINCT case_id FROM clocks WHERE case_id > ? AND calendar = ? AND version <> ? "
        "AND status IN ('running', 'paused') ORDER BY case_id LIMIT ?"
    )
    return [row[0] for row in connection.all(sql, (after, calendar, version, limit))]


def standing(connection: Connection, calendar: str, version: str) -> dict[str, int]:
    """Of the open clocks on a calendar: how many, on another version of it, and provisional."""
    sql = (
        "SELECT count(*), coalesce(sum(CASE WHEN version <> ? THEN 1 ELSE 0 END), 0), coalesce(sum(provisional), 0) "
        "FROM clocks WHERE calendar = ? AND status IN ('running', 'paused')"
    )
    return dict(
        zip(("clocks", "older", "provisional"), map(int, connection.one(sql, (version, calendar))), strict=True)
    )


Explain = Callable[[str], Iterable[Account]]
"""The accounts of a case: see `sla.explain`."""


def lost(rows: Iterable[Listed], explain: Explain) -> list[Listed]:
    """The rows with the steps at which each lost its time; each case's history is read once."""
    known: dict[str, Mapping[tuple[str, int], Account]] = {}
    told = []
    for row in rows:
        if row.case not in known:
            known[row.case] = {(a.clock.name, a.run): a for a in explain(row.case)}
        account = known[row.case].get((row.clock, row.run))
        if account is not None:
            steps, amount = account.lost()
            row = replace(row, lost_at=steps, lost=measured(amount, account.unit))
        told.append(row)
    return told


def _where(process: str, clause: str, origin: str) -> tuple[list[str], list[Any]]:
    """Conditions, with their parameters in order."""
    wanted: list[tuple[str, Any]] = [("process = ?", process), ("origin = ?", origin)]
    found = [(sql, value) for sql, value in wanted if value]
    if clause:
        found.append(("clauses LIKE ?", f"% {clause} %"))
    return [sql for sql, _ in found], [value for _, value in found]


def listed(row: Any, now: datetime) -> Listed:
    """A row of `COLUMNS` as a list has it."""
    case, number, process, version, clock, run, token, clauses, origin, status, term, since, deadline = row[:13]
    closed, provisional, ident, reason, by, acknowledged = row[13:]
    end = now if closed is None else moment(closed)
    return Listed(
        case=case,
        number=number,
        process=process,
        version=version,
        clock=clock,
        run=run,
        token=token,
        clauses=tuple(clauses.split()),
        origin=origin,
        status=status,
        limit=term,
        since=moment(since),
        deadline=moment(deadline),
        closed_at=None if closed is None else moment(closed),
        provisional=bool(provisional),
        late=end - moment(deadline),
        id=ident,
        reason=reason or "",
        acknowledged_by=by or "",
        acknowledged_at=None if acknowledged is None else moment(acknowledged),
    )
