"""What came of a rehearsal as rows: for a table in the terminal, for CSV, for a page with charts."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from workbench.rehearsal.compared import Compared, Result, Value
from workbench.rehearsal.figures import KINDS, Key

PARTS: Mapping[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "clauses": (("条款", "clause"), ("late", "clocks")),
    "queues": (("队列", "queue"), ("length", "longest", "left")),
    "steps": (("环节", "step"), ("wait", "wait_90", "done")),
    "people": (("人员", "person"), ("busy",)),
    "processes": (("流程", "process"), ("started", "ended", "days")),
}
"""The tables, each with what its rows are about and the kinds of figures that are its columns."""
SHARES = frozenset({"late", "busy"})
WHOLE = frozenset({"clocks", "done", "longest", "left", "started", "ended"})


def tables(of: Result | Compared, language: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Title and rows of each table. Of two plans each figure has the first's, the second's and their difference, with
    a star where that is beyond chance."""
    index = 0 if language == "zh" else 1
    values = of.values if isinstance(of, Result) else of.differences
    for what, kinds in PARTS.values():
        names = sorted({key.of for key in values if key.kind in kinds})
        rows = [
            {what[index]: name, **{KINDS[kind][index]: _cell(of, Key(kind, name)) for kind in kinds}} for name in names
        ]
        if rows:
            yield what[index], rows


def _cell(of: Result | Compared, key: Key) -> str:
    if isinstance(of, Result):
        return told(key.kind, of.values.get(key))
    first, second = (told(key.kind, one.values.get(key), short=True) for one in (of.first, of.second))
    if first == second:
        return first
    return f"{first} → {second}{' *' if certain(of.differences[key]) else ''}"


def certain(difference: Value) -> bool:
    """Whether the confidence interval leaves zero out."""
    return difference.low is not None and difference.high is not None and (difference.low > 0 or difference.high < 0)


def told(kind: str, value: Value | None, *, short: bool = False) -> str:
    """A figure with its interval, as 12.3 % (10.1–14.5)."""
    if value is None:
        return "–"
    if value.low is None or value.high is None or short:
        return _number(kind, value.mean)
    low = max(0.0, value.low)
    return f"{_number(kind, value.mean)} ({_bare(kind, low)}–{_bare(kind, value.high)})"


def _number(kind: str, value: float) -> str:
    return f"{_bare(kind, value)} %" if kind in SHARES else _bare(kind, value)


def _bare(kind: str, value: float) -> str:
    return f"{value * 100:.1f}" if kind in SHARES else f"{value:.0f}" if kind in WHOLE else f"{value:.2f}"


COLUMNS = ("plan", "figure", "of", "mean", "low", "high")


def write_csv(results: Iterable[Result], to: TextIO) -> None:
    """Every figure of every plan, a row each; low and high bound the mean with 95 % confidence."""
    to.write("\ufeff")
    sheet = csv.writer(to)
    sheet.writerow(COLUMNS)
    for result in results:
        for key, value in result.values.items():
            numbers = (_plain(one) for one in (value.mean, value.low, value.high))
            sheet.writerow((result.plan.title, key.kind, key.of, *numbers))


def as_json(result: Result) -> dict[str, Any]:
    return {
        "plan": result.plan.title, "replications": result.plan.replications, "actions": result.actions,
        "refused": dict(result.refused),
        "figures": [
            {"figure": key.kind, "of": key.of, "mean": value.mean, "low": value.low, "high": value.high}
            for key, value in result.values.items()
        ],
    }  # fmt: skip


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:.6g}"
