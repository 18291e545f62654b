"""Versions: immutable, deployed together, in force from a moment, compiled once (R25)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.env import Env
from engine.core.flow import FLOW
from engine.core.machine import Machine
from engine.core.model import End, Node, Process
from engine.language.files import Bundle, Files
from engine.language.house import Calendar, House
from engine.language.problems import DefinitionError, Problem
from engine.language.source import read
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock, new_id
from engine.runtime.database import Database
from engine.runtime.definitions import Definitions
from engine.runtime.deploy import Outcome, deploy
from engine.runtime.errors import StoreError
from engine.runtime.runner import Runner
from engine.runtime.sources import changed
from engine.runtime.vault import Vault

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUSE = "house: insurer\nqueues: {clerks: Clerks}\ncalendars: {office: calendars/office.yaml}\n"
PAY = "process: pay\ndata: schemas/pay.yaml\nqueue: clerks\n"
CLAIMS = "process: claims\nqueue: clerks\n"
FOLDER = {
    "house.yaml": HOUSE,
    "pay.yaml": PAY,
    "claims.yaml": CLAIMS,
    "schemas/pay.yaml": "amount: money\n",
    "calendars/office.yaml": "calendar: office\n",
    "samples/other.yaml": "process: other\n",
}


class Reader:
    """As little of the language as versions need: a process names its queue and its data schema."""

    def __init__(self) -> None:
        self.compiled: list[str] = []

    def house(self, files: Files) -> House:
        value: Any = read(files.read("house.yaml"), "house.yaml").value
        calendars = {name: Calendar(file, "UTC") for name, file in value["calendars"].items()}
        return House(value["house"], queues={queue: {} for queue in value["queues"]}, calendars=calendars)

    def process(self, files: Files, path: str, house: House) -> Process:
        value: Any = read(files.read(path), path).value
        self.compiled.append(value["process"])
        if "data" in value:
            files.read(value["data"])
        if value["queue"] not in house.queues:
            raise DefinitionError([Problem("CW121", "error", path, 2, 8, f"no queue {value['queue']}")])
        return Process(
            value["process"], "", {"end": Node("end", "end", End("end"))}, "end", title={"en": value["queue"]}
        )


class Town:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = VirtualClock(BEGIN)
        self.reader = Reader()
        self.files: dict[str, str] = dict(FOLDER)
        self.definitions = self.open()
        self.cold = database.connect()

    def open(self) -> Definitions:
        return Definitions(self.database, self.reader, self.clock.now)

    def deploy(self, changes: Mapping[str, str] | None = None, **more: Any) -> Outcome:
        """A day later, the files with these changes."""
        self.clock.advance(timedelta(days=1))
        self.files.update(changes or {})
        contents = {name: text.encode() for name, text in self.files.items()}
        return deploy(self.definitions, Bundle(contents), self.clock.now(), "li", **more)

    def version(self, name: str) -> str:
        process = self.definitions.process(name)
        assert process is not None
        return process.version

    def called(self, version: str, name: str, latest: bool = False) -> str | None:
        caller = self.definitions.process("claims", version)
        assert caller is not None
        return self.definitions.called(caller, name, latest)

    def start(self, vault: Vault, name: str) -> str:
        runner = Runner(
            self.database, Machine([FLOW]), self.definitions, lambda: Env(BEGIN, versions=self.definitions), vault
        )
        now = self.clock.now()
        case = new_id(now)
        answer = runner.submit(c.Request(new_id(now), case, c.StartCase(name), "li", now))
        assert isinstance(answer, Accepted), answer
        runner.close()
        return case


@pytest.fixture
def town(database: Database) -> Iterator[Town]:
    made = Town(database)
    yield made
    made.definitions.close()
    made.cold.close()


def test_what_a_folder_holds_is_deployed(town: Town) -> None:
    assert town.definitions.process("pay") is None and town.definitions.house() == House()
    outcome = town.deploy()
    assert outcome.written and len(outcome.new) == 4
    assert [(row.kind, row.name) for row in outcome.deployed] == [
        ("house", "insurer"), ("calendar", "office"), ("process", "claims"), ("process", "pay"),
    ]  # fmt: skip
    assert {row.number for row in outcome.deployed} == {1}
    assert set(town.definitions.names()) == {"claims", "pay"}
    assert town.definitions.house().version == town.definitions.newest("house", "insurer") != ""
    bundle = town.definitions.bundle("process", "pay")
    assert bundle is not None and set(bundle.contents) == {"pay.yaml", "schemas/pay.yaml"}
    calendar = town.definitions.bundle("calendar", "office")
    assert calendar is not None and calendar.read("calendars/office.yaml") == b"calendar: office\n"


def test_the_same_files_are_the_same_versions(town: Town) -> None:
    first = town.deploy()
    again = town.deploy()
    assert not again.written and again.new == frozenset()
    assert [row.version for row in again.deployed] == [row.version for row in first.deployed]
    assert len(town.definitions.history()) == 4


@pytest.mark.parametrize("file", ["pay.yaml", "schemas/pay.yaml"])
def test_each_file_that_it_names_makes_another_version(town: Town, file: str) -> None:
    town.deploy()
    pay, claims = town.version("pay"), town.version("claims")
    outcome = town.deploy({file: FOLDER[file] + "# changed\n"})
    assert [key[:2] for key in outcome.new] == [("process", "pay")]
    assert town.version("pay") != pay and town.version("claims") == claims
    old = town.definitions.process("pay", pay)
    assert old is not None and old.version == pay


def test_a_version_is_compiled_once(town: Town) -> None:
    town.deploy()
    town.reader.compiled.clear()
    assert {id(town.definitions.process("pay")) for _ in range(3)} == {
        id(town.definitions.process("pay", town.version("pay")))
    }
    assert town.reader.compiled == ["pay"]


def test_a_deployment_may_come_into_force_later(town: Town) -> None:
    town.deploy()
    old = town.version("pay")
    town.deploy({"pay.yaml": PAY + "# 2\n"}, in_force_from=town.clock.now() + timedelta(days=9))
    assert town.version("pay") == old
    town.clock.advance(timedelta(days=9))
    new = town.version("pay")
    assert new != old
    then = town.definitions.then(BEGIN + timedelta(days=1)).process("pay")
    assert then is not None and then.version == old
    with pytest.raises(StoreError, match="before it is made"):
        town.deploy(in_force_from=BEGIN)


def test_going_back_is_another_deployment_of_the_old_version(town: Town) -> None:
    town.deploy()
    first = town.version("pay")
    town.deploy({"pay.yaml": PAY + "# 2\n"})
    outcome = town.deploy({"pay.yaml": PAY})
    assert outcome.written and outcome.new == frozenset()
    assert town.version("pay") == first
    assert [row.number for row in town.definitions.history("process", "pay")] == [1, 2, 3]


def test_calls_bind_to_what_was_deployed_with_the_caller(town: Town) -> None:
    town.deploy()
    claims, pay = town.version("claims"), town.version("pay")
    assert town.called(claims, "pay") == pay
    town.deploy({"claims.yaml": CLAIMS + "# 2\n", "pay.yaml": PAY + "# 2\n"})
    assert town.called(claims, "pay") == pay
    assert town.called(claims, "pay", latest=True) == town.version("pay") != pay
    assert town.called(town.version("claims"), "pay") == town.version("pay")
    assert town.called(claims, "nothing") is None and town.called(claims, "nothing", latest=True) is None


def test_a_caller_that_stayed_the_same_calls_what_it_was_last_deployed_with(town: Town) -> None:
    town.deploy()
    claims, pay = town.version("claims"), town.version("pay")
    first = town.clock.now()
    town.deploy({"pay.yaml": PAY + "# 2\n"})
    assert town.version("claims") == claims and town.called(claims, "pay") == town.version("pay") != pay
    caller = town.definitions.process("claims", claims)
    assert caller is not None and town.definitions.then(first).called(caller, "pay", False) == pay


def test_one_file_alone_calls_what_was_deployed_before(town: Town) -> None:
    town.deploy()
    pay = town.version("pay")
    outcome = town.deploy({"claims.yaml": CLAIMS + "# 2\n", "pay.yaml": PAY + "# 2\n"}, only=["claims.yaml"])
    assert [(row.kind, row.name) for row in outcome.deployed][2:] == [("process", "claims")]
    assert town.called(town.version("claims"), "pay") == pay == town.version("pay")


def test_every_problem_of_every_file_is_told_and_nothing_is_stored(town: Town) -> None:
    wrong = {"pay.yaml": PAY.replace("clerks", "clarks"), "claims.yaml": CLAIMS.replace("clerks", "nobody")}
    with pytest.raises(DefinitionError) as refused:
        town.deploy({**wrong, "twin.yaml": PAY})
    assert [(p.file, p.message) for p in refused.value.problems] == [
        ("claims.yaml", "no queue nobody"),
        ("pay.yaml", "no queue clarks"),
    ]
    with pytest.raises(
        DefinitionError, match=r"twin.yaml:1:1: .* a second process named 'pay'; the first is in pay.yaml"
    ):
        town.deploy({"pay.yaml": PAY, "claims.yaml": CLAIMS})
    assert town.definitions.history() == []
    assert town.cold.all("SELECT * FROM definitions") == []


def test_a_new_house_takes_effect_at_once(town: Town) -> None:
    town.deploy()
    town.version("pay")
    before = town.definitions.house().version
    town.deploy({"house.yaml": HOUSE.replace("clerks: Clerks", "clerks: Clerks, seniors: Seniors")})
    assert town.definitions.house().version != before and "seniors" in town.definitions.house().queues
    assert "seniors" not in town.definitions.then(BEGIN + timedelta(days=1)).house().queues
    town.reader.compiled.clear()
    town.version("pay")
    assert town.reader.compiled == ["pay"]


def test_a_house_that_running_cases_could_not_live_in_is_refused(town: Town, vault: Vault) -> None:
    other = {"house.yaml": HOUSE.replace("clerks", "tellers")}
    moved = {**other, "pay.yaml": PAY.replace("clerks", "tellers"), "claims.yaml": CLAIMS.replace("clerks", "tellers")}
    town.deploy()
    old = town.version("pay")
    case = town.start(vault, "pay")
    town.cold.run("UPDATE cases SET status = 'open' WHERE id = ?", (case,))
    with pytest.raises(
        DefinitionError, match=rf"pay.yaml \(version {old[:8]}, which cases still run on\).* no queue clerks"
    ):
        town.deploy(moved)
    town.cold.run("UPDATE cases SET status = 'ended' WHERE id = ?", (case,))
    town.deploy(moved)
    process = town.definitions.process("pay", old)
    assert process is not None and process.title == {"en": "clerks"}, "compiled with the house of its own time"


def test_other_programs_see_it_after_a_refresh(town: Town) -> None:
    other = town.open()
    town.deploy()
    assert other.process("pay") is None
    other.refresh()
    assert other.process("pay") is not None
    other.close()


def test_files_that_are_not_text_are_kept_as_they_are(town: Town) -> None:
    table = bytes(range(256))
    town.files["pay.yaml"] = "process: pay\nqueue: clerks\ndata: decisions/limits.xlsx\n"
    contents = {**{name: text.encode() for name, text in town.files.items()}, "decisions/limits.xlsx": table}
    deploy(town.definitions, Bundle(contents), town.clock.now(), "li")
    bundle = town.definitions.bundle("process", "pay")
    assert bundle is not None and bundle.read("decisions/limits.xlsx") == table


def test_changed_files_are_found(town: Town) -> None:
    town.deploy()
    version = town.version("pay")
    assert list(changed(town.cold)) == []
    town.cold.run("UPDATE definitions SET sources = replace(sources, 'amount', 'number') WHERE name = 'pay'")
    assert list(changed(town.cold)) == [
        f"process pay, version {version}: its stored files are not those of this version"
    ]
    fresh = town.open()
    with pytest.raises(StoreError, match="they were changed"):
        fresh.process("pay", version)
    town.cold.run("UPDATE definitions SET sources = '{' WHERE name = 'pay'")
    assert len(list(changed(town.cold))) == 1
    fresh.close()


def test_a_newer_language_is_refused(town: Town) -> None:
    town.deploy()
    version = town.version("pay")
    town.cold.run("UPDATE definitions SET sources = replace(sources, '\"language\":1', '\"language\":9')")
    fresh = town.open()
    with pytest.raises(StoreError, match="version 9 of the language"):
        fresh.process("pay", version)
    fresh.close()


def test_an_unknown_version_is_none(town: Town) -> None:
    town.deploy()
    assert town.definitions.process("pay", "0" * 32) is None
    assert town.definitions.process("nothing") is None
    assert town.definitions.bundle("process", "nothing") is None


def test_two_deployments_at_once_collide(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.deploy()
    monkeypatch.setattr("engine.runtime.deploy._NEXT", "SELECT 1")  # as if the other were not to be seen yet
    with pytest.raises(StoreError, match="Deploy again"):
        town.deploy({"pay.yaml": PAY + "# 2\n"})
    assert town.definitions.house().name == "insurer"
    assert len(town.definitions.history("process", "pay")) == 1
