"""What commands print: tables for people, JSON for programs, errors for whoever can mend them.

Exit codes: 0 done, 1 problems found or a command refused, 2 misuse (Typer's own). A table fits the terminal: columns
are narrowed where text can be broken between words. Into a pipe it goes unbroken, one row a line.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console, RenderableType

from engine.core.naming import nearest
from workbench.tables import UNBROKEN, rounded, table

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]

Row = Mapping[str, Any]


def console(stderr: bool = False) -> Console:
    """The console as it is now; what is no terminal has all the room that a line needs."""
    found = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, markup=False, width=UNBROKEN)


def show(
    rows: Iterable[Row], columns: Sequence[str], *, as_json: bool, title: str = "", zone: str = "UTC", limit: int = 0
) -> None:
    """The rows as a table of these columns, or all of them as a JSON list. `limit`: how many were asked for, so that
    a list that may go on says so."""
    found = list(rows)
    if as_json:
        print_json(found)
        return
    if not found:
        say(f"{title or 'list'}: nothing")
        return
    texts = [[cell(row.get(column), zone) for column in columns] for row in found]
    tell(table([column.replace("_", " ") for column in columns], texts, title, console().width))
    if limit and len(found) == limit:
        say(f"The first {limit}; more with --limit.")


def cell(value: Any, zone: str = "UTC") -> str:
    """A value as a person reads it; moments in the zone asked for, spans rounded."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, timedelta):
        return rounded(value)
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list | tuple | frozenset | set):
        return ", ".join(cell(v, zone) for v in value)
    if isinstance(value, dict):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)


def print_json(value: Any) -> None:
    """Moments in UTC, decimals as text, spans in seconds."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2).decode() + "\n")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, frozenset | set) else str(value)


def say(text: str) -> None:
    """A line for people."""
    console().print(text, soft_wrap=True)


def tell(what: RenderableType) -> None:
    """Something that lays itself out; into a pipe without the blanks that fill a column."""
    out = console()
    if out.is_terminal:
        out.print(what)
        return
    with out.capture() as laid_out:
        out.print(what)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in laid_out.get().splitlines()))


def warn(text: str) -> None:
    """A line for people, beside the output."""
    console(stderr=True).print(text, soft_wrap=True)


def stop(text: str, cure: str = "", code: int = 1) -> NoReturn:
    """Ends the command: what is wrong and what would help."""
    out = console(stderr=True)
    out.print(text, style="red", soft_wrap=True)
    if cure:
        out.print(cure, soft_wrap=True)
    raise typer.Exit(code)


def known(name: str, names: Iterable[str], what: str, code: int = 2) -> str:
    """The name, if it is one of these (or empty); otherwise the command ends, and says which there are."""
    there = sorted(names)
    if name and name not in there:
        near = nearest(name, there)
        listed = ", ".join(there) if len(there) <= 40 else f"{', '.join(there[:40])}, … ({len(there)} in all)"
        stop(f"There is no {what} {name}." + (f" Did you mean {near}?" if near else ""),
             f"Known: {listed}" if there else "There is none yet.", code)  # fmt: skip
    return name
