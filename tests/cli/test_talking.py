"""`case comment`, `watch`; `task start`, `vote`, `comment`."""

from pathlib import Path

from tests.cli.conftest import Caseway, task_of
from tests.web.test_talk import BOARD


def test_what_is_said_of_a_case_and_who_watches_it(caseway: Caseway, number: str) -> None:
    task = task_of(caseway, number)
    assert caseway("case", "comment", number, "called twice", "--as", "chen_wei").code == 0
    assert caseway("task", "comment", number, task, "thin", "--as", "chen_wei").code == 0
    assert caseway("case", "comment", number, " ", "--as", "chen_wei").code == 1
    assert caseway("case", "watch", number, "--as", "chen_wei").code == 0
    assert caseway("case", "watch", number, "--for", "lin_xiaoyan", "--as", "chen_wei").code == 0
    told = caseway("case", "show", number, "--json").json
    assert [(one["by"], one["text"], one["task"]) for one in told["comments"]] == [
        ("chen_wei", "called twice", ""), ("chen_wei", "thin", task),
    ]  # fmt: skip
    assert told["watchers"] == ["chen_wei", "lin_xiaoyan"]
    shown = caseway("case", "show", number).out
    assert "called twice" in shown and "watched by chen_wei, lin_xiaoyan" in shown
    assert caseway("case", "unwatch", number, "--as", "chen_wei").code == 0
    assert caseway("case", "unwatch", number, "--as", "chen_wei").code == 1


def test_one_is_at_work_on_what_one_holds(caseway: Caseway, number: str) -> None:
    task = task_of(caseway, number)
    assert caseway("task", "start", number, task, "--as", "chen_wei").code == 1
    caseway("task", "claim", number, task, "--as", "chen_wei")
    assert caseway("task", "start", number, task, "--as", "chen_wei").code == 0


def test_votes_are_cast(caseway: Caseway, house: Path) -> None:
    (house / "processes" / "board.yaml").write_text(BOARD, encoding="utf-8")
    assert caseway("deploy", "--as", "dong_lei").code == 0
    number = caseway("start", "board", "--as", "lu_yao", "--set", "subject=a roof", "--json").json["number"]
    task = task_of(caseway, number)
    wrong = caseway("task", "vote", number, task, "--outcome", "maybe", "--as", "chen_wei")
    assert wrong.code == 1 and "agree, refuse" in wrong.err
    for user in ("chen_wei", "lu_yao"):
        assert caseway("task", "vote", number, task, "--outcome", "agree", "--as", user).code == 0
    assert caseway("case", "show", number, "--json").json["end"] == "agreed"
