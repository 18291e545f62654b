"""The embedded system of backups, and what the process asks of it."""

from datetime import date
from pathlib import Path

import pytest

from tasks.backups import BackupTable, functions
from tasks.registry import Job, Registry

PLAN = "system,kind,every,failed\ncore,incremental,day,2026-03-10\ncore,full,week,\n"


def checked(folder: Path, day: str) -> object:
    workers = functions(BackupTable(folder / "backups.csv"), Registry()).workers
    return workers["check_backups"].serve(Job("c", "BF-1", "check_backups", {"day": day}, "k", 1))


def test_every_copy_that_was_to_be_taken_is_looked_up(tmp_path: Path) -> None:
    (tmp_path / "backups.csv").write_text(PLAN, "utf-8")
    assert checked(tmp_path, "2026-03-09") == {"checked": 1, "missing": []}
    assert checked(tmp_path, "2026-03-10") == {"checked": 1, "missing": ["core/incremental"]}
    assert date(2026, 3, 15).weekday() == 6
    assert checked(tmp_path, "2026-03-15") == {"checked": 2, "missing": []}


def test_without_a_plan_nothing_is_checked(tmp_path: Path) -> None:
    assert checked(tmp_path, "2026-03-09") == {"checked": 0, "missing": []}


@pytest.mark.parametrize("row", ["core,full,never,", "core,full,day,10.3.2026", "core,full"])
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "backups.csv").write_text(f"{PLAN}{row}\n", "utf-8")
    with pytest.raises(ValueError, match=r"backups\.csv:4"):
        BackupTable(tmp_path / "backups.csv")
