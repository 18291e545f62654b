"""The worker's loop goes on when the store fails for a while, and anchors when it begins."""

import threading
from pathlib import Path
from typing import Any

import pytest

from bootstrap import Caseway, Home
from console.attend import attend, foresee
from engine.runtime.errors import StoreError
from web.reach import Reach


class Shaky:
    """An installation whose database fails at the first looks."""

    def __init__(self, caseway: Caseway, stopping: threading.Event) -> None:
        self.caseway, self.stopping, self.looks = caseway, stopping, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.caseway, name)

    def refresh(self) -> None:
        self.looks += 1
        if self.looks < 4:
            raise StoreError("The database is locked.", "Wait.")
        if self.looks == 6:
            self.stopping.set()
        self.caseway.refresh()


def test_it_works_on_when_the_store_has_failed(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stopping, home = threading.Event(), Home(house)
    with Caseway(home) as caseway:
        shaky = Shaky(caseway, stopping)
        attend(shaky, stopping, Reach.of([]), every=0)
        assert shaky.looks == 6 and home.anchors.exists()
    assert capsys.readouterr().err.count("The database is locked.") == 1


def test_chances_are_told_in_a_thread_that_goes_on_after_a_fault_and_stops_when_told_to(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, looks = threading.Event(), list[int]()
    with Caseway(Home(house)) as caseway:
        run = caseway.forecaster.run

        def shaky(*args: Any) -> int:
            looks.append(1)
            if len(looks) < 3:
                raise StoreError("The database is locked.", "Wait.")
            if len(looks) == 3:
                raise ValueError("a fault of ours")
            told = run(*args)
            stopping.set()
            return told

        monkeypatch.setattr(caseway.forecaster, "run", shaky)
        foresee(caseway, stopping, every=0).join(60)
        assert len(looks) == 4
        assert caseway.connection.one("SELECT count(*) FROM forecast_chances")[0] > 0
    assert capsys.readouterr().err.count("The database is locked.") == 1
