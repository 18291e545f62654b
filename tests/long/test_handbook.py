"""The handbook in the documentation is what the processes and their scenarios make of it, and no clause is open."""

from pathlib import Path

import pytest

from tests.cli.conftest import call

HERE = Path(__file__).parents[2]


@pytest.mark.long
def test_the_handbook_says_what_is_so(tmp_path: Path) -> None:
    told = call("coverage", HERE / "processes", "--write", tmp_path / "handbook.md")
    assert told.code == 0, told.err
    assert ", 0 open" in told.out
    for made in sorted(tmp_path.rglob("*.*")):
        kept = HERE / "docs" / made.relative_to(tmp_path)
        assert kept.exists() and kept.read_text("utf-8") == made.read_text("utf-8"), f"make handbook: {kept.name}"
