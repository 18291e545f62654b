"""The embedded archive, and what its procedures ask of it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tasks.archive import ArchiveRegister, File, Held, NoCases, StillOpen, archive_functions, years_later
from tasks.registry import BusinessError, Job, Registry

TABLE = """number,title,kind,grade,place,keep_until
LP-2014-1,一,claim,internal,A,2019-12-31
LP-2015-2,二,claim,secret,electronic,2025-12-31
LP-2024-3,三,claim,internal,A,2030-12-31
"""


class Cases:
    """Cases that the archive may ask for; some are not to go."""

    def __init__(self, **kept: Exception) -> None:
        self.kept, self.gone, self.over = kept, list[str](), list[File]()

    def held(self, number: str, on: date) -> bool:
        return number[:2] + number[-1] in self.kept

    def due(self, on: date) -> Iterator[File]:
        return iter(self.over)

    def cancelled(self, number: str) -> bool:
        return False

    def destroy(self, number: str, on: date, by: str) -> bool:
        if self.held(number, on):
            raise self.kept[number[:2] + number[-1]]
        self.gone.append(number)
        return True


class Desk:
    """The worker functions as a case of that number calls them."""

    def __init__(self, folder: Path, cases: Any = None) -> None:
        (folder / "archive.csv").write_text(TABLE, "utf-8")
        register = ArchiveRegister(folder / "archive.csv", folder / "register.db")
        self.workers = archive_functions(register, cases or NoCases(), Registry()).workers

    def __call__(self, function: str, by: str = "DA-1", **args: Any) -> Any:
        return self.workers[function].serve(Job("c", by, function, args, "k", 1))

    def due(self, on: str) -> list[str]:
        return [file["number"] for file in self("files_due", on=on)["files"]]


NEW = {"file_number": "TB-2026-9", "title": "九", "kind": "application", "grade": "internal", "place": "electronic"}


def test_what_is_filed_is_found_copied_and_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with pytest.raises(BusinessError, match="TB-2026-9"):
        desk("find_file", file_number="TB-2026-9")
    desk("file_away", **NEW, keep_until="2036-03-02")
    assert desk("find_file", file_number="TB-2026-9")["keep_until"] == "2036-03-02"
    assert desk("copy_file", file_number="TB-2026-9") == {"copied": True}
    assert desk("copy_file", file_number="nothing") == {"copied": False}
    desk("keep_longer", file_number="TB-2026-9", keep_until="2030-01-01")
    assert desk("find_file", file_number="TB-2026-9")["keep_until"] == "2036-03-02"
    desk("keep_longer", file_number="TB-2026-9", keep_until="2040-01-01")
    assert desk("find_file", file_number="TB-2026-9")["keep_until"] == "2040-01-01"


def test_one_reader_at_a_time_and_each_use_is_on_record(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk("lend_file", "DY-1", file_number="LP-2014-1") == {"lent": True, "reader": "DY-1"}
    assert desk("lend_file", "DY-2", file_number="LP-2014-1") == {"lent": False, "reader": "DY-1"}
    use = {"at": "2026-03-02T02:00:00Z", "by": "lu_yao", "why": "核对", "what": "全卷"}
    for _ in range(2):
        desk("return_file", "DY-1", file_number="LP-2014-1", uses=[use], log_until="2031-03-02")
    assert desk("lend_file", "DY-2", file_number="LP-2014-1")["lent"]
    desk("return_file", "DY-2", file_number="LP-2014-1", uses=[], log_until="2031-03-02", lost=True)
    assert not desk("lend_file", "DY-4", file_number="LP-2014-1")["lent"]  # what was lost stays out
    desk("hold_file", "DY-3", file_number="LP-2015-2", held=True)  # read on screen
    assert desk.due("2026-01-01") == []
    desk("return_file", "DY-3", file_number="LP-2015-2", uses=[], log_until="2031-03-02")
    assert desk.due("2026-01-01") == ["LP-2015-2"]
    with ArchiveRegister(tmp_path / "none", tmp_path / "register.db")._open() as register:
        assert register.execute("SELECT count(*), min(log_until) FROM uses").fetchone() == (1, "2031-03-02")


def test_due_is_what_is_over_and_neither_held_nor_lent(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.due("2025-12-31") == ["LP-2014-1"]  # the last day counts
    assert desk.due("2026-01-01") == ["LP-2014-1", "LP-2015-2"]
    desk("lend_file", "DY-1", file_number="LP-2015-2")
    desk("hold_file", "JF-1", file_number="LP-2014-1", held=True)
    desk("hold_file", "JF-1", file_number=None, held=True)
    assert desk.due("2026-01-01") == []
    with pytest.raises(BusinessError, match="to be kept"):
        desk("destroy_file", file_number="LP-2014-1", on="2026-01-01")
    desk("hold_file", "JF-2", file_number="LP-2014-1", held=True)
    desk("hold_file", "JF-1", file_number="LP-2014-1", held=False)
    assert desk.due("2026-01-01") == []  # the other dispute still holds it
    desk("hold_file", "JF-2", file_number="LP-2014-1", held=False)
    assert desk.due("2026-01-01") == ["LP-2014-1"]


def test_a_file_is_destroyed_once_with_its_case_and_never_before_its_time(tmp_path: Path) -> None:
    cases = Cases()
    desk = Desk(tmp_path, cases)
    with pytest.raises(BusinessError, match="to be kept"):
        desk("destroy_file", file_number="LP-2024-3", on="2026-01-01")
    assert desk("destroy_file", "XH-1", file_number="LP-2014-1", on="2026-01-01") == {"electronic": True}
    assert desk("destroy_file", "XH-1", file_number="LP-2014-1", on="2026-01-01") == {"electronic": True}  # tried again
    with pytest.raises(BusinessError, match="any more"):
        desk("destroy_file", "XH-2", file_number="LP-2014-1", on="2026-01-01")
    with pytest.raises(BusinessError, match="never"):
        desk("destroy_file", file_number="never", on="2026-01-01")
    assert set(cases.gone) == {"LP-2014-1"}
    assert desk.due("2026-01-01") == ["LP-2015-2"]
    desk(
        "file_away",
        file_number="LP-2014-1",
        title="又",
        kind="claim",
        grade="public",
        place="A",
        keep_until="2099-01-01",
    )
    with pytest.raises(BusinessError):
        desk("find_file", file_number="LP-2014-1")


@pytest.mark.parametrize("why", [Held("court of Pudong"), StillOpen("open")])
def test_a_case_that_is_held_or_open_stays(tmp_path: Path, why: Exception) -> None:
    desk = Desk(tmp_path, Cases(LP1=why))
    assert desk.due("2026-01-01") == ["LP-2015-2"]
    with pytest.raises(BusinessError, match=str(why)):
        desk("destroy_file", file_number="LP-2014-1", on="2026-01-01")
    assert desk("find_file", file_number="LP-2014-1")["title"] == "一"


def test_a_case_that_was_never_filed_is_entered_when_its_time_is_over(tmp_path: Path) -> None:
    cases = Cases()
    cases.over = [
        File("DS-2015-1", "x", "other", "internal", "electronic", date(2020, 3, 2)),
        File("LP-2024-3", "x", "other", "internal", "electronic", date(2020, 3, 2)),  # its file is kept for longer
    ]
    desk = Desk(tmp_path, cases)
    assert desk.due("2020-03-03") == ["LP-2014-1", "DS-2015-1"]
    desk("keep_longer", file_number="DS-2015-1", keep_until="2021-03-02")
    assert desk.due("2020-03-03") == ["LP-2014-1"]
    assert desk.due("2021-03-03") == ["LP-2014-1", "DS-2015-1"]


def test_what_nobody_has_looked_at_for_the_longest_is_looked_at_next(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    seen = [desk("files_to_check", on=f"2026-0{month}-01", most=2)["files"] for month in (1, 2)]
    assert [[file["number"] for file in files] for files in seen] == [
        ["LP-2014-1", "LP-2015-2"],
        ["LP-2024-3", "LP-2014-1"],
    ]


def test_a_row_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "archive.csv").write_text(TABLE.replace("2025-12-31", "soon"), "utf-8")
    with pytest.raises(ValueError, match=r"archive\.csv:3"):
        ArchiveRegister(tmp_path / "archive.csv", tmp_path / "register.db")


def test_so_many_years_later() -> None:
    assert years_later(date(2024, 2, 29), 5) == date(2029, 2, 28)
    assert years_later(date(2026, 3, 2), 10) == date(2036, 3, 2)
