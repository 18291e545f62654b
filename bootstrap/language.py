"""The language as an installation speaks it: the words of all components, its functions, its calendars."""

from collections.abc import Hashable
from dataclasses import replace

from bootstrap.home import SHIPPED, Home
from engine.language.compile import Compiler
from engine.language.files import Files
from engine.language.house import House
from engine.language.language import Language
from engine.language.source import read
from engine.runtime.definitions import Shelf
from notices.keywords import DOCUMENT_WORDS
from organisation.reading_words import READING_WORDS
from papers.keywords import PAPER_WORDS
from reports.keywords import REPORT_WORDS
from sla.calendar import WorkCalendar
from sla.calendar_files import calendar_problems, load_calendar
from sla.keywords import CLOCK_WORDS
from tasks import backups, statements
from tasks.archive import ArchiveRegister, Cases, NoCases, archive_functions
from tasks.insurance import embedded, functions
from tasks.keywords import WORK_WORDS
from tasks.likeness import LIKENESS_WORDS
from tasks.policies import policy_functions
from tasks.quality import EndedCases, NoneEnded, quality_functions
from tasks.registry import Registry
from tasks.search import SEARCH_WORDS
from tasks.underwriting import embedded_office, underwriting_functions

_SHELVES: dict[Hashable, Shelf] = {}


def shelf(registry: Registry) -> Shelf:
    """What this program has compiled by such functions, for all installations that it opens."""
    return _SHELVES.setdefault(registry.signature, Shelf())


def compiler(registry: Registry | None = None) -> Compiler:
    """The language as this installation speaks it. Without a registry, with the functions that are shipped."""
    found = registry or shipped_functions()
    return Compiler(
        Language(
            extensions=(
                WORK_WORDS,
                LIKENESS_WORDS,
                CLOCK_WORDS,
                PAPER_WORDS,
                DOCUMENT_WORDS,
                READING_WORDS,
                SEARCH_WORDS,
                REPORT_WORDS,
            ),
            functions=found.functions,
            computes=found.computes,
            services=found.services,
            calendar=calendar_problems,
        )
    )


def shipped_functions(
    home: Home | None = None, cases: Cases | None = None, ended: EndedCases | None = None
) -> Registry:
    """The insurer's functions on the embedded outside systems: those of the home, else the samples. `cases`: what the
    archive destroys when its time is over; `ended`: what samples are drawn from."""
    tables = home.systems if home is not None and home.systems.is_dir() else SHIPPED / "samples"
    register = (home.folder if home is not None else SHIPPED / "samples") / "register.db"
    office = embedded_office(tables, register)
    insurance = replace(embedded(tables, register), policies=office.book)  # claims find what underwriting issues
    found = policy_functions(office.book, underwriting_functions(office, functions(insurance)))
    statements.functions(statements.StatementTable(tables / "bank_statement.csv"), found)
    archive_functions(ArchiveRegister(tables / "archive.csv", register), cases or NoCases(), found)
    quality_functions(ended or NoneEnded(), found)
    return backups.functions(backups.BackupTable(tables / "backups.csv"), found)


def calendars(files: Files, house: House) -> dict[str, WorkCalendar]:
    """The calendars that a house names. Raises CalendarError with every problem of a file."""
    return {
        name: load_calendar(read(files.read(calendar.file), calendar.file).value)
        for name, calendar in house.calendars.items()
    }
