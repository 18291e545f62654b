"""What a supervisor wants at the end of a quarter: outcomes, compliance, breaches, queues; and where to look on."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bootstrap import Caseway, Home
from engine.runtime.tables import moment
from sla import reports
from sla.keywords import HouseClocks
from sla.model import PART
from workbench.intake import Taken
from workbench.open_cases import NOBODY, still_open
from workbench.staff import Simulation
from workbench.story import accounts
from workbench.tables import rounded, table

BREACHES = 15


def tell(
    out: Console, caseway: Caseway, taken: Mapping[str, Taken], files: Mapping[str, Path], simulation: Simulation,
    home: Home,
) -> None:  # fmt: skip
    """Prints the report. home: where the installation is found from now on."""
    zone = next(iter(caseway.calendars.values())).zone
    now = caseway.clock.now()
    intake = [
        (file.name, len(taken[name].started), len(taken[name].refused), _reasons(file) if taken[name].refused else "")
        for name, file in files.items()
    ]
    _table(out, "taken in", ("file", "started", "refused", "reasons in"), intake)
    _table(out, "outcomes by class", ("process", "class", "end", "cases", "median days"), _outcomes(caseway))
    _limits(out, caseway)
    told = reasons_told(caseway, reports.reasons(caseway.connection, now))
    _table(out, "why limits were missed, as supervisors have said", ("reason", "how often"), told)
    _table(out, "open queues", ("queue", "open", "held", "oldest since"), _queues(caseway, zone))
    counts = {
        "incidents": "SELECT count(*) FROM incidents",
        "notices in the outbox": "SELECT count(*) FROM outbox",
        "messages nobody waited for": "SELECT count(*) FROM messages WHERE state = 'undelivered'",
        "commands in the history": "SELECT count(*) FROM history",
    }
    numbers = [(name, caseway.connection.one(sql)[0]) for name, sql in counts.items()]
    _table(out, "besides", ("what", "how many"), [("tasks completed by people", simulation.done), *numbers])
    if simulation.refused:
        worst_refusals = sorted(simulation.refused.items(), key=lambda pair: -pair[1])[:8]
        _table(out, "completions refused", ("why", "how often"), worst_refusals)
    for line in _farther(home):
        out.print(line, soft_wrap=True)


def _limits(out: Console, caseway: Caseway) -> None:
    """How the limits were kept, and where the time was lost when they were not."""
    zone, now = next(iter(caseway.calendars.values())).zone, caseway.clock.now()
    clauses = reports.compliance(caseway.connection, now)
    columns = ("clause", "origin", "met", "late", "open", "ended", "void", "met of judged")
    cited = [_judged(c) for c in clauses if all(c.clause != clock for _, clock in c.clocks)]
    limits = [_judged(c) for c in clauses if any(c.clause == clock for _, clock in c.clocks) and c.late]
    _table(out, "compliance by clause (law first)", columns, cited)
    _table(out, "limits of steps that were missed", ("step", *columns[1:]), limits)
    every = reports.breaches(caseway.connection, now, limit=100_000)
    worst = reports.lost(every[:BREACHES], lambda case: accounts(caseway, case))
    _table(
        out, f"breaches: the {len(worst)} that matter most of {len(every)}",
        ("case", "clock", "clauses", "origin", "due", "late by", "time lost at", "how much"),
        [
            (b.number, b.clock, " ".join(b.clauses), b.origin, f"{b.deadline.astimezone(zone):%m-%d %H:%M}",
             rounded(b.late), ", ".join(b.lost_at) or "before the case", b.lost)
            for b in worst
        ],
    )  # fmt: skip


_COMMANDS = (
    ("sla breaches", "what is late, and at which step the time was lost"),
    ("sla explain NUMBER", "every stretch that counted, and every one that did not"),
    ("case show NUMBER", "data, tasks, clocks and history of a case"),
    ("queue list", "what waits where"),
    ("task next --as USER", "take the next task as one of the people (caseway user list)"),
    ("verify", "prove that nothing was changed"),
)


def _farther(home: Home) -> Iterator[str]:
    """Where everything lies, and the commands that open it."""
    yield f"\nThe database: {Path(home.database).resolve()}"
    yield f"What was taken in, and what was refused: {(home.folder / 'inbox').resolve()}"
    yield "Look further:"
    yield f"  cd {home.folder}"
    programs = Path(sys.executable).parent
    if shutil.which("caseway") is None and (programs / "caseway").exists():
        yield f"  export PATH={programs}:$PATH"
    for command, what in _COMMANDS:
        yield f"  caseway {command:<22}  {what}"


def tell_year(out: Console, caseway: Caseway, simulation: Simulation) -> None:
    """Prints what became of a year of the whole house: every case that has ended by its end, every other by what it
    waits for."""
    _table(out, "cases by procedure and end", ("process", "end", "cases", "median days"), _ends(caseway))
    open_ones = [
        (one.number, one.process, f"{one.since:%Y-%m-%d}", "; ".join(one.why) or NOBODY) for one in still_open(caseway)
    ]
    _table(out, "still open, and what they wait for", ("case", "process", "since", "waits for"), open_ones)
    _limits(out, caseway)
    if simulation.refused:
        worst = sorted(simulation.refused.items(), key=lambda pair: -pair[1])[:8]
        _table(out, "completions refused", ("why", "how often"), worst)


def _ends(caseway: Caseway) -> list[tuple[Any, ...]]:
    groups: dict[tuple[str, str], list[float]] = {}
    sql = 'SELECT process, status, "end", started_at, ended_at FROM cases'
    for process, status, end, started, ended in caseway.connection.all(sql):
        spent = groups.setdefault((process, (end or "cancelled") if status == "ended" else f"({status})"), [])
        spent.append((ended - started) / 86_400_000_000 if ended is not None else -1)
    return [
        (process, end, len(days), f"{sorted(days)[len(days) // 2]:.1f}" if min(days) >= 0 else "")
        for (process, end), days in sorted(groups.items())
    ]


def reasons_told(caseway: Caseway, found: Mapping[str, int]) -> list[tuple[Any, ...]]:
    """Reasons of missed limits with their titles and how often each was given."""
    house = caseway.definitions.house().parts.get(PART)
    titles = house.breaches.reasons if isinstance(house, HouseClocks) else {}
    return [
        (" / ".join(titles.get(reason, {}).values()) or reason or "(nobody has said)", count)
        for reason, count in found.items()
    ]


def _reasons(file: Path) -> str:
    return file.with_suffix(".refused.csv").name


def _judged(row: reports.Compliance) -> tuple[Any, ...]:
    share = "" if row.share is None else f"{row.share * 100:.1f} %"
    return (row.clause, row.origin, row.met, row.late, row.open, row.ended, row.void, share)


def _table(out: Console, title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    out.print()
    if rows:
        out.print(table(columns, [[str(value) for value in row] for row in rows], title, out.width))
    else:
        out.print(f"{title}: none")


def _outcomes(caseway: Caseway) -> list[tuple[Any, ...]]:
    """Cases by process, class and end, with the median of the days they took."""
    import msgspec

    groups: dict[tuple[str, str, str], list[float]] = {}
    sql = 'SELECT process, status, "end", state, started_at, ended_at FROM cases'
    for process, status, end, state, started, ended in caseway.connection.all(sql):
        data = msgspec.json.decode(state)["flow"].get("data", {})
        kind = data.get("class") or data.get("kind") or "—"
        name = (end or "cancelled") if status == "ended" else f"({status}) {data.get('status', '')}".strip()
        days = (ended - started) / 86_400_000_000 if ended is not None else -1
        groups.setdefault((process, str(kind), name), []).append(days)
    rows = []
    for (process, kind, name), days in sorted(groups.items()):
        spent = sorted(d for d in days if d >= 0)
        rows.append((process, kind, name, len(days), f"{spent[len(spent) // 2]:.1f}" if spent else ""))
    return rows


def _queues(caseway: Caseway, zone: Any) -> list[tuple[Any, ...]]:
    sql = (
        "SELECT queue, count(*), sum(CASE WHEN holder <> '' THEN 1 ELSE 0 END), min(opened_at) FROM tasks "
        "WHERE closed_at IS NULL GROUP BY queue ORDER BY 2 DESC"
    )
    return [
        (name or "(a person)", count, held, f"{moment(since).astimezone(zone):%Y-%m-%d %H:%M}")
        for name, count, held, since in caseway.connection.all(sql)
    ]
