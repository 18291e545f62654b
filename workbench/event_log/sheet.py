"""The log as CSV: a row for each line, UTF-8 with a mark, as spreadsheets want it."""

import csv
from datetime import UTC
from typing import TextIO

from workbench.event_log.cases import Chosen

COLUMNS = ("case", "process", "at", "kind", "name", "activity", "transition", "id", "by", "queue", "outcome", "more")


def write_csv(chosen: Chosen, to: TextIO) -> tuple[int, int]:
    """Writes the log; how many cases and rows it has."""
    cases = rows = 0
    to.write("\ufeff")
    sheet = csv.writer(to)
    sheet.writerow(COLUMNS)
    for traced in chosen:
        cases, rows = cases + 1, rows + len(traced.lines)
        for line in traced.lines:
            more = "; ".join(f"{name}={value}" for name, value in line.more.items() if name != "outcome")
            sheet.writerow(
                (traced.number, traced.process.name, line.at.astimezone(UTC).isoformat(), line.kind, line.name,
                 chosen.activity(traced.process, line), line.change, line.id or "", line.by, line.queue,
                 line.more.get("outcome", ""), more)
            )  # fmt: skip
    return cases, rows
