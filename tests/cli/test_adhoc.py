"""`case begin` and `case finish`: ad-hoc blocks from the command line."""

from pathlib import Path

from tests.cli.conftest import Caseway, task_of
from tests.support.adhoc import written


def test_steps_are_begun_and_the_block_is_finished(caseway: Caseway, house: Path) -> None:
    written(house / "processes")
    assert caseway("deploy", "--as", "dong_lei").code == 0
    number = caseway("start", "incident_command", "--as", "chen_wei", "--json").json["number"]
    early = caseway("case", "begin", number, "photo", "--as", "chen_wei")
    assert early.code == 1 and "stands in no ad-hoc block" in early.err
    assert caseway("task", "complete", number, task_of(caseway, number), "--as", "chen_wei").code == 0
    wrong = caseway("case", "begin", number, "foto", "--as", "chen_wei")
    assert wrong.code == 1 and "There is no step to begin foto" in wrong.err
    other = caseway("case", "begin", number, "photo", "--as", "fang_qi")
    assert other.code == 1 and "who owns the case" in other.err
    begun = caseway("case", "begin", number, "photo", "--as", "chen_wei", "--json")
    assert begun.code == 0 and [one["step"] for one in begun.json["tasks"]] == ["photo"], begun.err
    open_ = caseway("case", "finish", number, "--as", "chen_wei")
    assert open_.code == 1 and "still has open steps" in open_.err
    assert caseway("task", "complete", number, task_of(caseway, number), "--as", "chen_wei").code == 0
    assert caseway("case", "finish", number, "securing", "--as", "chen_wei").code == 1
    assert caseway("case", "finish", number, "scene", "--as", "chen_wei").code == 0
    assert caseway("case", "begin", number, "check", "--block", "securing", "--as", "chen_wei").code == 0
