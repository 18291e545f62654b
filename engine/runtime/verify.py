"""Whether everything stored is whole: each case is whole, destroyed, or tampered with, and where (R13).

Cases are read in pages, each page in a snapshot of its own, so that it runs beside the writers and holds
nothing up. The examination of one case is in `examine`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.core.env import Versions
from engine.core.machine import Machine
from engine.runtime.anchors import Anchor, Anchors, known_to
from engine.runtime.batch import Shows
from engine.runtime.clock import FRESH
from engine.runtime.database import Connection, Database
from engine.runtime.derive import projections as own_projections
from engine.runtime.examine import Decider, Examiner, Finding, Stored, Tables
from engine.runtime.history import StoredRow
from engine.runtime.projection import Projection
from engine.runtime.sources import changed
from engine.runtime.statements import quoted
from engine.runtime.tables import metadata
from engine.runtime.vault import Vault

PAGE = 200  # cases
MOST = 1_000
"""Findings that a report lists; beyond that they are only counted."""

_SNAPSHOT = {"sqlite": "BEGIN", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"}
_CASES = [column.name for column in metadata.tables["cases"].columns]

Progress = Callable[[int, int], None]
"""(cases done, cases in all)"""


@dataclass(slots=True)
class Report:
    """What `verify` found. `problems` are about the anchors' file and the definitions, `notes` no fault."""

    cases: int = 0
    rows: int = 0
    whole: int = 0
    destroyed: int = 0
    tampered: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0  # findings beyond those listed
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    anchor: Anchor | None = None

    @property
    def clean(self) -> bool:
        return not self.tampered and not self.problems


def verify(
    database: Database,
    vault: Vault,
    machine: Machine,
    versions: Versions,
    projections: Iterable[Projection],
    anchors: Path,
    *,
    shows: Shows | None = None,
    decide: Decider | None = None,
    progress: Progress | None = None,
) -> Report:
    """Examines every case.

    versions, projections, shows: as the runner has them. anchors: the file of anchors. decide: decides stored
    commands again, which takes several times as long.
    """
    tables = Tables.of([*own_projections(versions), *projections])
    examiner = Examiner(vault, machine, tables, shows or {}, decide)
    report = Report()
    connection = database.connect()
    known = Anchors(anchors, vault, known_to(connection))
    try:
        report.problems += [*known.problems, *changed(connection), *_ids(connection)]
        report.notes += known.notes
        report.anchor = known.newest
        total = connection.one("SELECT count(*) FROM cases")[0]
        for stored in _pages(connection, database.dialect, tables, known):
            _judge(report, examiner, stored)
            if progress is not None and report.cases % PAGE == 0:
                progress(report.cases, max(total, report.cases))
        if progress is not None:
            progress(report.cases, report.cases)
    finally:
        known.close()
        connection.close()
    return report


_WRONG_IDS = f"""
    SELECT h.case_id, h.seq FROM history h LEFT JOIN given_ids g ON g.id = h.command_id
    WHERE h.command_id NOT LIKE '{FRESH}%' AND (g.id IS NULL OR g.case_id <> h.case_id OR g.seq <> h.seq)
    UNION ALL SELECT g.case_id, g.seq FROM given_ids g LEFT JOIN history h ON h.case_id = g.case_id AND h.seq = g.seq
    WHERE h.command_id IS NULL OR h.command_id <> g.id
    ORDER BY 1, 2
"""


def _ids(connection: Connection) -> Iterator[str]:
    """Ids by which a repeated command would not find, or would wrongly find, what was answered first (R5)."""
    rows = connection.all(f"SELECT * FROM ({_WRONG_IDS}) AS wrong LIMIT 20")
    if rows:
        places = ", ".join(f"case {case}, row {seq}" for case, seq in rows[:5])
        yield f"the ids that commands were given do not agree with the history, at {places}"


def _judge(report: Report, examiner: Examiner, stored: Stored) -> None:
    findings = list(examiner.examine(stored))
    room = MOST - len(report.findings)
    report.findings += findings[:room]
    report.more += len(findings[room:])
    report.cases += 1
    report.rows += len(stored.history)
    if findings:
        report.tampered += 1
    elif stored.case is not None and not stored.case["key"]:
        report.destroyed += 1
    else:
        report.whole += 1


def _pages(connection: Connection, dialect: str, tables: Tables, anchors: Anchors) -> Iterator[Stored]:
    """Everything of every case: of those, too, of which only history, rows or an anchor are left."""
    after = ""
    while True:
        connection.run(_SNAPSHOT[dialect])
        try:
            page = _cases(connection, after)
            upto = page[-1]["id"] if len(page) == PAGE else None
            found = _read(connection, tables, page, after, upto)
        finally:
            connection.rollback()
        for expected in anchors.expected(after, upto):
            found.setdefault(expected.case, Stored(expected.case)).expected.append(expected)
        for case in sorted(found):
            stored = found.pop(case)
            if stored.case is None and not stored.history and stored.expected:
                stored.expected = stored.expected[-1:]
            yield stored
        if upto is None:
            return
        after = upto


def _cases(connection: Connection, after: str) -> list[dict[str, Any]]:
    names = ", ".join(map(quoted, _CASES))
    rows = connection.all(f"SELECT {names} FROM cases WHERE id > ? ORDER BY id LIMIT ?", (after, PAGE))
    return [dict(zip(_CASES, row, strict=True)) for row in rows]


def _read(
    connection: Connection, tables: Tables, page: list[dict[str, Any]], after: str, upto: str | None
) -> dict[str, Stored]:
    found = {case["id"]: Stored(case["id"], case) for case in page}
    where, given = ("case_id > ? AND case_id <= ?", (after, upto)) if upto else ("case_id > ?", (after,))
    history = ", ".join(map(quoted, StoredRow._fields))
    for row in connection.all(f"SELECT {history} FROM history WHERE {where} ORDER BY case_id, seq", given):
        found.setdefault(row[0], Stored(row[0])).history.append(StoredRow(*row))
    for name, columns in tables.columns.items():
        selected = ", ".join(map(quoted, columns))
        for row in connection.all(f"SELECT {selected} FROM {name} WHERE {where}", given):
            values = dict(zip(columns, row, strict=True))
            stored = found.setdefault(values["case_id"], Stored(values["case_id"]))
            key = tuple(values[column] for column in tables.key[name])
            stored.rows.setdefault(name, {})[key] = values
    return found
