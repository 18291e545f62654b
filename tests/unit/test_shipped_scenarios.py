"""The scenarios that come with the processes, played on the real engine."""

from pathlib import Path

from workbench.scenarios import run_all

FOLDER = Path(__file__).parents[2] / "processes"


def test_every_shipped_scenario_holds() -> None:
    results = run_all([FOLDER / "scenarios"], FOLDER)
    assert len(results) == len(list((FOLDER / "scenarios").rglob("*.yaml"))) > 30
    assert not {
        f"{result.file.parent.name}/{result.file.name}": result.problems for result in results if result.problems
    }
