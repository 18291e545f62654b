"""The program of the form before works on while the database is brought up to date, and beside the new one, and again
after going back: every answer is kept, nothing is done twice, and either program finds all in order."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from bootstrap import Caseway, Home, create
from engine.runtime import schema
from engine.runtime.clock import VirtualClock
from engine.runtime.database import open_database
from engine.runtime.tables import SCHEMA
from tests.long.test_kill import ROOT, Child, Ledger, settled
from tests.support.branch import MONDAY
from tests.support.judge import faults

pytestmark = pytest.mark.long

BEGIN = """
import sys
from pathlib import Path
from bootstrap import Caseway, Home, create
from engine.runtime.clock import VirtualClock
from tests.support.branch import MONDAY, settle_in
home = Home(Path(sys.argv[1]), sys.argv[2])
"""
SETTLE = BEGIN + "create(home)\nwith Caseway(home, VirtualClock(MONDAY)) as app: settle_in(app)"
PROVE = (
    BEGIN
    + """
with Caseway(home, VirtualClock(MONDAY)) as app:
    report = app.verify()
    print([*map(str, report.findings), *report.problems][:5])
    sys.exit(not report.clean)
"""
)


def git(*args: str) -> bytes:
    return subprocess.run(["git", *args], cwd=ROOT, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the form before this one: the last that was committed."""
    if not (ROOT / ".git").exists():
        pytest.skip("the program of the form before is in the repository only")
    raised = git("log", "--format=%H", f'-SSCHEMA = "{SCHEMA}"', "--", "engine/runtime/tables.py").split()
    if not raised or git("rev-parse", "--is-shallow-repository").strip() == b"true":
        pytest.skip("the repository has not the commit that raised the form")
    place = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{raised[-1].decode()}^"))) as archive:
        archive.extractall(place, filter="data")
    return place


def run(program: Path, code: str, home: Home) -> "subprocess.CompletedProcess[str]":
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", code, str(home.folder), home.url]
    return subprocess.run(command, cwd=program, env=env, capture_output=True, text=True, timeout=120, check=False)


def judged(home: Home, ledger: Ledger, *children: Child) -> None:
    for child in children:
        ledger.take(child.lines, set())
    settled(home)
    with Caseway(home, VirtualClock(MONDAY)) as app:
        found = faults(app, ledger.accepted, deep=True)
        assert not found, found[:5]
        there = {row[0] for row in app.connection.all("SELECT command_id FROM history")}
        assert ledger.accepted.keys() <= there


def test_the_form_before_works_beside_this_one_and_after_going_back(before: Path, home: Home) -> None:
    since, ledger = MONDAY.isoformat(), Ledger()
    made = run(before, SETTLE, home)
    assert made.returncode == 0, made.stderr
    old = Child(home, 1, since, [], before)
    assert old.hear(100)
    create(home)  # `caseway init` of the new program, while the old one works
    upto = len(old.lines)
    new = Child(home, 2, since, [])
    assert new.hear(600) and old.hear(upto + 600)
    new.kill(600)
    old.kill(upto + 600)
    settled(home)
    late = Child(home, 4, since, [], before)  # started again after the upgrade, it is let in
    late.kill(200)
    judged(home, ledger, old, new, late)
    assert len(ledger.accepted) > 200

    database = open_database(home.database)
    schema.downgrade(database.engine, f"{int(SCHEMA) - 1:04}")
    database.close()
    proved = run(before, PROVE, home)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    again = Child(home, 3, since, [], before)
    again.kill(200)
    settled(home)
    create(home)
    judged(home, ledger, again)
