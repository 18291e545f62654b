"""The scenarios that come with the processes, played on the real engine."""

from pathlib import Path

import pytest

from workbench.scenarios import files_of, run, set_up

FOLDER = Path(__file__).parents[2] / "processes"
SCENARIOS = FOLDER / "scenarios"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the processes are deployed as `pattern`."""
    folder = tmp_path_factory.mktemp("scenarios")
    set_up(folder / "pattern", FOLDER)
    return folder


@pytest.mark.parametrize("process", sorted(folder.name for folder in SCENARIOS.iterdir()))
def test_every_shipped_scenario_holds(process: str, place: Path) -> None:
    results = [run(file, place / "pattern", place) for file in files_of([SCENARIOS / process])]
    assert results
    assert not {result.file.name: result.problems for result in results if result.problems}
