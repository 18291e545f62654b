"""The pages of reports over three years of a house in which a million cases were closed.

Theory of operation. Pages read sums and nothing else, so what counts is how many rows of sums so many cases leave: one
for each day and month, process, queue and value of a dimension. They are made by statements over sets: every process of
the shipped house closes its share of the cases each day, in three queues, with four clauses, twenty people in each
queue, and histograms of eight steps; a tenth of the runs is late and in the list of what was missed.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.pages import asked
from benchmarks.rounds import Figures, percentile
from bootstrap import SHIPPED, Caseway, Home, create
from engine.runtime.tables import micros
from reports import histogram
from reports.collect import State

DAYS = 3 * 365
QUEUES, PEOPLE, STEPS = 3, 20, 8
CLOCKS = 3
"""Runs that a case has, on average."""
WHO, SUPERVISOR = "gu_mingyuan", "zhou_jianguo"
PAGES = {
    "compliance_clause_year": "/reports/compliance?period=this-year",
    "compliance_person_year": "/reports/compliance?period=this-year&by=person",
    "compliance_class_quarter": "/reports/compliance?period=this-quarter&by=class",
    "compliance_lost_week": "/reports/compliance?period=last-week&by=lost",
    "breaches_year": "/reports/breaches?period=this-year",
    "breaches_filtered": "/reports/breaches?period=this-year&by=reason&value=staff&process=claims",
    "unmet_year": "/reports/unmet?period=this-year",
    "steps_year": "/reports/steps?period=this-year&process=claims",
    "steps_days": "/reports/steps?period={days}&process=claims",
    "cases_year": "/reports/cases?period=this-year",
    "open": "/reports/open",
}
"""Pages, over the longest of what people ask for."""

Result = tuple[str, float, Figures]

_DAYS = """WITH RECURSIVE days(number, day) AS (
    SELECT 0, date(:first) UNION ALL SELECT number + 1, date(day, '+1 day') FROM days WHERE number + 1 < :count),
  names(process, place) AS (VALUES {processes}),
  numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 63)
"""
_RUNS = (
    _DAYS
    + """INSERT INTO report_runs SELECT 'day', {dim}, days.day, names.process, {queue}, {value},
    {met}, {late}, 1, 0 FROM days, names, numbers queue{more} WHERE queue.n < {queues}{where}"""
)
_MONTHS = """INSERT INTO report_runs SELECT 'month', dim, substr(day, 1, 7) || '-01', process, queue, value,
    sum(met), sum(late), sum(unmet), sum(void) FROM report_runs WHERE span = 'day' GROUP BY 2, 3, 4, 5, 6"""
_TIMES = (
    _DAYS
    + """INSERT INTO report_times SELECT 'day', names.process, days.day,
    CASE n.n WHEN 0 THEN '' ELSE 'step_' || n.n END, {queue}, {done}, 1, :times, :times, :times
    FROM days, names, numbers queue, numbers n WHERE queue.n < {queues} AND n.n <= {steps}"""
)
_MISSED = (
    _DAYS
    + """INSERT INTO report_missed SELECT days.number || '-' || names.place || '-' || n.n, 1,
    CASE n.n % 8 WHEN 0 THEN 'unmet' ELSE 'late' END, days.day, 'X-' || days.number || '-' || names.place || '-' || n.n,
    names.process, 'v', 'clock', 1, ' A-4.4 ', 'manual', 'ordinary', {queue}, 'person_' || n.n, :at, :at,
    :at + 86400000000 * days.number + n.n, 'end', CASE n.n % 3 WHEN 0 THEN 'staff' ELSE '' END, ' step_1 ', '2d'
    FROM days, names, numbers queue, numbers n WHERE queue.n = n.n % {queues} AND n.n < {each}"""
)
_DIMENSIONS = {
    "all": ("''", "", ""),
    "clause": ("'A-4.' || n.n", ", numbers n", " AND n.n < 4"),
    "origin": ("CASE n.n WHEN 0 THEN 'law' WHEN 1 THEN 'manual' ELSE 'target' END", ", numbers n", " AND n.n < 3"),
    "version": ("'v' || (days.number / 90)", "", ""),
    "clock": ("'clock_' || n.n", ", numbers n", " AND n.n < 4"),
    "class": ("'class_' || n.n", ", numbers n", " AND n.n < 3"),
    "reason": ("CASE n.n WHEN 0 THEN '' ELSE 'staff' END", ", numbers n", " AND n.n < 2"),
    "lost": ("'step_' || n.n", ", numbers n", " AND n.n < 3"),
    "person": ("'person_' || (n.n + 20 * queue.n)", ", numbers n", f" AND n.n < {PEOPLE}"),
}


def reports(folder: Path, cases: int, rounds: int, each: int = 8) -> Iterator[Result]:
    """Milliseconds of each page of reports, and of the slowest."""
    from web.app import create_app

    home = Home(folder / "house")
    create(home)
    with Caseway(home) as caseway:
        caseway.deploy(home.processes, "dong_lei")
        caseway.load_organisation(SHIPPED / "samples" / "organisation.yaml", "dong_lei")
        rows = fill(caseway, cases)
        app, days = create_app(caseway), caseway.clock.now().date()
        accounts, sessions, found = app.state.accounts, app.state.sessions, dict[str, list[list[float]]]()
        for user in (WHO, SUPERVISOR):
            accounts.set_password(user, "a long enough password", "bench")
            session = sessions.begin(caseway.clock.now(), user)
            accounts.sessions.open(session, accounts.generation(caseway.connection, user))
            for name, path in PAGES.items():
                address = path.format(days=f"{days - timedelta(days=300)}..{days}")
                took = asyncio.run(asked(app, address, {"caseway": sessions.write(session)}, rounds, each))
                found[f"{name}_{user}"] = took
        app.state.desks.close()
    p95 = {name: percentile([one for some in took for one in some], 0.95) for name, took in found.items()}
    yield "report_pages_1m_p95_ms", max(p95.values()), {**{name: [value] for name, value in p95.items()},
                                                        "rows": [float(rows)]}  # fmt: skip


def fill(caseway: Caseway, cases: int) -> int:
    """The sums of so many closed cases; how many rows that are."""
    names, now = sorted(caseway.definitions.names()), caseway.clock.now()
    first = now.date() - timedelta(days=DAYS - 1)
    queues = sorted(caseway.definitions.house().queues)[:QUEUES]
    queue = f"CASE queue.n WHEN 0 THEN '{queues[0]}' WHEN 1 THEN '{queues[1]}' ELSE '{queues[2]}' END"
    processes = ", ".join(f"('{name}', {place})" for place, name in enumerate(names))
    share = max(cases * CLOCKS // (DAYS * len(names) * QUEUES), 1)  # runs of a process in a queue on a day
    facts = {"processes": processes, "queue": queue, "queues": QUEUES, "steps": STEPS,
             "met": f"{share} - {share} / 10", "late": f"{share} / 10 + 1", "done": max(share // CLOCKS, 1),
             "each": max(cases // 10 // (DAYS * len(names)), 1)}  # fmt: skip
    times = histogram.written({histogram.class_of(600 * 2**power): 1 for power in range(max(share // CLOCKS, 1) + 2)})
    given: dict[str, Any] = {"first": first.isoformat(), "count": DAYS, "times": times,
                             "at": micros(now - timedelta(days=DAYS - 1))}  # fmt: skip
    bulk = caseway.database.connect()
    raw = bulk.raw  # type: ignore[attr-defined]  # SQLite's own: named parameters
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("BEGIN")
    for dim, (value, more, where) in _DIMENSIONS.items():
        raw.execute(_sql(_RUNS, dim=f"'{dim}'", value=value, more=more, where=where, **facts), given)
    raw.execute(_MONTHS)
    raw.execute(_sql(_TIMES, **facts), given)
    raw.execute(_months_of_times())
    raw.execute(_sql(_MISSED, **facts), given)
    raw.execute(
        "INSERT INTO report_open SELECT 'age', process, queue, '7', 40 FROM report_runs WHERE span = 'day' "
        "AND dim = 'all' AND day = (SELECT max(day) FROM report_runs) GROUP BY process, queue"
    )
    raw.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                "INSERT INTO report_cases SELECT printf('%032x', i), 30 FROM n", (cases,))  # fmt: skip
    state = msgspec.json.encode(State(caseway.zone, "", micros(now))).decode()
    raw.execute("INSERT INTO meta (key, value) VALUES ('reports', ?)", (state,))
    raw.execute("COMMIT")
    tables = ("report_runs", "report_times", "report_missed", "report_cases")
    rows = sum(bulk.one(f"SELECT count(*) FROM {table}")[0] for table in tables)
    bulk.close()
    return int(rows)


def _sql(text: str, **facts: Any) -> str:
    return text.format(**facts)


def _months_of_times() -> str:
    """A month has a histogram of what its days have, as wide as it gets."""
    wide = histogram.written({number: 3 for number in range(300, 1500, 12)})
    return (
        "INSERT INTO report_times SELECT 'month', process, substr(day, 1, 7) || '-01', step, queue, sum(done), "
        f"sum(again), '{wide}', '{wide}', '{wide}' FROM report_times WHERE span = 'day' GROUP BY 2, 3, 4, 5"
    )
