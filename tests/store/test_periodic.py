"""The shipped procedures that start by themselves: once in each period, however often the house is opened."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from bootstrap import Caseway, Home, create
from engine.runtime.clock import VirtualClock

NEW_YEAR = ("2025-12-31T23:50+08:00", "2026-01-01T00:00+08:00", "2026-01-01T00:00+08:00", "2026-01-01T00:10+08:00")
"""When the installation is opened: before the turn of the year, twice at it, and after."""

PERIODIC = ("backup_verification", "system_incident", "emergency_drill", "emergency_plan")
"""By the day, the month, the quarter, the year."""

THREE_DAYS_LATER = "2026-01-04T08:00+08:00"


def test_each_starts_once_in_its_period_over_restarts(tmp_path: Path) -> None:
    home = Home(tmp_path / "house")
    create(home)
    with Caseway(home, VirtualClock(datetime(2025, 12, 31, tzinfo=UTC)), unsafe=True) as caseway:
        caseway.deploy(home.processes, "system", only=[f"{name}.yaml" for name in PERIODIC])
        caseway.load_organisation(home.processes / "samples" / "organisation.yaml", "system")
        caseway.sweep()  # from here on it is known what starts when
    for at in NEW_YEAR:
        found = opened(home, at)
    assert found == dict.fromkeys(PERIODIC, 1)
    # Nobody was there for three days: each day's backups are checked all the same; the rest has had its start.
    found = opened(home, THREE_DAYS_LATER)
    assert found == {**dict.fromkeys(PERIODIC, 1), "backup_verification": 4}


def opened(home: Home, at: str) -> Counter[str]:
    """How many cases there are of each process, after what is due then has been done."""
    with Caseway(home, VirtualClock(datetime.fromisoformat(at)), unsafe=True) as caseway:
        caseway.sweep()
        return Counter(name for (name,) in caseway.connection.all("SELECT process FROM cases", ()))
