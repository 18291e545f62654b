"""The functions that the procedures of the archive call, and what stands behind them.

`Archive` is the register of what is filed, an outside system as those of claims are (`tasks/insurance.py`). The
embedded one takes over from a table in CSV what was filed before, keeps in an SQLite file what came since, and writes
a second file as its copy. `Cases` is where the electronic files themselves lie, the house's own cases: what is
destroyed there nobody reads again.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, TypedDict

from tasks.insurance import table_rows
from tasks.registry import BusinessError, Job, Registry


class File(NamedTuple):
    """A file as the register knows it. It is kept to the end of the day `keep_until`."""

    number: str
    title: str
    kind: str
    grade: str  # public | internal | secret
    place: str  # the shelf; "electronic" where there is no paper
    keep_until: date


class Use(TypedDict):
    """One use of a file (D-5.4)."""

    at: datetime
    by: str
    why: str
    what: str


class Archive(Protocol):
    def find(self, number: str) -> File | None:
        """The file of that number; None if there is none, or none any more."""

    def enter(self, file: File) -> None:
        """Enters a file, or what is known of it now."""

    def copy(self, number: str) -> bool:
        """Copies a file's entry to the second place; whether both are now the same."""

    def lend(self, number: str, to: str) -> str:
        """Lends a file, unless somebody has it; who has it now."""

    def give_back(self, number: str, by: str) -> None:
        """Notes that a file is back from that reader, who holds it no longer."""

    def log(self, number: str, by: str, uses: list[Use], until: date) -> None:
        """Notes how that reader has used a file, each use once; the log is kept to the day `until`."""

    def hold(self, number: str, by: str, held: bool) -> None:
        """While somebody holds a file it is not destroyed. What is not filed yet may be held, too."""

    def holders(self, number: str) -> list[str]:
        """Who holds a file, or has it on loan."""

    def due(self, on: date) -> Iterator[File]:
        """The files whose time was over before that day, those of longest ago first."""

    def look_at(self, on: date, most: int) -> list[File]:
        """So many files that have not been looked at for the longest; from then on they have been, on that day."""

    def strike(self, number: str, on: date, by: str) -> None:
        """Notes that a file has been destroyed, on which day and by which decision. Its entry stays."""

    def struck_by(self, number: str) -> str:
        """By which decision a file was destroyed; "" if it was not."""


class Held(Exception):
    """The case may not be destroyed: it is under a legal hold. `str()` says why."""


class StillOpen(Exception):
    """The case may not be destroyed: it has not ended, or not long enough ago."""


class Cases(Protocol):
    def held(self, number: str, on: date) -> bool:
        """Whether the case of that number is to be kept on that day: it is under a legal hold, has not ended, or the
        house keeps it for longer."""

    def due(self, on: date) -> Iterator[File]:
        """The cases that ended so long before that day that the house keeps them no longer, those of longest ago
        first; but not what is under a legal hold or belongs to a case that is open."""

    def cancelled(self, number: str) -> bool:
        """Whether the case of that number was cancelled, so that it gives back nothing any more."""

    def destroy(self, number: str, on: date, by: str) -> bool:
        """Destroys a case for good, once, on that day and by that decision; False if there never was one of that
        number. Raises Held, StillOpen."""


class NoCases:
    """Where there is no installation: no file is a case."""

    def held(self, number: str, on: date) -> bool:
        return False

    def due(self, on: date) -> Iterator[File]:
        return iter(())

    def cancelled(self, number: str) -> bool:
        return False

    def destroy(self, number: str, on: date, by: str) -> bool:
        return False


# --- the embedded register --------------------------------------------------------------------------------

_TABLES = (
    "CREATE TABLE IF NOT EXISTS files (number TEXT PRIMARY KEY, title TEXT, kind TEXT, grade TEXT, place TEXT,"
    " keep_until TEXT, reader TEXT, looked_at TEXT, destroyed TEXT, decision TEXT)",
    "CREATE TABLE IF NOT EXISTS holds (number TEXT, by TEXT, UNIQUE (number, by))",
    "CREATE TABLE IF NOT EXISTS uses (number TEXT, reader TEXT, at TEXT, by TEXT, why TEXT, what TEXT, log_until TEXT,"
    " UNIQUE (number, reader, at, by, what))",
)
_FIELDS = "number, title, kind, grade, place, keep_until"
_ENTER = (
    f"INSERT INTO files ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET"
    " title = excluded.title, kind = excluded.kind, grade = excluded.grade, place = excluded.place,"
    " keep_until = excluded.keep_until WHERE destroyed IS NULL"
)
_THERE = f"SELECT {_FIELDS} FROM files WHERE destroyed IS NULL"


class ArchiveRegister:
    """What was filed before, from the table; what has been filed since, in an SQLite file beside its copy. Without
    the table nothing was filed before. Raises ValueError naming the line of a row that cannot be read."""

    def __init__(self, table: Path, path: Path) -> None:
        self._path = path
        self._before = [_row(table.name, line, row) for line, row in table_rows(table)] if table.exists() else []
        self._taken_over = False

    def find(self, number: str) -> File | None:
        return next(iter(self._files("AND number = ?", number)), None)

    def enter(self, file: File) -> None:
        with self._open() as register:
            register.execute(_ENTER, (*file[:-1], file.keep_until.isoformat()))

    def copy(self, number: str) -> bool:
        file = self.find(number)
        if file is None:
            return False
        with _opened(self._path.with_name("archive_copy.db")) as copy:
            copy.execute(_ENTER, (*file[:-1], file.keep_until.isoformat()))
            found = copy.execute(f"{_THERE} AND number = ?", (number,)).fetchone()
        return found is not None and _file(found) == file

    def lend(self, number: str, to: str) -> str:
        with self._open() as register:
            register.execute("UPDATE files SET reader = ? WHERE number = ? AND reader IS NULL", (to, number))
            found = register.execute("SELECT reader FROM files WHERE number = ?", (number,)).fetchone()
        return str(found[0]) if found else ""

    def give_back(self, number: str, by: str) -> None:
        with self._open() as register:
            register.execute("UPDATE files SET reader = NULL WHERE number = ? AND reader = ?", (number, by))
            register.execute("DELETE FROM holds WHERE number = ? AND by = ?", (number, by))

    def log(self, number: str, by: str, uses: list[Use], until: date) -> None:
        with self._open() as register:
            register.executemany(
                "INSERT OR IGNORE INTO uses VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, by, use["at"].isoformat(), use["by"], use["why"], use["what"], until.isoformat())
                    for use in uses
                ],
            )

    def hold(self, number: str, by: str, held: bool) -> None:
        said = "INSERT OR IGNORE INTO holds VALUES (?, ?)" if held else "DELETE FROM holds WHERE number = ? AND by = ?"
        with self._open() as register:
            register.execute(said, (number, by))

    def holders(self, number: str) -> list[str]:
        with self._open() as register:
            found = register.execute(
                "SELECT by FROM holds WHERE number = ?1 UNION SELECT reader FROM files"
                " WHERE number = ?1 AND reader IS NOT NULL ORDER BY 1",
                (number,),
            )
            return [row[0] for row in found]

    def due(self, on: date) -> Iterator[File]:
        yield from self._files("AND keep_until < ? ORDER BY keep_until, number", on.isoformat())

    def look_at(self, on: date, most: int) -> list[File]:
        found = self._files("ORDER BY looked_at, number LIMIT ?", most)
        with self._open() as register:
            register.executemany(
                "UPDATE files SET looked_at = ? WHERE number = ?", [(on.isoformat(), file.number) for file in found]
            )
        return found

    def strike(self, number: str, on: date, by: str) -> None:
        # The entry stays, with nothing of what the file was about.
        gone = "UPDATE files SET title = '', destroyed = ?, decision = ? WHERE number = ? AND destroyed IS NULL"
        with self._open() as register:
            register.execute(gone, (on.isoformat(), by, number))
        with _opened(self._path.with_name("archive_copy.db")) as copy:
            copy.execute(gone, (on.isoformat(), by, number))

    def struck_by(self, number: str) -> str:
        with self._open() as register:
            found = register.execute("SELECT decision FROM files WHERE number = ?", (number,)).fetchone()
        return str(found[0] or "") if found else ""

    def _files(self, where: str, *values: str | int) -> list[File]:
        with self._open() as register:
            return [_file(row) for row in register.execute(f"{_THERE} {where}", values)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with _opened(self._path) as register:
            if not self._taken_over:
                register.executemany(
                    f"INSERT OR IGNORE INTO files ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?)",
                    [(*file[:-1], file.keep_until.isoformat()) for file in self._before],
                )
                self._taken_over = True
            yield register


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=10)) as register, register:
        register.execute("PRAGMA secure_delete = ON")  # of what was struck nothing is left in the file
        for table in _TABLES:
            register.execute(table)
        yield register


def _file(row: tuple[str, ...]) -> File:
    return File(row[0], row[1], row[2], row[3], row[4], date.fromisoformat(row[5]))


def _row(table: str, line: int, row: dict[str, str]) -> File:
    try:
        return _file(tuple(row[name] for name in File._fields))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{table}:{line}: {error}") from None


# --- what the processes call ------------------------------------------------------------------------------

MOST = 200
"""Files that one round looks at; what is left waits for the next."""


class Found(TypedDict):
    title: str
    kind: str
    grade: str
    place: str
    keep_until: date


class Entry(TypedDict):
    number: str
    title: str
    kind: str
    place: str
    keep_until: date


class Entries(TypedDict):
    files: list[Entry]
    count: int


class Copied(TypedDict):
    copied: bool


class Loan(TypedDict):
    lent: bool
    reader: str


class Destroyed(TypedDict):
    electronic: bool


def years_later(day: date, years: int) -> date:
    """The day so many years later; of a 29 February the last of that February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


def archive_functions(archive: Archive, cases: Cases, registry: Registry) -> Registry:
    """Adds the functions of the archive, on that register and those cases, to a registry."""
    registry.pure()(years_later)

    def kept(number: str) -> bool:
        """Whether anybody holds a file or has it on loan; what a case held that was cancelled counts no longer."""
        return any(not cases.cancelled(holder) for holder in archive.holders(number))

    @registry.worker()
    def file_away(job: Job, file_number: str, title: str, kind: str, grade: str, place: str, keep_until: date) -> None:
        """Enters a file in the register (A-1.6, D-7.1); once more changes nothing."""
        archive.enter(File(file_number, title, kind, grade, place, keep_until))

    @registry.worker()
    def copy_file(job: Job, file_number: str) -> Copied:
        """Copies the entry of a file to the second place and compares them (D-7.2)."""
        return {"copied": archive.copy(file_number)}

    @registry.worker()
    def find_file(job: Job, file_number: str) -> Found:
        """What the register knows of a file."""
        file = archive.find(file_number)
        if file is None:
            raise BusinessError("file_unknown", f"there is no file {file_number}")
        return {
            "title": file.title, "kind": file.kind, "grade": file.grade, "place": file.place,
            "keep_until": file.keep_until,
        }  # fmt: skip

    @registry.worker()
    def lend_file(job: Job, file_number: str) -> Loan:
        """Lends a file to this case, unless another has it (C-7.4)."""
        reader = archive.lend(file_number, job.number)
        if reader and reader != job.number and cases.cancelled(reader):
            archive.give_back(file_number, reader)
            reader = archive.lend(file_number, job.number)
        return {"lent": reader == job.number, "reader": reader}

    @registry.worker()
    def return_file(job: Job, file_number: str, uses: list[Use], log_until: date, lost: bool | None = None) -> None:
        """Notes the log of its use (D-5.4), and that the file is back; one that was lost stays out."""
        archive.log(file_number, job.number, uses, log_until)
        if not lost:
            archive.give_back(file_number, job.number)

    @registry.worker()
    def hold_file(job: Job, file_number: str | None, held: bool) -> None:
        """While a case holds a file it is not destroyed (C-7.1); without a number there is none to hold."""
        if file_number:
            archive.hold(file_number, job.number, held)

    @registry.worker()
    def files_due(job: Job, on: date) -> Entries:
        """The files whose time is over and that nothing keeps: those of longest ago. What was never filed is entered
        first, so that all that goes, goes by the register."""
        for file in islice((file for file in cases.due(on) if archive.find(file.number) is None), MOST):
            archive.enter(file)
        due = (file for file in archive.due(on) if not kept(file.number) and not cases.held(file.number, on))
        return _entries(list(islice(due, MOST)))

    @registry.worker()
    def files_to_check(job: Job, on: date, most: int) -> Entries:
        """The files that have not been looked at for the longest (A-1.6)."""
        return _entries(archive.look_at(on, min(most, MOST)))

    @registry.worker()
    def keep_longer(job: Job, file_number: str, keep_until: date) -> None:
        """Keeps a file to a later day; never to an earlier one."""
        file = archive.find(file_number)
        if file is not None and file.keep_until < keep_until:
            archive.enter(file._replace(keep_until=keep_until))

    @registry.worker()
    def destroy_file(job: Job, file_number: str, on: date) -> Destroyed:
        """Destroys a file for good, unless something keeps it (D-6.1): the case with its key, if it is one of ours."""
        file = archive.find(file_number)
        if file is None and archive.struck_by(file_number) != job.number:
            raise BusinessError("file_kept", f"there is no file {file_number} any more")
        if file is not None and (file.keep_until >= on or kept(file_number)):
            raise BusinessError("file_kept", f"{file_number} is to be kept")
        try:
            electronic = cases.destroy(file_number, on, job.number)
        except (Held, StillOpen) as error:
            raise BusinessError("file_kept", str(error)) from error
        archive.strike(file_number, on, job.number)
        return {"electronic": electronic}

    return registry


def _entries(files: list[File]) -> Entries:
    listed: list[Entry] = [
        {
            "number": file.number, "title": file.title, "kind": file.kind, "place": file.place,
            "keep_until": file.keep_until,
        }
        for file in files
    ]  # fmt: skip
    return {"files": listed, "count": len(listed)}
