"""Puts the components together: one `Caseway` is an installation that is open for work.

An installation is a folder: the database (or the URL of one), the key file, the anchors, the processes as copied
by `caseway init`, and the tables of the embedded outside systems.
"""

import gc
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from msgspec import structs

import organisation.load
import papers.projection
import sla.projection
import tasks.likeness
import tasks.search
import tasks.tables
from engine.core.commands import Command, Refusal, Request, StartCase, refusal
from engine.core.env import Env
from engine.core.events import CaseStarted
from engine.core.flow import FLOW
from engine.core.kinds import object_of
from engine.core.machine import Machine
from engine.core.model import Process
from engine.core.values import normalise
from engine.language.compile import Compiler
from engine.language.files import Files, Folder
from engine.language.house import House
from engine.language.language import Language
from engine.language.source import read
from engine.runtime import anchors, keys, messages, schema
from engine.runtime.answers import Answer
from engine.runtime.batch import Also, Item, Shows
from engine.runtime.cipher import VaultError
from engine.runtime.clock import Clock, SystemClock, fresh_id, new_id
from engine.runtime.database import Connection, Database, open_database
from engine.runtime.definitions import Definitions
from engine.runtime.deploy import Outcome, deploy
from engine.runtime.door import unfit, unwritable
from engine.runtime.errors import StoreError
from engine.runtime.history import HistoryRow
from engine.runtime.hooks import Listeners
from engine.runtime.runner import Runner
from engine.runtime.sweeper import Sweeper
from engine.runtime.tables import moment
from engine.runtime.vault import Vault
from engine.runtime.verify import Report, verify
from organisation.directory import Directory
from organisation.reading_words import READING_WORDS
from organisation.store import Directories, save
from papers.facts import checklist
from papers.keywords import PAPER_WORDS
from papers.links import Links
from papers.model import intake_of
from papers.reception import take_in
from papers.slice import PAPERS
from papers.store import Store
from sla.calendar import WorkCalendar
from sla.calendar_files import calendar_problems, load_calendar
from sla.clock import CLOCKS
from sla.contract import DUE_CHANGES, task_due
from sla.keywords import CLOCK_WORDS
from tasks.capacity import counting, recorded
from tasks.executor import Executor
from tasks.heard import HEARD
from tasks.insurance import embedded, functions
from tasks.keywords import WORK_WORDS
from tasks.lifecycle import SYSTEM
from tasks.likeness import LIKENESS_WORDS
from tasks.registry import Registry
from tasks.search import SEARCH_WORDS
from tasks.staffing import Staffing
from tasks.work import WORK

SHIPPED = Path(__file__).parent / "processes"
"""The processes that come with the product; `init` copies them."""

MACHINE = Machine([FLOW, WORK, CLOCKS, PAPERS])
"""A case: its flow, the work of people on it, its clocks, its papers."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where an installation keeps its things."""

    folder: Path
    url: str = ""  # of the database; "" is the file in the folder

    @property
    def database(self) -> str:
        return self.url or str(self.folder / "caseway.db")

    @property
    def key(self) -> Path:
        return self.folder / "caseway.key"

    @property
    def anchors(self) -> Path:
        return self.folder / anchors.FILE

    @property
    def processes(self) -> Path:
        return self.folder / "processes"

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def systems(self) -> Path:
        return self.folder / "systems"


class Asked(NamedTuple):
    """What somebody asks of one case. An id that was used before gets the first answer again (R5)."""

    case: str
    command: Command
    ground: str = ""
    id: str = ""
    also: Also | None = None


def compiler(registry: Registry | None = None) -> Compiler:
    """The language as this installation speaks it. Without a registry, with the functions that are shipped."""
    found = registry or shipped_functions()
    return Compiler(
        Language(
            extensions=(WORK_WORDS, LIKENESS_WORDS, CLOCK_WORDS, PAPER_WORDS, READING_WORDS, SEARCH_WORDS),
            functions=found.functions,
            computes=found.computes,
            services=found.services,
            calendar=calendar_problems,
        )
    )


def shipped_functions(home: Home | None = None) -> Registry:
    """The insurer's functions on the embedded outside systems: those of the home, else the samples."""
    tables = home.systems if home is not None and home.systems.is_dir() else SHIPPED / "samples"
    register = (home.folder if home is not None else SHIPPED / "samples") / "register.db"
    return functions(embedded(tables, register))


def calendars(files: Files, house: House) -> dict[str, WorkCalendar]:
    """The calendars that a house names. Raises CalendarError with every problem of a file."""
    return {
        name: load_calendar(read(files.read(calendar.file), calendar.file).value)
        for name, calendar in house.calendars.items()
    }


class Caseway:
    """An installation, open: what the command line, the web and the workbench work with."""

    def __init__(self, home: Home, clock: Clock | None = None, *, unsafe: bool = False, check: bool = True) -> None:
        self.home = home
        self.clock = clock or SystemClock()
        self.vault = Vault.load(home.key)
        self.database: Database = open_database(home.database, unsafe, check)
        self.connection: Connection = self.database.connect()  # for reading, by one thread
        try:
            keys.check(self.connection, self.vault)
        except VaultError:
            self.connection.close()
            self.database.close()
            raise
        self.registry = shipped_functions(home)
        self.definitions = Definitions(self.database, compiler(self.registry), self.clock.now)
        self.directories = Directories(self.database)
        self._calendars: dict[str, Mapping[str, WorkCalendar]] = {}  # by the house's version

    @cached_property
    def runner(self) -> Runner:
        # Deciding makes many small records and no cycles: looking for those less often is worth a tenth.
        gc.set_threshold(50_000, 20, 50)
        house = self.definitions.house()
        calendar = next(iter(self.calendars.values()), None)
        keep = {
            name: (calendar.due(self.clock.now(), message.keep).at - self.clock.now())
            for name, message in house.messages.items()
            if calendar is not None
        }
        return Runner(
            self.database,
            MACHINE,
            self.definitions,
            self.env,
            self.vault,
            self.projections,
            keep=keep,
            shows=self.shows,
            listeners=self.listeners,
            extras=counting,
        )

    @cached_property
    def listeners(self) -> Listeners:
        return Listeners(self.database, HEARD)

    @cached_property
    def projections(self) -> list[Any]:
        return [
            tasks.tables.projection(task_due, DUE_CHANGES),
            tasks.tables.timers(),
            tasks.likeness.projection(),
            tasks.search.projection(self.definitions),
            *sla.projection.projections(self.definitions),
            papers.projection.attachments(),
        ]

    @property
    def shows(self) -> Shows:
        """What components fill into the row of a case: who owns it, what it is about."""

        def about(state: Any) -> str | None:
            process = self.definitions.process(state.flow.process, state.flow.version)
            return tasks.search.about(process, state.flow.data) or None if process is not None else None

        return {"owner": _owner, "search": about}

    def env(self) -> Env:
        """What deciding may look at, as it stands now."""
        return Env(
            now=self.clock.now(),
            calendars=self.calendars,
            directory=self.directories.current,
            versions=self.definitions,
            names={"owner": _owner, "checklist": checklist(self.definitions)},
            extras=counting(self.connection, dict),
        )

    @property
    def calendars(self) -> Mapping[str, WorkCalendar]:
        """The calendars of the house in force."""
        return self._calendars_of(self.definitions.house())

    def _calendars_of(self, house: House) -> Mapping[str, WorkCalendar]:
        """The calendars that a house names: a version holds every file that it consists of (R25)."""
        found = self._calendars.get(house.version)
        if found is None:
            bundle = self.definitions.bundle("house", house.name, house.version) if house.version else None
            found = self._calendars[house.version] = calendars(bundle, house) if bundle else {}
        return found

    @property
    def directory(self) -> Directory:
        """The organisation; an empty one before any was loaded."""
        return self.directories.current or Directory({}, {}, {}, ())

    def ask(
        self, case: str, command: Command, actor: str, *, ground: str = "", id: str = "", also: Also | None = None
    ) -> Answer:
        """The answer to a command, once it is durable. `also`: see `engine.runtime.batch.Item`."""
        item = self._let_in(Asked(case, command, ground, id, also), actor, self.clock.now())
        return item if isinstance(item, Refusal) else self.runner.submit_items([item])[0]

    def ask_many(self, asked: Iterable[Asked], actor: str) -> list[Answer]:
        """The answers to several commands in order, all in one transaction if that can be written."""
        now = self.clock.now()
        items = [self._let_in(one, actor, now) for one in asked]
        answers = iter(self.runner.submit_items([item for item in items if isinstance(item, Item)]))
        return [item if isinstance(item, Refusal) else next(answers) for item in items]

    def _let_in(self, asked: Asked, actor: str, now: datetime) -> Item | Refusal:
        """A command on its way to its case; why not, if the door does not let it in. That is kept, too (R3), unless
        it is a name that no store can hold."""
        case, command, ground, id, also = asked
        refused = unfit({"id": id, "case": case, "actor": actor, "ground": ground})
        if refused is not None:
            return refused
        request = Request(id or fresh_id(now), case, command, actor, now, ground)
        refused = unwritable(command)
        if refused is not None:
            self.runner.note_refused(request, refused)
        return refused or Item(request, also)

    def start(self, command: StartCase, actor: str, *, ground: str = "", id: str = "") -> Answer:
        """Starts a case. One that was given an id goes by it, so that a repeat starts no second one."""
        return self.ask(id or new_id(self.clock.now()), command, actor, ground=ground, id=id)

    def attach(
        self, case: str, name: str, content: BinaryIO, actor: str, *, paper: str = "", ground: str = "", id: str = ""
    ) -> Answer:
        """Takes in a file for a case. Raises papers.media.NotTaken, OSError; VaultError for a destroyed case."""
        row = self.connection.one("SELECT key FROM cases WHERE id = ?", (case,))
        if row is None:
            return refusal("unknown", f"没有案件 {case}", f"there is no case {case}")

        def ask(command: Command) -> Answer:
            return self.ask(case, command, actor, ground=ground, id=id)

        cipher, intake = self.vault.cipher(case, row[0]), intake_of(self.definitions.house())
        return take_in(self.files, intake, case, cipher, name, content, paper, ask)

    # --- what comes in and what is due ------------------------------------------------------------

    def receive(self, id: str, name: str, key: str, payload: dict[str, Any], sender: str) -> Refusal | None:
        """Takes in a message from outside; why not, if it is refused. `sender`: a user, or "customer" (R22)."""
        house = self.definitions.house()
        if name in house.messages:
            by = house.messages[name].by
            known = {"customer"} if sender == "customer" else self._standing(sender)
            if known.isdisjoint(by):
                en = f"{sender} may not send {name}: expected {', '.join(by) or 'processes only'}"
                return refusal("sender", f"{sender} 无权发送消息 {name}", en)
            wrong = house.messages[name].check(payload)
            if wrong:
                fields = {problem.path: dict(problem.message) for problem in wrong}
                zh, en = ("; ".join(f"{path}: {said[each]}" for path, said in fields.items()) for each in ("zh", "en"))
                return refusal("payload", f"消息 {name}：{zh}", f"message {name}: {en}", fields)
            payload = normalise(payload, object_of(house.messages[name].data))
        return messages.receive(self.runner, id, name, key, payload, sender, self.clock.now())

    def _standing(self, user: str) -> set[str]:
        """As what a user may send messages: staff, and by role; nothing for whoever is not in service."""
        directory = self.directory
        if not directory.active(user, directory.today(self.clock.now())):
            return set()
        return {"staff", *(f"role.{role}" for role in directory.roles(user))}

    def sweep(self) -> None:
        """Does all that is due now: timers, messages, commands between cases, periodic starts, work to be given out."""
        self.sweeper.run_once(self.clock.now())
        self.staffing.run(self.directory, self.clock.now())

    def work(self) -> int:
        """Serves the jobs that are due now, in this thread; how many tries."""
        return self.executor.drain(self.clock.now())

    def refresh(self) -> None:
        """Takes in what other programs have deployed or loaded since. Whoever has lost its connection finds it again
        by trying, so that one who has does not keep the others from trying. Raises StoreError."""
        self.vault.refresh()
        failed: list[StoreError] = []
        for part in (self.definitions, self.directories, self.listeners):
            try:
                part.refresh()
            except StoreError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    @cached_property
    def files(self) -> Store:
        """The files of cases."""
        return Store(self.home.files)

    @cached_property
    def links(self) -> Links:
        """The links of customers."""
        return Links(self.vault)

    @cached_property
    def staffing(self) -> Staffing:
        def ask(case: str, command: Command) -> Answer:
            return self.ask(case, command, SYSTEM, ground="organisation")

        return Staffing(self.runner, ask, MACHINE.decode)

    @cached_property
    def sweeper(self) -> Sweeper:
        def processes() -> list[Process]:
            found = (self.definitions.process(name) for name in self.definitions.names())
            return [process for process in found if process is not None]

        return Sweeper(self.runner, processes, lambda: self.calendars, f"sweeper-{new_id(self.clock.now())}")

    @cached_property
    def executor(self) -> Executor:
        return Executor(self.runner, self.registry.workers, self.vault, self.clock)

    # --- upkeep -----------------------------------------------------------------------------------

    def deploy(self, folder: Path, by: str, only: Collection[str] = ()) -> Outcome:
        """Stores what a folder defines and puts it in force. Raises DefinitionError, StoreError."""
        return deploy(self.definitions, Folder(folder), self.clock.now(), by, only=only)

    def load_organisation(self, file: Path, by: str) -> int:
        """Takes in the organisation as its next revision, and returns it. Raises DefinitionError, OSError."""
        house = self.definitions.house()
        document, _ = organisation.load.load(file.read_bytes(), file.name, house if house.name else None)
        assert isinstance(document.value, dict)  # the check has seen to it
        value = document.value
        now = self.clock.now()
        revision = self.runner.write(lambda connection: save(connection, value, by, now))
        self.directories.refresh()
        self.staffing.run(self.directory, now)
        return revision

    def destroy(self, case: str) -> bool:
        """Destroys a case and its files for good (R13); False when there is no such case. Raises OnHold."""
        done = keys.destroy(self.database, case)
        self.files.forget(case)
        return done

    def anchor(self) -> None:
        """Notes the heads of all cases outside the database (R13); daily, or whenever it is asked for."""
        anchors.anchor(self.database, self.vault, self.home.anchors, self.clock.now())

    def verify(self, deep: bool = False, progress: Callable[[int, int], None] | None = None) -> Report:
        """Proves that history is whole and that state and rows follow from it."""
        return verify(
            self.database,
            self.vault,
            MACHINE,
            self.definitions,
            self.projections,
            self.home.anchors,
            shows=self.shows,
            decide=self._decide_again if deep else None,
            progress=progress,
        )

    def _decide_again(self, row: HistoryRow, state: Any) -> bytes:
        """The events that a stored command yields when it is decided again, as it was then."""
        command = MACHINE.decode_command(row.command)
        at = moment(row.at)
        then = self.definitions.then(at)
        version = state.flow.version or getattr(command, "version", "")
        name = state.flow.process or getattr(command, "process", "")
        process = then.process(name, version)
        if process is None:
            raise LookupError(f"{name} {version} is not deployed here")
        events = MACHINE.decode_events(row.events)
        number = next((e.number for e in events if isinstance(e, CaseStarted)), "")
        key = self.connection.one("SELECT key FROM cases WHERE id = ?", (row.case,))[0]
        env = structs.replace(
            self.env(),
            now=at,
            versions=then,
            calendars=self._calendars_of(then.house()),
            directory=self.directories.then(at),
            sealer=self.vault.cipher(row.case, key).sealer,
            number=lambda _: number,
            extras=recorded(events),
        )
        answer = MACHINE.decide(
            process, state, Request(row.command_id, row.case, command, row.actor, at, row.ground), env
        )
        return MACHINE.encode(answer if isinstance(answer, list) else [])

    def close(self) -> None:
        for name in ("executor", "sweeper", "staffing", "runner", "listeners"):
            if name in self.__dict__:
                self.__dict__[name].close()
        self.connection.close()
        self.definitions.close()
        self.directories.close()
        self.database.close()

    def __enter__(self) -> "Caseway":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _owner(state: Any) -> str | None:
    found: str | None = state.work.owner or None
    return found


def create(home: Home) -> Vault:
    """Makes an installation in a folder: key file, database, the shipped processes. What is there stays.

    Raises StoreError or VaultError. A database without its key is not given a new one: that would only hide
    that its cases cannot be read any more.
    """
    home.folder.mkdir(parents=True, exist_ok=True)
    database = open_database(home.database, check=False)
    try:
        schema.upgrade(database.engine)
        vault = _keys(home, database)
    finally:
        database.close()
    if not home.processes.exists():
        ignore = shutil.ignore_patterns("__pycache__", "*.py", "*.db")
        shutil.copytree(SHIPPED, home.processes, ignore=ignore)
    if not home.systems.exists():
        home.systems.mkdir()
        for name in ("policies.csv", "sanctions.csv"):
            shutil.copy(SHIPPED / "samples" / name, home.systems / name)
    return vault


def _keys(home: Home, database: Database) -> Vault:
    """The key file that goes with a database, made with it."""
    connection = database.connect()
    try:
        if not home.key.exists() and keys.installation(connection):
            raise VaultError(f"The database is there, but its key file {home.key} is not. Restore it from the backup.")
        vault = Vault.load(home.key) if home.key.exists() else Vault.create(home.key)
        keys.own(connection, vault)
        return vault
    finally:
        connection.close()


def shipped() -> Folder:
    """The processes that come with the product, as files."""
    return Folder(SHIPPED)
