"""`prefect deploy` and `serve`: what is wrong with their options is said before anything is asked of Prefect."""

import sys

import pytest

from tests.cli.conftest import Caseway


@pytest.mark.parametrize(
    ("args", "cure"),
    [
        (("deploy",), "PREFECT_API_URL"),
        (("serve",), "prefect server start"),
        (("deploy", "--limit", "screen_paye=2"), "screen_payee"),
        (("deploy", "--limit", "screen_payee"), "FUNCTION=N"),
        (("deploy", "--limit", "screen_payee=0"), "FUNCTION=N"),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(
    caseway: Caseway, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], cure: str
) -> None:
    before = "prefect" in sys.modules
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    said = caseway("prefect", *args)
    assert said.code == 2 and cure in said.err
    assert ("prefect" in sys.modules) == before, "it takes more than a second to import"
