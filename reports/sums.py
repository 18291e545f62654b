"""Facts added up: what a batch of them adds to the sums, and the rows of what was missed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from engine.runtime.database import Connection
from engine.runtime.projection import table_of
from engine.runtime.statements import Statements, keys
from engine.runtime.tables import micros
from reports import histogram
from reports.periods import day_of
from reports.reader import Explained, Extended, Fact, Judged, Reopened, Visit
from reports.tables import ExtendedRun, MissedRun, RunSum, TimeSum

JUDGED = ("met", "late", "unmet", "void")
MEASURES = ("cycle", "touch", "waiting")
MISSED = tuple(column.name for column in table_of(MissedRun).columns)
"""The columns of a missed run, in order."""

Lost = Mapping[int, tuple[str, str]]
"""By run: the steps that lost its time, between spaces, and how much."""


def clauses_of(run: Judged) -> tuple[str, ...]:
    """What a run counts for; "" for a clock without a clause."""
    return run.clauses or ("",)


@dataclass(slots=True)
class _Times:
    done: int = 0
    again: int = 0
    spent: tuple[Counter[int], ...] = field(default_factory=lambda: tuple(Counter() for _ in MEASURES))


def _listed(clauses: Iterable[str]) -> str:
    """Between spaces, so that one of them can be asked for."""
    text = " ".join(clauses)
    return f" {text} " if text else ""


class Sums:
    """What is to be added."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self.runs: dict[tuple[str, ...], list[int]] = {}
        self.times: dict[tuple[str, ...], _Times] = {}
        self.missed: dict[tuple[str, int], list[Any]] = {}
        self.explained: dict[tuple[str, int], str] = {}
        self.extended: list[tuple[Any, ...]] = []

    def add(self, case: str, number: str, facts: Iterable[Fact], lost: Lost) -> None:
        """The facts of a case; `lost` tells of its runs that closed late."""
        for fact in facts:
            match fact:
                case Visit():
                    self._visit(fact)
                case Reopened():
                    for span, day in self._days(fact.at):
                        self._time(span, fact.process, day, "", fact.queue).again += 1
                case Judged():
                    self._judged(case, number, fact, lost.get(fact.id, ("", "")))
                case Explained():
                    self._explained(case, fact)
                case Extended():
                    self.extended.append((
                        case, fact.id, fact.nth, number, fact.process, fact.clock, fact.run, _listed(fact.clauses),
                        fact.origin, fact.queue, fact.by, fact.most, fact.reason, fact.approver, micros(fact.at),
                        micros(fact.before), micros(fact.deadline),
                    ))  # fmt: skip

    def _days(self, at: Any) -> tuple[tuple[str, str], tuple[str, str]]:
        day = day_of(at, self._zone)
        return ("day", day.isoformat()), ("month", date(day.year, day.month, 1).isoformat())

    def _time(self, *key: str) -> _Times:
        return self.times.setdefault(key, _Times())

    def _visit(self, visit: Visit) -> None:
        for span, day in self._days(visit.at):
            found = self._time(span, visit.process, day, visit.step, visit.queue)
            found.done += 1
            found.again += visit.again
            for counter, seconds in zip(
                found.spent, (visit.cycle, visit.touch, visit.cycle - visit.touch), strict=True
            ):
                counter[histogram.class_of(max(seconds, 0))] += 1

    def _judged(self, case: str, number: str, run: Judged, lost: tuple[str, str]) -> None:
        values = [("all", ""), *(("clause", clause) for clause in clauses_of(run))]
        values += [("origin", run.origin), ("version", run.version), ("clock", run.clock)]
        values += [("person", run.person), ("class", run.klass)]
        values += [("reason", run.reason), ("lost", lost[0].strip())] if run.judged == "late" else []
        for span, day in self._days(run.at):
            for dim, value in values:
                self._count((span, dim, day, run.process, run.queue, value), run.judged)
        if run.judged in ("late", "unmet"):
            day = day_of(run.at, self._zone).isoformat()
            self.missed[case, run.id] = [
                case, run.id, run.judged, day, number, run.process, run.version, run.clock, run.run,
                _listed(run.clauses),
                run.origin, run.klass, run.queue, run.person, micros(run.since), micros(run.deadline),
                micros(run.at), run.closed_by, run.reason, *lost,
            ]  # fmt: skip

    def _explained(self, case: str, fact: Explained) -> None:
        row = self.missed.get((case, fact.id))
        if row is None:
            self.explained[case, fact.id] = fact.reason  # it was counted before
            return
        self.move_reason(row, fact.reason)
        row[MISSED.index("reason")] = fact.reason

    def move_reason(self, row: Any, reason: str) -> None:
        """A late run, as its row is, has another reason from now on."""
        known = dict(zip(MISSED, row, strict=True))
        month = known["day"][:8] + "01"
        for span, day in (("day", known["day"]), ("month", month)):
            for value, count in ((known["reason"], -1), (reason, 1)):
                self._count((span, "reason", day, known["process"], known["queue"], value), "late", count)

    def _count(self, key: tuple[str, ...], judged: str, count: int = 1) -> None:
        self.runs.setdefault(key, [0] * len(JUDGED))[JUDGED.index(judged)] += count

    def settle(self, connection: Connection) -> None:
        """Sees to runs that were counted before and have been explained since. Once, before `write`."""
        sql = f"SELECT {', '.join(MISSED)} FROM report_missed WHERE case_id = ? AND id = ?"
        for key, reason in self.explained.items():
            row = connection.one(sql, key)
            if row is not None:
                self.move_reason(row, reason)

    def write(self, connection: Connection, statements: Statements) -> None:
        """Adds all of it, in the caller's transaction; nothing is changed here, so it may be done again."""
        for key, reason in self.explained.items():
            connection.run("UPDATE report_missed SET reason = ? WHERE case_id = ? AND id = ?", (reason, *key))
        if self.missed:
            table = table_of(MissedRun)
            connection.bulk(statements.upsert(table, MISSED, MISSED[2:]), [tuple(row) for row in self.missed.values()])
        if self.extended:
            table = table_of(ExtendedRun)
            columns = [column.name for column in table.columns]
            connection.bulk(statements.upsert(table, columns, columns[3:]), self.extended)
        if self.runs:
            rows = [key + tuple(counts) for key, counts in sorted(self.runs.items())]
            connection.bulk(_adding(statements), rows)
        if self.times:
            self._write_times(connection, statements)

    def _write_times(self, connection: Connection, statements: Statements) -> None:
        table = table_of(TimeSum)
        columns = [column.name for column in table.columns]
        same = " AND ".join(f"{name} = ?" for name in keys(table))
        sql = f"SELECT {', '.join(columns[len(keys(table)) :])} FROM report_times WHERE {same}"
        rows = []
        for key, times in sorted(self.times.items()):
            known = connection.one(sql, key)
            done, again, *spent = known or (0, 0, *("{}" for _ in MEASURES))
            total = [
                histogram.written(histogram.added((histogram.read(one), more)))
                for one, more in zip(spent, times.spent, strict=True)
            ]
            rows.append((*key, done + times.done, again + times.again, *total))
        connection.bulk(statements.upsert(table, columns, columns[len(keys(table)) :]), rows)


def _adding(statements: Statements) -> str:
    table = table_of(RunSum)
    key = ", ".join(keys(table))
    changes = ", ".join(f"{name} = report_runs.{name} + excluded.{name}" for name in JUDGED)
    insert = statements.insert(table, [*keys(table), *JUDGED])
    return f"{insert} ON CONFLICT ({key}) DO UPDATE SET {changes}"
