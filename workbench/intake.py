"""Cases from the CSV files that an insurer's systems export: each row a case, each wrong row a reason.

The first row names the fields, as the data schema does: by name, or by title in either language. Files are UTF-8
(with or without a byte order mark) or GB 18030, as spreadsheets in China write them. A row that cannot be taken
is written to a file beside the input, unchanged, with its line and the reason for each wrong cell, so that it can
be mended and taken in again; the others are not held up by it. A column whose name begins with `#` is a remark.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.kinds import Type
from engine.core.model import Process
from engine.core.naming import aside

Json = Any
MOST_BYTES = 50_000_000
REMARK = "#"
_YES = {"是": True, "true": True, "yes": True, "y": True, "1": True}
_NO = {"否": False, "false": False, "no": False, "n": False, "0": False}
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_MOMENT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?")


class IntakeError(ValueError):
    """The file as a whole cannot be read; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stood, what was in it, and the data or the problems that came of it."""

    line: int
    cells: tuple[str, ...]
    data: Mapping[str, Json]
    problems: tuple[str, ...]


@dataclass(slots=True)
class Taken:
    """What became of a file."""

    header: tuple[str, ...] = ()
    started: list[str] = field(default_factory=list)  # business numbers
    refused: list[tuple[Row, str]] = field(default_factory=list)


def rows_of(path: Path, process: Process) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The header, and the rows as data for a case of this process. Raises IntakeError."""
    reader = csv.reader(io.StringIO(_text(path)), strict=True)
    try:
        header = tuple(next(reader))
    except (StopIteration, csv.Error):
        raise IntakeError(f"{path.name}: expected a first row that names the fields") from None
    fields = [_field(name, process, path) for name in header]
    twice = {f for f in fields if f and fields.count(f) > 1}
    if twice:
        raise IntakeError(f"{path.name}: two columns for {', '.join(sorted(twice))}")
    return header, _rows(reader, fields, process)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise IntakeError(f"{path}: {error.strerror}") from None
    if len(raw) > MOST_BYTES:
        raise IntakeError(f"{path.name}: {len(raw)} bytes; at most {MOST_BYTES} are taken in at once")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise IntakeError(f"{path.name}: expected text in UTF-8 or GB 18030 (a spreadsheet must be saved as CSV)")


def _field(name: str, process: Process, path: Path) -> str:
    """The field that a column is for; "" for a remark."""
    wanted = name.strip()
    if wanted.startswith(REMARK):
        return ""
    known: dict[str, str] = {}
    for field_name, kind in process.names.items():
        titles = kind.title.values() if isinstance(kind.title, Mapping) else [kind.title]
        known |= {str(title): field_name for title in titles if title}
    known |= {field_name: field_name for field_name in process.names}
    if wanted not in known:
        raise IntakeError(f"{path.name}: column {name!r} is no field of {process.name}{aside(wanted, known)}")
    return known[wanted]


def _rows(reader: Iterator[list[str]], fields: Sequence[str], process: Process) -> Iterator[Row]:
    line = 1
    while True:
        line += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, (), {}, (f"the row cannot be read: {error}",))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(fields):
            yield Row(line, tuple(cells), {}, (f"expected {len(fields)} cells, found {len(cells)}",))
            continue
        data: dict[str, Json] = {}
        problems = []
        for name, cell in zip(fields, cells, strict=True):
            if not name or not cell.strip():
                continue
            try:
                data[name] = value_of(cell.strip(), process.names[name], process.zone)
            except ValueError as error:
                problems.append(f"{name}: {error}")
        if not problems and process.validate is not None:
            problems = [f"{p.path}: {p.message.get('zh') or p.message.get('en')}" for p in process.validate(data)]
        yield Row(line, tuple(cells), data, tuple(problems))


def value_of(cell: str, kind: Type, zone: str) -> Json:
    """What a cell says, for a field of this type. Moments without an offset are the calendar's local time.

    Raises ValueError saying what was expected.
    """
    read = _READ.get(kind.kind)
    return cell if read is None else read(cell, kind, zone)


def _bool(cell: str, kind: Type, zone: str) -> bool:
    known = _YES | _NO
    if cell.lower() not in known:
        raise ValueError(f"expected 是 or 否, not {cell!r}")
    return known[cell.lower()]


def _int(cell: str, kind: Type, zone: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", cell, re.ASCII):
        raise ValueError(f"expected a whole number, not {cell!r}")
    return int(cell)


def _decimal(cell: str, kind: Type, zone: str) -> Decimal:
    plain = cell.replace(",", "").replace("，", "").removeprefix("¥").removesuffix("元")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise ValueError(f"expected an amount, not {cell!r}") from None
    if not number.is_finite():
        raise ValueError(f"expected an amount, not {cell!r}")
    return number


def _date(cell: str, kind: Type, zone: str) -> str:
    found = _DATE.fullmatch(cell)
    if found is None:
        raise ValueError(f"expected a date such as 2026-03-02, not {cell!r}")
    year, month, day = map(int, found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise ValueError(f"there is no day {cell}") from None


def _moment(cell: str, kind: Type, zone: str) -> str:
    found = _MOMENT.fullmatch(cell)
    if found is None and re.search(r"(Z|[+-]\d\d:?\d\d)$", cell):
        try:
            return datetime.fromisoformat(cell).isoformat()
        except ValueError:
            pass  # told below
    if found is None:
        raise ValueError(f"expected a date and time such as 2026-03-02 09:30, not {cell!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(zone)).isoformat()
    except ValueError:
        raise ValueError(f"there is no such moment: {cell}") from None


def _list(cell: str, kind: Type, zone: str) -> list[Json]:
    item = kind.item or Type("text")
    return [value_of(part.strip(), item, zone) for part in re.split(r"[;；、]", cell) if part.strip()]


_READ: Mapping[str, Callable[[str, Type, str], Json]] = {
    "bool": _bool, "int": _int, "decimal": _decimal, "date": _date, "datetime": _moment, "list": _list,
}  # fmt: skip


def write_refused(path: Path, taken: Taken) -> None:
    """The refused rows with line and reason, as a file that a spreadsheet opens (UTF-8 with a byte order mark)."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*taken.header, f"{REMARK}line", f"{REMARK}reason"])
        for row, reason in taken.refused:
            padded = [*row.cells, *[""] * (len(taken.header) - len(row.cells))]
            writer.writerow([*padded[: len(taken.header)], row.line, reason])


def take_in(
    path: Path, process: Process, start: Callable[[list[Row]], Iterable[str | Exception]], batch: int = 100
) -> Taken:
    """Starts a case for each good row, `batch` at a time; `start` gives each its number, or why it was refused.

    Raises IntakeError if the file as a whole cannot be read; then nothing has been started.
    """
    taken = Taken()
    taken.header, rows = rows_of(path, process)
    waiting: list[Row] = []

    def flush() -> None:
        for row, answer in zip(waiting, start(waiting), strict=True):
            if isinstance(answer, Exception):
                taken.refused.append((row, str(answer)))
            else:
                taken.started.append(answer)
        waiting.clear()

    for row in rows:
        if row.problems:
            taken.refused.append((row, "; ".join(row.problems)))
            continue
        waiting.append(row)
        if len(waiting) == batch:
            flush()
    flush()
    return taken
