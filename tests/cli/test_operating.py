"""`init`, `deploy`, `worker`, `verify`, `run`, `version`: what operators do, and the faults of an installation."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Caseway, call

ROOT = Path(__file__).parents[2]


def test_init_twice_changes_nothing(caseway: Caseway, house: Path) -> None:
    key = (house / "caseway.key").read_bytes()
    said = caseway("init", house)
    assert said.code == 0 and "was an installation already" in said.out
    assert (house / "caseway.key").read_bytes() == key
    assert len(caseway("case", "list", "--json").json) == 3


def test_init_says_what_comes_next(tmp_path: Path) -> None:
    said = call("init", tmp_path / "new")
    assert said.code == 0 and "caseway deploy" in said.out and "caseway.key" in said.out
    assert oct((tmp_path / "new" / "caseway.key").stat().st_mode)[-3:] == "600"


def test_init_where_a_file_stands(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    said = call("init", tmp_path / "file")
    assert said.code == 1 and str(tmp_path / "file") in said.err


@pytest.mark.parametrize(
    "args",
    [
        ("case", "list"), ("case", "show", "LP-1"), ("task", "next", "--as", "li"), ("queue", "list"),
        ("sla", "breaches"), ("message", "list"), ("incident", "list"), ("job", "list"), ("user", "list"),
        ("calendar", "list"), ("deploy",), ("worker", "--once"), ("verify",), ("start", "claims", "--as", "li"),
    ],
)  # fmt: skip
def test_outside_an_installation_every_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = call(*args)
    assert said.code == 2 and "caseway init" in said.err
    assert not list(tmp_path.iterdir())  # nothing was made by looking


def test_a_key_that_is_gone_is_said_with_its_remedy(caseway: Caseway, house: Path) -> None:
    (house / "caseway.key").unlink()
    said = caseway("case", "list")
    assert said.code == 1 and "backup" in said.err
    again = caseway("init", house)
    assert again.code == 1 and "backup" in again.err and not (house / "caseway.key").exists()


def test_a_database_that_is_none(caseway: Caseway, house: Path) -> None:
    (house / "caseway.db").write_bytes(b"this is no database" * 100)
    said = caseway("case", "list")
    assert said.code == 1 and "caseway.db" in said.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_database_that_may_not_be_written(caseway: Caseway, house: Path) -> None:
    (house / "caseway.db").chmod(0o444)
    said = caseway("worker", "--once")
    assert said.code == 1 and said.err


def test_deploying_what_is_there_already_and_what_is_new(caseway: Caseway, house: Path) -> None:
    assert caseway("deploy").code == 2  # there are people now: who acts?
    assert "in force already" in caseway("deploy", "--as", "dong_lei").out
    file = house / "processes" / "complaint.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    rows = caseway("deploy", "--as", "dong_lei", "--json").json
    assert [row["name"] for row in rows if row["new"]] == ["complaint"]


def test_deploying_what_is_wrong_deploys_nothing(caseway: Caseway, house: Path) -> None:
    file = house / "processes" / "complaint.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("calendar: insurer", "calendar: insurar"), encoding="utf-8"
    )
    said = caseway("deploy", "--as", "dong_lei")
    assert said.code == 1 and "complaint.yaml:" in said.err and "Nothing was deployed" in said.err
    assert "has no house.yaml" in caseway("deploy", "processes/samples", "--as", "dong_lei").err
    assert "Did you mean claims.yaml?" in caseway("deploy", "--only", "claim.yaml", "--as", "dong_lei").err


def test_home_may_be_anywhere(caseway: Caseway, house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(caseway("case", "list", "--home", house, "--json").json) == 3
    assert "in force already" in caseway("deploy", "--home", house, "--as", "dong_lei").out


def test_verify_is_clean_and_finds_a_changed_row(caseway: Caseway, house: Path) -> None:
    clean = caseway("verify", "--deep", "--json")
    assert clean.code == 0 and clean.json["clean"] and clean.json["cases"] == 3
    import sqlite3

    database = sqlite3.connect(house / "caseway.db")
    database.execute("UPDATE cases SET owner = 'mallory' WHERE number = (SELECT min(number) FROM cases)")
    database.commit()
    database.close()
    said = caseway("verify")
    assert said.code == 1 and said.out
    assert caseway("verify", "--json").json["clean"] is False


def test_the_version() -> None:
    assert call("version").out.startswith("caseway ")
    assert "caseway" in call("version", "--json").json


def caseway_process(*args: object, cwd: Path) -> "subprocess.Popen[str]":
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", *map(str, args)]
    return subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_is_stopped_in_peace(house: Path, how: signal.Signals) -> None:
    with caseway_process("worker", "--every", "0.05", cwd=house) as worker:
        assert worker.stderr is not None
        assert "working" in worker.stderr.readline()
        worker.send_signal(how)
        _, err = worker.communicate(timeout=30)
    assert worker.returncode == 0 and "Traceback" not in err and "stopped" in err


def test_output_goes_into_a_pipe_that_closes(house: Path) -> None:
    with caseway_process("case", "list", "--json", cwd=house) as listing:
        assert listing.stdout is not None
        listing.stdout.close()
        assert listing.stderr is not None and "Traceback" not in listing.stderr.read()


def test_the_main_job_in_small(tmp_path: Path) -> None:
    house = tmp_path / "quarter"
    args = ("run", house, "--days", 8, "--claims", 12, "--complaints", 5)
    said = call(*args)
    assert said.code == 0, said.err
    for words in (
        "taken in",
        "outcomes by class",
        "compliance by clause",
        "open queues",
        "100 %",
        f"{house}/caseway.db",
    ):
        assert words in said.out
    assert call("verify", home=house).code == 0
    assert call("case", "list", "--json", home=house).json
    assert "NaN" not in said.out


def test_the_main_job_leaves_other_folders_alone(tmp_path: Path, house: Path) -> None:
    said = call("run", house)
    assert said.code == 2 and "was not made by `caseway run`" in said.err
    assert (house / "caseway.db").exists()
    (tmp_path / "file").write_text("x")
    assert call("run", tmp_path / "file").code == 2
    assert call("run", tmp_path / "new", "--days", 0).code == 2


def test_keys_rotate_and_the_old_one_goes(caseway: Caseway, house: Path) -> None:
    assert caseway("key", "rotate").code == 2, "who asks?"
    refused = caseway("key", "rotate", "--as", "chen_wei")
    assert refused.code == 1 and "admin" in refused.err
    said = caseway("key", "rotate", "--as", "dong_lei", "--json")
    assert said.code == 0 and said.json["key"] == "m2" and said.json["wrapped"] >= 3
    early = caseway("key", "forget", "--as", "dong_lei")
    assert early.code == 1 and "wait" in early.err
    os.utime(house / "caseway.key", (1, 1))
    assert caseway("key", "forget", "--as", "dong_lei", "--json").json == {"forgotten": ["m1"], "key": "m2"}
    assert caseway("verify").code == 0


def test_one_proposes_and_another_deploys(caseway: Caseway, house: Path) -> None:
    file = house / "processes" / "complaint.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    before = caseway("proposal", "list", "--json").json
    assert before == [] and caseway("deploy", "--propose", "--as", "dong_lei").code == 1, "it needs a reason"
    refused = caseway("deploy", "--propose", "--reason", "x", "--as", "chen_wei")
    assert refused.code == 1 and "may not propose" in refused.err
    made = caseway("deploy", "--propose", "--reason", "clearer", "--as", "dong_lei", "--json").json
    assert made["files"] == ["complaint.yaml"]
    (row,) = caseway("proposal", "list", "--json").json
    assert (row["by"], row["changes"], row["stale"]) == ("dong_lei", "process complaint", False)
    assert "+# changed" in caseway("proposal", "show", row["proposal"]).out
    own = caseway("proposal", "approve", row["proposal"], "--as", "dong_lei")
    assert own.code == 1 and "another person must approve" in own.err
    assert caseway("proposal", "approve", row["proposal"], "--as", "gu_mingyuan").code == 0
    again = caseway("proposal", "approve", row["proposal"], "--as", "gu_mingyuan")
    assert again.code == 1 and "decided already" in again.err
    assert "in force already" in caseway("deploy", "--as", "dong_lei").out
    same = caseway("deploy", "--propose", "--reason", "again", "--as", "dong_lei")
    assert same.code == 1 and "nothing to deploy" in same.err


def test_a_proposal_is_turned_down_and_one_for_later_waits(caseway: Caseway, house: Path) -> None:
    file = house / "processes" / "complaint.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    late = caseway("deploy", "--propose", "--reason", "x", "--from", "2020-01-01", "--as", "dong_lei")
    assert late.code == 1 and "before it is made" in late.err
    said = caseway("deploy", "--propose", "--reason", "x", "--from", "2199-01-01T09:00", "--as", "dong_lei", "--json")
    assert said.json["in_force_from"].startswith("2199-01-01T09:00")
    assert caseway("proposal", "reject", said.json["proposal"], "--reason", "no", "--as", "gu_mingyuan").code == 0
    assert caseway("proposal", "list", "--json").json == [] and caseway("proposal", "show", "none").code == 2


def test_a_house_may_ask_for_two(caseway: Caseway, house: Path) -> None:
    file = house / "processes" / "house.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\ndeployed_by: two\n", encoding="utf-8")
    assert caseway("deploy", "--as", "dong_lei").code == 0, "the house in force asks for one yet"
    file.write_text(file.read_text(encoding="utf-8").replace("deployed_by: two", "deployed_by: one"), encoding="utf-8")
    alone = caseway("deploy", "--as", "dong_lei")
    assert alone.code == 1 and "takes two" in alone.err and "--propose" in alone.err
    made = caseway("deploy", "--propose", "--reason", "back to one", "--as", "dong_lei", "--json").json
    assert caseway("proposal", "approve", made["proposal"], "--as", "yu_siqi").code == 0
    assert caseway("deploy", "--as", "dong_lei").code == 0


def test_a_backup_is_made_rehearsed_restored_and_moved(caseway: Caseway, house: Path, tmp_path: Path) -> None:
    copy, key = tmp_path / "copy", house / "caseway.key"
    assert "3 cases" in caseway("backup", copy).out
    rehearsed = call("restore", copy, "--key", key, "--rehearse")
    assert rehearsed.code == 0 and "would be ready; 3 cases" in rehearsed.out
    assert call("restore", copy, "--key", key, "--home", tmp_path / "again", "--json").json["clean"]
    assert len(call("case", "list", "--json", home=tmp_path / "again").json) == 3
    moved = caseway("database", "move", tmp_path / "other.db")
    assert moved.code == 0 and "3 of 3 cases whole" in moved.out
    gone = caseway("case", "list")
    assert gone.code == 1 and "moved" in gone.err and "other.db" in gone.err
    assert len(caseway("case", "list", "--database", tmp_path / "other.db", "--json").json) == 3


def test_what_no_backup_can_be_made_of_is_said(caseway: Caseway, house: Path, tmp_path: Path) -> None:
    assert caseway("backup", tmp_path).code == 1
    said = call("restore", tmp_path, "--key", house / "caseway.key", "--home", tmp_path / "x")
    assert said.code == 1 and "is no backup" in said.err
    assert call("restore", tmp_path, "--key", tmp_path / "none", "--home", tmp_path / "x").code == 1
