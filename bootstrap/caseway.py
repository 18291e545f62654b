"""An installation that is open for work: the one object that the command line, the web and the workbench share."""

import gc
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import organisation.load
import papers.projection
import sla.projection
import tasks.likeness
import tasks.search
import tasks.tables
from bootstrap.again import decide_again
from bootstrap.ended import EndedBook
from bootstrap.filed import FiledCases
from bootstrap.home import SHIPPED, Home
from bootstrap.keeping import Keeping
from bootstrap.language import calendars, compiler, shelf, shipped_functions
from bootstrap.machine import MACHINE
from engine.core.commands import Command, Refusal, Request, StartCase, refusal
from engine.core.durations import SECONDS, Duration
from engine.core.env import Env
from engine.core.kinds import object_of
from engine.core.model import Process
from engine.core.values import normalise
from engine.language.files import Folder
from engine.language.house import House
from engine.runtime import anchors, destroyed, keys, messages
from engine.runtime.answers import Answer
from engine.runtime.batch import Also, Item, Shows
from engine.runtime.bell import Bell
from engine.runtime.cipher import CaseCipher, VaultError
from engine.runtime.clock import Clock, SystemClock, fresh_id, new_id
from engine.runtime.database import Connection, Database, open_database
from engine.runtime.definitions import Definitions
from engine.runtime.deploy import Outcome, deploy
from engine.runtime.door import unfit, unwritable
from engine.runtime.errors import StoreError
from engine.runtime.hooks import Listeners
from engine.runtime.runner import Runner
from engine.runtime.sweeper import Sweeper
from engine.runtime.vault import Vault
from engine.runtime.verify import Report, verify
from notices.channels import Channels, channels_of
from notices.delivery import Delivery, Surroundings
from notices.making import Maker
from notices.model import Kept
from notices.sending import check
from notices.store import PAGE, Documents, document, newest
from notices.wording import Words
from organisation.directory import Directory
from organisation.store import Directories, save
from papers.facts import checklist
from papers.links import Links
from papers.model import intake_of
from papers.reception import take_in
from papers.store import Store
from reports.collect import LONGEST, Collector
from reports.forecast.forecaster import Forecaster
from sla.calendar import WorkCalendar
from sla.contract import DUE_CHANGES, task_due
from tasks.capacity import counting
from tasks.executor import Executor
from tasks.heard import HEARD
from tasks.lifecycle import SYSTEM
from tasks.staffing import Staffing


class Asked(NamedTuple):
    """What somebody asks of one case. An id that was used before gets the first answer again (R5)."""

    case: str
    command: Command
    ground: str = ""
    id: str = ""
    also: Also | None = None


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
        self.filed = FiledCases(
            self.database, self.files, lambda: self.definitions.house(), self.vault, home.destroyed, self.clock
        )
        ended = EndedBook(self.database, lambda: self.definitions.house())
        self.registry = shipped_functions(home, self.filed, ended)
        self.definitions = Definitions(self.database, compiler(self.registry), self.clock.now, shelf(self.registry))
        self.directories = Directories(self.database)
        self._calendars: dict[str, Mapping[str, WorkCalendar]] = {}  # by the house's version
        self.looked: datetime | None = None
        """When this program last looked for what is due; None where it never does."""

    @cached_property
    def runner(self) -> Runner:
        # Deciding makes many small records and no cycles: looking for those less often is worth a tenth.
        gc.set_threshold(50_000, 20, 50)
        return Runner(
            self.database,
            MACHINE,
            self.definitions,
            self.env,
            self.vault,
            self.projections,
            keep=Keeping(self.definitions.house, self.later, self.clock.now),
            shows=self.shows,
            listeners=self.listeners,
            documents=self.documents,
            extras=counting,
            ring=self.bell.ring,
        )

    @cached_property
    def bell(self) -> Bell:
        """What wakes those who look for work, in this program; after `connect`, in others on this database too."""
        return Bell()

    @cached_property
    def documents(self) -> Documents:
        """What keeps notices as documents."""
        definitions = self.definitions
        return Documents(
            Maker(partial(definitions.bundle, "process"), definitions.house, definitions.process),
            self.database.dialect,
        )

    @cached_property
    def channels(self) -> Channels | None:
        """By which ways notices leave the house; None where nobody has said. Raises DefinitionError, ValueError."""
        return channels_of(self.home.folder)

    @cached_property
    def delivery(self) -> Delivery | None:
        """What delivers notices to people; None where there is no channel. Raises DefinitionError, ValueError."""
        if self.channels is None:
            return None
        check(self.channels.channels.values())
        definitions, house = self.definitions, self.definitions.house
        own = Folder(self.home.processes if self.home.processes.is_dir() else SHIPPED)
        words = Words(partial(definitions.bundle, "process"), own, lambda: house().languages)
        around = Surroundings(lambda: self.directory, lambda: self.calendars, lambda: house().languages,
                              definitions.process)  # fmt: skip
        return Delivery(self.runner, self.channels, words, around, self.clock)

    def documents_of(self, case: str, before: str = "", limit: int = PAGE) -> list[Kept]:
        """The documents of a case, newest first. Raises VaultError for a destroyed case."""
        return newest(self.connection, case, self._cipher(case), before, limit)

    def document(self, case: str, id: str) -> Kept | None:
        """A document of a case; None when there is none with this id. Raises VaultError for a destroyed case."""
        return document(self.connection, case, self._cipher(case), id)

    def _cipher(self, case: str) -> CaseCipher:
        row = self.connection.one("SELECT key FROM cases WHERE id = ?", (case,))
        return self.vault.cipher(case, row[0] if row is not None else None)

    @cached_property
    def listeners(self) -> Listeners:
        return Listeners(self.database, HEARD)

    @cached_property
    def projections(self) -> list[Any]:
        return [
            tasks.tables.projection(task_due, DUE_CHANGES),
            tasks.tables.timers(),
            tasks.tables.watchers(),
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
        return self.calendars_of(self.definitions.house())

    def calendars_of(self, house: House) -> Mapping[str, WorkCalendar]:
        """The calendars that a house names: a version holds every file that it consists of (R25)."""
        found = self._calendars.get(house.version)
        if found is None:
            bundle = self.definitions.bundle("house", house.name, house.version) if house.version else None
            found = self._calendars[house.version] = calendars(bundle, house) if bundle else {}
        return found

    @property
    def zone(self) -> str:
        """The house's time zone, in which days begin and end: that of its first calendar."""
        calendar = next(iter(self.calendars.values()), None)
        return "UTC" if calendar is None else str(calendar.zone)

    def later(self, at: datetime, length: Duration) -> datetime:
        """The moment so much later, by the house's first calendar; without one, every day is a working day."""
        calendar = next(iter(self.calendars.values()), None)
        if calendar is not None:
            return calendar.due(at, length).at
        return at + (length.span if length.unit in SECONDS else timedelta(days=int(length.amount)))

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
        self.looked = self.clock.now()
        self.staffing.run(self.directory, self.clock.now())

    def count(self) -> None:
        """Counts for reports what has come since, if that has become old: for a short while, and on from there the next
        time."""
        if self.collector.due(self.clock.now()):
            self.collector.run(self.clock.now(), LONGEST, time.monotonic)

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
    def collector(self) -> Collector:
        """What counts for reports."""
        return Collector(
            self.runner, self.vault, self.definitions, lambda: self.calendars, MACHINE.decode_events, lambda: self.zone
        )

    @cached_property
    def forecaster(self) -> Forecaster:
        """What learns the chance of a breach, and tells it."""
        return Forecaster(
            self.runner, self.vault, self.definitions, self.definitions.names, lambda: self.calendars,
            MACHINE.decode_events,
        )  # fmt: skip

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
        made = Executor(self.runner, self.registry.workers, self.vault, self.clock)
        self.bell.hear(made.wake)
        return made

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
        done = keys.destroy(self.database, case, note=lambda: self.filed.note(case, "", ""))
        self.files.forget(case)
        return done

    def retain(self) -> int:
        """Destroys again what a backup has brought back of what was destroyed; how many cases. Raises StoreError."""
        return destroyed.again(self.database, self.vault, self.home.destroyed, self.files.forget)

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
            decide=partial(decide_again, self) if deep else None,
            progress=progress,
        )

    def close(self) -> None:
        for name in (
            "delivery",
            "bell",
            "executor",
            "sweeper",
            "staffing",
            "collector",
            "forecaster",
            "runner",
            "listeners",
        ):
            if self.__dict__.get(name) is not None:
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
