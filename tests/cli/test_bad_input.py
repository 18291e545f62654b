"""Bad input at the command line: every piece of it ends in words and changes nothing."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bootstrap import Caseway, Home, create
from cli import app as program
from engine.core.commands import CancelCase, StartCase
from engine.runtime.answers import Accepted
from tests.support.branch import settle_in

ORDER = {"who": "Li Si", "kind": "plain"}
DEEP = 100_000


class Desk:
    """A terminal at a branch, with a case that waits, and one that has been cancelled."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home")
        self.folder = folder
        create(self.home)
        with Caseway(self.home) as app:
            settle_in(app)
            self.number, self.gone = (self._started(app) for _ in range(2))
            row = app.connection.one("SELECT id FROM cases WHERE number = ?", (self.gone,))
            app.ask(row[0], CancelCase("twice"), "sun")
            self.task = app.connection.one("SELECT min(id) FROM tasks WHERE number = ?", (self.number,))[0]

    def _started(self, app: Caseway) -> str:
        answer = app.start(StartCase("order", dict(ORDER)), "li")
        assert isinstance(answer, Accepted), answer
        return answer.number

    def run(self, *words: str, user: str = "li") -> Result:
        found = CliRunner().invoke(
            program, [*words, "--home", str(self.home.folder), *(["--as", user] if user else [])]
        )
        assert found.exception is None or isinstance(found.exception, SystemExit), (words, found.exception)
        assert "Traceback" not in found.output
        return found

    def refused(self, *words: str, user: str = "li") -> str:
        """What is said to input that must not be taken, and must change nothing."""
        before = self.kept()
        found = self.run(*words, user=user)
        assert found.exit_code in (1, 2), (words, found.exit_code, found.output[:500])
        assert self.kept() == before, words
        assert len(found.output.strip()) > 10 and len(found.output) < 20_000, len(found.output)
        return found.output

    def kept(self) -> list[int]:
        tables = ("cases", "history", "tasks", "messages", "counters", "definitions", "deployments", "directories")
        with Caseway(self.home) as app:
            return [app.connection.one(f"SELECT count(*) FROM {table}")[0] for table in tables]

    def file(self, name: str, content: bytes | str) -> str:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("desk"))
    yield made
    with Caseway(made.home) as app:
        report = app.verify(deep=True)
        assert report.clean, report.findings


def order(**more: object) -> str:
    return json.dumps({**ORDER, **more})


DATA = {
    "no JSON": ("{", "expected JSON"),
    "a list": ("[1]", "JSON object"),
    "NaN": ('{"who": "x", "kind": "plain", "amount": NaN}', "expected JSON"),
    "infinity": ('{"who": "x", "kind": "plain", "amount": Infinity}', "expected JSON"),
    "half a letter": ('{"who": "\\ud800", "kind": "plain"}', "expected JSON"),
    "a zero character": (order(who="a\0b"), "who"),
    "nesting without end": ('{"who": ' + "[" * DEEP + "]" * DEEP + "}", "expected JSON"),
    "an amount beyond all bounds": ('{"who": "x", "kind": "plain", "amount": 1e400}', "amount"),
    "an amount with an exponent beyond reason": ('{"who": "x", "kind": "plain", "amount": 1e999999999}', "amount"),
    "thousandths of money": ('{"who": "x", "kind": "plain", "amount": 1.005}', "amount"),
    "money as a word": (order(amount="much"), "amount"),
    "money as true": (order(amount=True), "amount"),
    "less than nothing": (order(amount=-1), "amount"),
    "a number for a name": (order(who=5), "who"),
    "nothing for a name": (order(who=None), "who"),
    "an empty name": (order(who=""), "who"),
    "a name of a million letters": (order(who="x" * 1_000_000), "who"),
    "an object for a name": (order(who={"first": "Li"}), "who"),
    "a choice that there is not": (order(kind="odd"), "kind"),
    "an integer of 5000 digits": ('{"who": "x", "kind": "plain", "policy": ' + "9" * 5000 + "}", "out of range"),
    "no list": (order(papers="id"), "papers"),
    "a list of the wrong things": (order(papers=[1, {}]), "papers"),
    "too many": (order(papers=["x"] * 50), "papers"),
    "no day": (order(loss_date="2026-02-30"), "loss_date"),
    "a moment before the calendar": (order(due_on="0001-01-01T00:00:00+14:00"), "due_on"),
    "a moment after the calendar": (order(due_on="9999-12-31T23:59:59-14:00"), "due_on"),
    "a moment without a zone": (order(due_on="2026-03-02T09:00:00"), "due_on"),
    "a field that there is not": (order(unheard_of=1), "unheard_of"),
    "a field of another step": (order(score=7, listed=True), "score|listed"),
    "a field with an odd name": (order(**{"who.first": "x", "__class__": "y", "": "z"}), "who.first|__class__"),
}  # fmt: skip


@pytest.mark.parametrize("what", DATA)
def test_data_that_cannot_be_taken(desk: Desk, what: str) -> None:
    data, says = DATA[what]
    assert re.search(says, desk.refused("start", "order", "--data", data))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["who"], "path=value"),
        (["=x"], "path=value"),
        (["who=\udcff", "kind=plain"], "who"),
        (["who=x", "kind=plain", "amount=1,2.3.4"], "amount"),
        (["who=x", "kind=plain", "amount=NaN"], "amount"),
        (["who=x", "kind=plain", "papers=[1"], "papers"),
        (["who=x", "kind=plain", "papers=" + "[" * DEEP], "papers"),
        (["who=x", "kind=plain", "due_on=0000-00-00 00:00"], "due_on"),
        (["who.a.b.c=x", "kind=plain"], "who"),
    ],
)
def test_fields_that_cannot_be_taken(desk: Desk, given: list[str], says: str) -> None:
    words = [word for one in given for word in ("--set", one)]
    assert says in desk.refused("start", "order", *words)


def test_who_acts_and_on_what(desk: Desk) -> None:
    assert "Did you mean order" in desk.refused("start", "ordr", "--data", order())
    assert "There is no user" in desk.refused("start", "order", "--data", order(), user="nobody")
    assert "Who acts?" in desk.refused("start", "order", "--data", order(), user="")
    assert "no case" in desk.refused("task", "complete", "B-1999-1", "3")
    assert "no case" in desk.refused("case", "cancel", "", "--reason", "x")
    assert "no case" in desk.refused("case", "cancel", "x' OR 1=1 --", "--reason", "x")


# --- tasks ------------------------------------------------------------------------------------------------


def test_tasks_that_cannot_be_completed(desk: Desk) -> None:
    task = str(desk.task)
    complete = ("task", "complete", desk.number)
    assert "no longer open" in desk.refused(*complete, "99")
    desk.refused(*complete, "0")
    desk.refused(*complete, "9" * 40)
    desk.refused(*complete, "-3")
    assert "Invalid value" in desk.refused(*complete, "three")
    assert "expected one of" in desk.refused(*complete, task, "--outcome", "okay")
    assert "理由" in desk.refused(*complete, task, "--outcome", "refuse")
    assert "unheard_of" in desk.refused(*complete, task, "--outcome", "ok", "--set", "unheard_of=1")
    assert "score" in desk.refused(*complete, task, "--outcome", "ok", "--set", "score=101")
    assert "score" in desk.refused(*complete, task, "--outcome", "ok", "--data", '{"score": 1.5}')
    desk.refused(*complete, task, "--outcome", "ok", user="wu")
    desk.refused(*complete, task, "--outcome", "ok", user="ann")
    assert "ended" in desk.refused("task", "complete", desk.gone, task, "--outcome", "ok")


def test_a_task_completed_twice(desk: Desk) -> None:
    started = desk.run("start", "order", "--data", order(), "--json")
    number = json.loads(started.output)["number"]
    first = desk.run("task", "complete", number, str(desk.task), "--outcome", "ask")
    assert first.exit_code == 0, first.output
    assert "no longer open" in desk.refused("task", "complete", number, str(desk.task), "--outcome", "ask")
    assert "no longer open" in desk.refused("task", "complete", number, str(desk.task), "--outcome", "ok", user="chen")


def test_other_things_done_to_tasks(desk: Desk) -> None:
    task = str(desk.task)
    desk.refused("task", "claim", desk.number, task, user="wu")
    desk.refused("task", "release", desk.number, task)
    desk.refused("task", "save", desk.number, task, "--set", "note=x", user="chen")
    assert "no queue" in desk.refused("task", "transfer", desk.number, task, "--queue", "nowhere", user="sun")
    assert "There is no user" in desk.refused("task", "transfer", desk.number, task, "--to", "nobody", user="sun")
    assert "--queue QUEUE or --to USER" in desk.refused("task", "transfer", desk.number, task)
    assert "not open" in desk.refused("task", "form", desk.gone, task, user="")
    assert "nothing for you" in desk.refused("task", "next", user="wu")


def test_what_cannot_be_done_to_a_case(desk: Desk) -> None:
    assert "ended" in desk.refused("case", "cancel", desk.gone, "--reason", "again", user="sun")
    desk.refused("case", "resume", desk.number, user="sun")
    desk.refused("case", "cancel", desk.number, user="sun")
    desk.refused("incident", "retry", desk.number, "5")
    for by in ("2h", "soon", "-3wd", "9" * 400 + "wd", ""):
        desk.refused("sla", "extend", desk.number, "answer", by, "--reason", "x")


# --- messages -----------------------------------------------------------------------------------------------


def test_messages_that_cannot_be_taken_in(desk: Desk) -> None:
    send = ("message", "send")
    assert "Did you mean reply" in desk.refused(*send, "replyy", desk.number)
    assert "text" in desk.refused(*send, "reply", desk.number, "--data", '{"text": 5}')
    assert "other" in desk.refused(*send, "reply", desk.number, "--data", '{"other": "x"}')
    assert "text: 最多 200 个字" in desk.refused(*send, "reply", desk.number, "--data", json.dumps({"text": "x" * 201}))
    assert "at most 200" in desk.refused(*send, "reply", desk.number, "--data", json.dumps({"text": "x" * 1_000_000}))
    assert "key" in desk.refused(*send, "reply", "x" * 100_000, "--data", '{"text": "x"}')
    assert "key" in desk.refused(*send, "reply", "a\0b", "--data", '{"text": "x"}')
    assert "key" in desk.refused(*send, "reply", "\udcff", "--data", '{"text": "x"}')


def test_a_message_that_nobody_waits_for_is_kept_and_said_so(desk: Desk) -> None:
    found = desk.run("message", "send", "reply", "B-1999-1", "--set", "text=yes", "--id", "m1")
    assert found.exit_code == 0 and "no case waits for it" in found.output
    assert desk.run("message", "send", "reply", "B-1999-1", "--set", "text=yes", "--id", "m1").exit_code == 0
    assert "another" in desk.refused("message", "send", "reply", "B-1999-1", "--set", "text=no", "--id", "m1")


# --- files ----------------------------------------------------------------------------------------------------

TABLES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "first row"),
    "binary": (bytes(range(256)) * 20, "expected text"),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00" + bytes(500), "saved as CSV"),
    "UTF-16": ("who,kind\nLi,plain\n".encode("utf-16"), "UTF-8 or GB 18030|no field"),
    "an unknown column": (b"who,kind,colour\nLi,plain,red\n", "'colour' is no field"),
    "a column twice": (b"who,kind,who\nLi,plain,Li\n", "two columns for who"),
    "an open quote": (b'who,kind\n"Li,plain\n', "cannot be read"),
    "too few cells": (b"who,kind\nLi\n", "expected 2 cells, found 1"),
    "too many cells": (b"who,kind\nLi,plain,more,and more\n", "expected 2 cells, found 4"),
    "a cell of two million letters": (b"who,kind\n" + b"x" * 2_000_000 + b",plain\n", "field larger|who"),
    "wrong types": (b"who,kind,amount,due_on\nLi,plain,NaN,yesterday\n", "amount: expected an amount.*due_on"),
    "wrong in the end": (b"who,kind,papers\nLi,plain,a;b;c;d;e;f;g\n", "papers"),
    "a wrong choice": (b"who,kind\nLi,odd\n", "kind"),
    "a zero character in UTF-8": (b"who,kind\nL\x00i,plain\n", "expected text|who"),
    "a moment before the calendar": (b"who,kind,due_on\nLi,plain,0001-01-01 00:00\n", "due_on"),
}


@pytest.mark.parametrize("what", TABLES)
def test_tables_that_cannot_be_taken(desk: Desk, what: str) -> None:
    content, says = TABLES[what]
    file = desk.file("table.csv", content)
    assert re.search(says, desk.refused("start", "order", "--file", file), re.DOTALL)


def test_tables_that_are_not_there(desk: Desk) -> None:
    assert "No such file" in desk.refused("start", "order", "--file", str(desk.folder / "nothing.csv"))
    assert "directory" in desk.refused("start", "order", "--file", str(desk.folder))


def test_good_rows_are_taken_whatever_stands_beside_them(desk: Desk) -> None:
    rows = '客户,类别,金额\n张三,plain,12.50\n李四,odd,1\n王五,double,一百\n赵六,plain,"1,000.00"\n'
    file = desk.file("mixed.csv", rows.encode("gb18030"))
    found = desk.run("start", "order", "--file", file)
    assert found.exit_code == 1 and "2 started, 2 refused" in found.output
    refused = (desk.folder / "mixed.refused.csv").read_text("utf-8-sig").splitlines()
    assert refused[0] == "客户,类别,金额,#line,#reason"
    assert refused[1].startswith("李四,odd,1,3,") and refused[2].startswith("王五,double,一百,4,")


HEAD = "process: p\ntitle: {zh: 一, en: P}\n"
DOCUMENTS: dict[str, bytes | str] = {
    "empty": "",
    "nothing but a comment": "# nothing\n",
    "a list": "- process\n",
    "a word": "process\n",
    "broken": "process: [p\n",
    "a tab": "process: p\nsteps:\n\ta: 1\n",
    "not UTF-8": b"process: p\ntitle: \xff\xfe\n",
    "UTF-16": HEAD.encode("utf-16"),
    "binary": bytes(range(256)),
    "a zero character": HEAD + "help: a\0b\n",
    "ten megabytes": HEAD + "help: " + "x" * 10_000_000 + "\n",
    "ten megabytes of keys": HEAD + "".join(f"key_{i}: {i}\n" for i in range(700_000)),
    "nested without end": HEAD + "steps: " + "[" * DEEP + "]" * DEEP + "\n",
    "nested in blocks": HEAD + "steps:\n" + "".join(f"{' ' * i}a:\n" for i in range(1, 1500)),
    "an anchor": HEAD + "help: &a x\ntitle2: *a\n",
    "a bomb of anchors": "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in pairwise("abcdefgh")),
    "a tag": HEAD + "help: !!python/object/apply:os.system ['true']\n",
    "a key twice": HEAD + "process: q\n",
    "an unknown key": HEAD + "stpes: {a: {end: done}}\n",
    "two documents": HEAD + "---\n" + HEAD,
    "no step": HEAD + "steps: {}\n",
    "a cycle without a wait": HEAD + "steps: {a: {set: {x: 1}, next: b}, b: {set: {x: 2}, next: a}}\n",
    "a jump to nowhere": HEAD + "steps: {a: {human: {queue: counter}, next: nowhere}}\n",
    "an expression that wants out": HEAD + "steps: {a: {set: {x: \"''.__class__.__mro__\"}}, b: {end: done}}\n",
    "an expression that takes for ever": HEAD + "steps: {a: {set: {x: \"9 ** 9 ** 9\"}}, b: {end: done}}\n",
    "an expression without end": HEAD + f"steps: {{a: {{set: {{x: \"{'(' * 5000}1\"}}}}, b: {{end: done}}}}\n",
}  # fmt: skip


@pytest.mark.parametrize("what", DOCUMENTS)
def test_processes_that_cannot_be_deployed(desk: Desk, what: str) -> None:
    folder = desk.folder / "wrong"
    folder.mkdir(exist_ok=True)
    (folder / "house.yaml").write_text("house: h\nqueues: {counter: {zh: 柜台, en: Counter}}\n")
    content = DOCUMENTS[what]
    (folder / "p.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert "p.yaml:" in desk.refused("deploy", str(folder))
    linted = CliRunner().invoke(program, ["lint", str(folder)])
    assert linted.exit_code in (1, 2) and isinstance(linted.exception, SystemExit), linted.exception
    assert "p.yaml:" in linted.output and len(linted.output) < 20_000


@pytest.mark.parametrize(
    "what", ["empty", "a list", "broken", "not UTF-8", "ten megabytes", "nested without end", "a tag"]
)
def test_houses_and_people_that_cannot_be_taken(desk: Desk, what: str) -> None:
    folder = desk.folder / "wrong_house"
    folder.mkdir(exist_ok=True)
    content = DOCUMENTS[what]
    for name in ("house.yaml", "people.yaml"):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert "house.yaml:" in desk.refused("deploy", str(folder), user="ann")
    assert "people.yaml:" in desk.refused("user", "load", str(folder / "people.yaml"), user="ann")


def test_files_that_are_not_there(desk: Desk) -> None:
    nowhere = str(desk.folder / "nowhere")
    for words in (
        ("deploy", nowhere), ("deploy", desk.file("a_file", "x")), ("user", "load", nowhere),
        ("user", "load", str(desk.folder)), ("deploy", "--only", "nothing.yaml"),
    ):  # fmt: skip
        desk.refused(*words, user="ann")


# --- lists, lengths, places -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("case", "list", "--limit", "0"),
        ("case", "list", "--limit", "9" * 30),
        ("case", "list", "--status", "odd"),
        ("case", "list", "--process", "ordr"),
        ("case", "show", "B-1999-1"),
        ("queue", "show", "cuonter"),
        ("sla", "breaches", "--since", "soon"),
        ("sla", "breaches", "--since", "9999-99-99"),
        ("sla", "breaches", "--clause", "X-9"),
        ("sla", "risk", "--within", "soon"),
        ("sla", "risk", "--within", "9" * 30 + "wd"),
        ("sla", "breaches", "--until", "31.12.2026"),
        ("sla", "explain", "B-1999-1"),
        ("calendar", "due", "99999999wd"),
        ("calendar", "due", "1" * 400 + "d"),
        ("calendar", "due", "5x"),
        ("calendar", "due", "5wd", "--from", "yesterday"),
        ("calendar", "due", "5wd", "--from", "9999-12-31T23:59"),
        ("calendar", "due", "5wd", "--from", "0001-01-01T00:00"),
        ("calendar", "due", "5wd", "--calendar", "ofice"),
        ("user", "list", "--role", "bos"),
        ("no", "such", "command"),
        ("case", "list", "--no-such-option"),
    ],
    ids=" ".join,
)
def test_questions_that_make_no_sense(desk: Desk, words: tuple[str, ...]) -> None:
    desk.refused(*(word[:40] if word.startswith("1" * 40) else word for word in words), user="")


def test_places_that_are_no_installation(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for words in (
        ("case", "list", "--home", str(tmp_path)),
        ("case", "list", "--home", str(tmp_path / "file")),
        ("init", str(tmp_path / "file")),
        ("case", "list", "--home", str(tmp_path), "--database", "postgresql://nobody@nowhere.invalid/x"),
        ("case", "list", "--home", str(tmp_path), "--database", "mysql://here"),
        ("lint", str(tmp_path)),
        ("test", str(tmp_path)),
    ):
        found = CliRunner().invoke(program, list(words))
        assert found.exit_code in (1, 2) and isinstance(found.exception, SystemExit), (words, found.exception)
        assert len(found.output.strip()) > 10


def test_the_program_itself_shows_no_traceback(desk: Desk) -> None:
    """As people run it, with bytes that are no text."""
    command = [sys.executable, "-m", "cli", "case", "show", "--home", str(desk.home.folder)]
    found = subprocess.run([*map(str.encode, command), b"B-\xff\xfe"], capture_output=True)
    assert (found.returncode, found.stdout) == (2, b"") and b"no text in UTF-8" in found.stderr
    found = subprocess.run([*command, "B-1999-1"], capture_output=True)
    assert (found.returncode, found.stdout) == (1, b"") and found.stderr.startswith(b"There is no case B-1999-1")
