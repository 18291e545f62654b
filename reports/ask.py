"""The reports, asked of the sums: nothing here reads a case, so that each costs the same whatever was closed before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.runtime.database import Connection
from engine.runtime.tables import moment
from reports import histogram, periods
from reports.collect import state
from reports.figures import OF_PROCESS, PERCENTILES
from reports.periods import Period
from reports.sums import JUDGED, MEASURES
from sla.model import ORIGINS

_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Scope:
    """Of whose work the reader may see figures: these queues, these people; None for all."""

    queues: frozenset[str] | None = None
    people: frozenset[str] | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `process`, `queue`: only of these; "" for all."""

    period: Period
    scope: Scope = EVERYTHING
    process: str = ""
    queue: str = ""

    def where(self) -> tuple[str, list[Any]]:
        """The condition on process and queue, with what it takes."""
        sql, given = "", list[Any]()
        for name, value in (("process", self.process), ("queue", self.queue)):
            if value:
                sql, given = f"{sql} AND {name} = ?", [*given, value]
        return among(sql, given, "queue", self.scope.queues)


def among(sql: str, given: list[Any], name: str, allowed: frozenset[str] | None) -> tuple[str, list[Any]]:
    if allowed is None:
        return sql, given
    marks = ", ".join("?" * len(allowed)) or "NULL"
    return f"{sql} AND {name} IN ({marks})", [*given, *sorted(allowed)]


@dataclass(frozen=True, slots=True)
class Counted:
    """Runs that closed, of one value of a dimension; `process` where the value is only known within it."""

    value: str
    process: str = ""
    met: int = 0
    late: int = 0
    unmet: int = 0
    void: int = 0

    @property
    def share(self) -> Decimal | None:
        """Met of met and late, from 0 to 1, to four places; None without either."""
        return share(self.met, self.met + self.late)


def share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(_PLACES) if whole else None


def as_of(connection: Connection) -> datetime | None:
    """Until when everything is counted; None before that has happened."""
    known = state(connection)
    return moment(known.at) if known is not None and known.at else None


def compliance(connection: Connection, wanted: Wanted, by: str) -> list[Counted]:
    """The runs that closed in the period, by a dimension: the least compliant first, by origin the law's."""
    dim, value = ("all", by) if by in ("process", "queue") else (by, "value")
    process = "process" if by in OF_PROCESS else "''"
    where, given = wanted.where()
    if by == "person":
        where, given = among(where, given, "value", wanted.scope.people)
    sql = (
        f"SELECT {value}, {process}, {_totals()} FROM report_runs WHERE span = ? AND dim = ? AND day >= ? AND day <= ?"
        f"{where} GROUP BY {', '.join(dict.fromkeys((value, *(('process',) if by in OF_PROCESS else ()))))}"
    )
    span = wanted.period
    rows = connection.all(sql, (span.span, dim, span.first.isoformat(), span.last.isoformat(), *given))
    found = [Counted(row[0], row[1], *map(int, row[2:])) for row in rows]
    return sorted((one for one in found if any((one.met, one.late, one.unmet, one.void))), key=_ORDER.get(by, _worst))


def _totals() -> str:
    return ", ".join(f"sum({name})" for name in JUDGED)


def _worst(one: Counted) -> tuple[Any, ...]:
    known = one.share
    return (known is None, known or Decimal(0), -one.late, one.process, one.value)


_ORDER: dict[str, Any] = {"origin": lambda one: ORIGINS.index(one.value)}


def total(rows: Iterable[Counted]) -> Counted:
    """All of them together."""
    found = list(rows)
    return Counted("", "", *(sum(getattr(one, name) for one in found) for name in JUDGED))


def trend(
    connection: Connection, wanted: Wanted, count: int = 12, dim: str = "all", value: str = ""
) -> list[tuple[Period, Counted]]:
    """The last so many periods up to the one that is wanted, the oldest first; of one value of a dimension."""
    spans = list(periods.trend(wanted.period, count))
    where, given = wanted.where()
    if value:
        where, given = f"{where} AND value = ?", [*given, value]
    if dim == "person":
        where, given = among(where, given, "value", wanted.scope.people)
    first, last = spans[0].first.isoformat(), spans[-1].last.isoformat()
    sql = (
        f"SELECT day, {_totals()} FROM report_runs WHERE span = ? AND dim = ? AND day >= ? AND day <= ?{where} "
        "GROUP BY day"
    )
    rows = connection.all(sql, (wanted.period.span, dim, first, last, *given))
    found = {span: Counted(span.name) for span in spans}
    for day, *counts in rows:
        at = date.fromisoformat(day)
        span = next(one for one in spans if one.first <= at <= one.last)
        found[span] = total((found[span], Counted("", "", *map(int, counts))))
    return list(found.items())


@dataclass(slots=True)
class Times:
    """Visits of a step, or cases of a process (step "")."""

    process: str
    step: str
    done: int = 0
    again: int = 0
    spent: dict[str, histogram.Histogram] = field(default_factory=dict)

    @property
    def again_share(self) -> Decimal | None:
        return share(self.again, self.done)

    def seconds(self, measure: str, percent: int) -> int | None:
        """A percentile of cycle, touch or waiting time; None without visits."""
        return histogram.percentile(self.spent.get(measure, {}), percent)

    @property
    def percentiles(self) -> dict[str, int | None]:
        """All of them, under the names of their figures."""
        return {f"{name}_p{one}": self.seconds(name, one) for name in MEASURES for one in PERCENTILES}


def steps(connection: Connection, wanted: Wanted) -> list[Times]:
    """The steps of the wanted process, that which takes longest first."""
    found = _times(connection, wanted, wanted.process, " AND step <> ''")
    return sorted(found, key=lambda one: (-(one.seconds("cycle", 80) or 0), one.step))


def cases(connection: Connection, wanted: Wanted, processes: Iterable[str]) -> list[Times]:
    """The cases of each process that ended or were reopened, the most first."""
    names = [wanted.process] if wanted.process else sorted(processes)
    found = [one for name in names for one in _times(connection, wanted, name, " AND step = ''")]
    return sorted(found, key=lambda one: (-one.done, one.process))


def _times(connection: Connection, wanted: Wanted, process: str, which: str) -> list[Times]:
    where, given = wanted.where()
    sql = (
        f"SELECT step, done, again, {', '.join(MEASURES)} FROM report_times "
        f"WHERE span = ? AND process = ? AND day >= ? AND day <= ?{which}{where}"
    )
    span = wanted.period
    found: dict[str, Times] = {}
    read: dict[str, dict[str, list[histogram.Histogram]]] = {}
    for step, done, again, *spent in connection.all(
        sql, (span.span, process, span.first.isoformat(), span.last.isoformat(), *given)
    ):
        one = found.setdefault(step, Times(process, step))
        one.done, one.again = one.done + done, one.again + again
        for name, text in zip(MEASURES, spent, strict=True):
            read.setdefault(step, {}).setdefault(name, []).append(histogram.read(text))
    for step, one in found.items():
        one.spent = {name: histogram.added(some) for name, some in read[step].items()}
    return list(found.values())


def open_now(connection: Connection, kind: str, wanted: Wanted) -> dict[tuple[str, str], int]:
    """What is open: (process, value) -> how many. kind: `age`, with the days from which it counts as value; `late` or
    `risk`, with the origin."""
    where, given = wanted.where()
    sql = f"SELECT process, value, sum(count) FROM report_open WHERE kind = ?{where} GROUP BY process, value"
    return {(row[0], row[1]): int(row[2]) for row in connection.all(sql, (kind, *given))}
