"""The nearest known name: one way to look for it, whoever tells of an unknown one."""

from pathlib import Path

import pytest

from engine.core.naming import aside, did_you_mean, nearest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "found"),
    [("amuont", "amount"), ("AMOUNT", "amount"), ("kin", "kind"), ("zzz", None), ("", None), (5, None), (None, None),
     ("amount" * 100_000, None)],
)  # fmt: skip
def test_the_nearest(name: object, found: str | None) -> None:
    known = ["amount", "kind", 7, None]
    assert nearest(name, known) == found
    assert did_you_mean(name, known) == (f"did you mean {found!r}?" if found else None)
    assert aside(name, known) == (f"; did you mean {found}?" if found else "")


def test_nobody_looks_for_it_otherwise() -> None:
    folders = ("engine", "tasks", "sla", "papers", "notices", "organisation", "workbench", "web", "console")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    found = [str(path.relative_to(ROOT)) for path in files if "get_close_matches" in path.read_text(encoding="utf-8")]
    assert found == ["engine/core/naming.py"]
