"""What commands print: tables for people, JSON for programs, errors for whoever can mend them.

Exit codes: 0 done, 1 problems found or a command refused, 2 misuse (Typer's own).
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

out = Console(soft_wrap=False)
err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]

Row = Mapping[str, Any]


def show(rows: Iterable[Row], columns: Sequence[str], *, as_json: bool, title: str = "", zone: str = "UTC") -> None:
    """The rows as a table of these columns, or all of them as a JSON list."""
    found = list(rows)
    if as_json:
        print_json(found)
        return
    table = Table(title=title or None, title_justify="left", header_style="bold", expand=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in found:
        table.add_row(*(cell(row.get(column), zone) for column in columns))
    out.print(table if found else f"{title or 'list'}: nothing")


def cell(value: Any, zone: str = "UTC") -> str:
    """A value as a person reads it; moments in the zone asked for."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list | tuple | frozenset | set):
        return ", ".join(cell(v, zone) for v in value)
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return str(value)


def print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode() + "\n")


def say(text: str) -> None:
    """A line for people."""
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def stop(text: str, cure: str = "", code: int = 1) -> NoReturn:
    """Ends the command: what is wrong and what would help."""
    err.print(text, style="red", highlight=False, markup=False)
    if cure:
        err.print(cure, highlight=False, markup=False)
    raise typer.Exit(code)
