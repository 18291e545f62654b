"""Where forecasts are kept and read: what was learnt of each clock, and the chance of each open run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from engine.runtime.database import Connection
from engine.runtime.projection import table_of
from engine.runtime.statements import Statements
from engine.runtime.tables import micros, moment
from reports.forecast.model import Forecast
from reports.tables import Chance

WHOLE = 10_000
"""What a chance is stored in parts of."""
OPEN = "status IN ('running', 'paused')"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt of a clock, and when."""

    process: str
    clock: str
    at: datetime
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Likely:
    """The chance of an open run, from 0 to 1, as it stood at a moment; None, and `why`, where nothing is said."""

    chance: Decimal | None
    why: str
    at: datetime | None


UNKNOWN = Likely(None, "not_yet", None)


def learnt(connection: Connection, process: str = "") -> list[Learnt]:
    """What is known of all clocks, or those of one process."""
    only, given = (" AND process = ?", (process,)) if process else ("", ())
    rows = connection.all(
        f"SELECT process, clock, at, content FROM forecasts WHERE clock <> ''{only} ORDER BY process, clock", given
    )
    return [Learnt(row[0], row[1], moment(row[2]), msgspec.json.decode(row[3], type=Forecast)) for row in rows]


def looked(connection: Connection) -> dict[str, datetime]:
    """When each process was learnt from last."""
    return {row[0]: moment(row[1]) for row in connection.all("SELECT process, at FROM forecasts WHERE clock = ''")}


def keep(writing: Connection, process: str, found: Mapping[str, Forecast], now: datetime) -> None:
    """Writes what was learnt of a process, in place of what was known before."""
    writing.run("DELETE FROM forecasts WHERE process = ?", (process,))
    rows: list[tuple[Any, ...]] = [(process, "", micros(now), "{}")]
    rows += [(process, clock, micros(now), msgspec.json.encode(forecast).decode()) for clock, forecast in found.items()]
    for row in rows:
        writing.run("INSERT INTO forecasts (process, clock, at, content) VALUES (?, ?, ?, ?)", row)


def waiting(connection: Connection, before: datetime, now: datetime, limit: int) -> list[tuple[str, int]]:
    """Cases, with their revisions, of which a chance is missing, was told before a moment or before they last changed:
    the longest ago first. Late runs have none."""
    return [
        (row[0], row[1])
        for row in connection.all(
            "SELECT c.id, c.revision, min(COALESCE(f.at, 0)) AS told FROM clocks k JOIN cases c ON c.id = k.case_id "
            "LEFT JOIN forecast_chances f ON f.case_id = k.case_id AND f.id = k.id "
            "WHERE (k.status = 'paused' OR (k.status = 'running' AND k.deadline >= ?)) AND c.key IS NOT NULL "
            "AND (f.at IS NULL OR f.at < ? OR f.revision <> c.revision) "
            "GROUP BY c.id, c.revision ORDER BY told, c.id LIMIT ?",
            (micros(now), micros(before), limit),
        )
    ]


Told = tuple[str, int, int | None, str, int, int]
"""A row: case, run, chance, why, at, revision."""


def note(statements: Statements, rows: Sequence[Told], writing: Connection) -> None:
    """Writes chances; of a case that was destroyed while it was read, none."""
    table = table_of(Chance)
    names = [column.name for column in table.columns]
    if rows:
        writing.bulk(statements.upsert(table, names, names[2:]), rows)
    for case in sorted({row[0] for row in rows}):
        found = writing.one("SELECT key FROM cases WHERE id = ?", (case,))
        if found is None or found[0] is None:
            writing.run("DELETE FROM forecast_chances WHERE case_id = ?", (case,))


def tidy(writing: Connection) -> None:
    """Takes away the chances of runs that have closed."""
    writing.run(
        "DELETE FROM forecast_chances WHERE NOT EXISTS (SELECT 1 FROM clocks k WHERE k.case_id = "
        f"forecast_chances.case_id AND k.id = forecast_chances.id AND k.{OPEN})"
    )


def likely(connection: Connection, runs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Likely]:
    """The chances of some runs: of the rows of a list."""
    found = {}
    for case, run in runs:
        row = connection.one("SELECT chance, why, at FROM forecast_chances WHERE case_id = ? AND id = ?", (case, run))
        found[case, run] = UNKNOWN if row is None else _likely(*row)
    return found


def _likely(chance: int | None, why: str, at: int) -> Likely:
    return Likely(None if chance is None else Decimal(chance) / WHOLE, why, moment(at))
