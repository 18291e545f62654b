"""Tables for people: plain columns that fit the room there is, broken only between words."""

from collections.abc import Sequence
from datetime import timedelta

from rich.cells import cell_len
from rich.table import Table

GAP = 2
WIDEST_WORD = 24
"""What is longer than this without a space (Chinese text is) may be broken anywhere."""
UNBROKEN = 100_000
"""The width of what is no terminal: one row a line."""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", width: int = UNBROKEN) -> Table:
    """A table of texts that is no wider than it must be. Numbers stand at the right."""
    made = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, GAP, 0, 0),
    )
    for index, (column, room) in enumerate(zip(columns, widths([columns, *rows], width), strict=True)):
        numbers = bool(rows) and all(row[index].lstrip("-").isdecimal() for row in rows)
        made.add_column(column, width=room, overflow="fold", justify="right" if numbers else "left")
    for row in rows:
        made.add_row(*row)
    return made


def widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """The width of each column: what it needs, or, when that is more than there is room, as much as is left after
    every column has its longest word. The least needy are served first."""
    columns = list(zip(*rows, strict=True))
    needs = [max(map(cell_len, column)) for column in columns]
    found = [
        max(min(cell_len(word), WIDEST_WORD) for text in column for word in text.split() or [""]) for column in columns
    ]
    left = room - GAP * len(needs) - sum(found)
    for index in sorted(range(len(needs)), key=lambda i: needs[i] - found[i]):
        more = max(0, min(needs[index] - found[index], left))
        found[index] += more
        left -= more
    return found


def rounded(span: timedelta) -> str:
    """A length of time to the hour, the minute or the second, as its size asks for: `3d 4h`, `4h 5min`, `12s`."""
    seconds = int(abs(span).total_seconds())
    for size, unit, smaller, below in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 60, "")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size}{unit}" + (f" {rest}{below}" if rest and below else "")
    return f"{seconds}s"
