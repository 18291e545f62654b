"""Every snippet compiles as it stands, its places filled with what they suggest."""

import re

import pytest

from tools.examples import problems
from workbench.snippets import STEPS, TOPS, snippets

_PLACE = re.compile(r"\$\{\d+(?::([^}]*)|\|([^,|]*)[^|]*\|)\}")


def filled(body: str) -> str:
    return _PLACE.sub(lambda found: found[1] or found[2], body)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_compiles(name: str) -> None:
    after = "" if name in ("switch", "race", "decision", "block") else "closed: {end: closed}\n"
    body = filled(STEPS[name][1])
    if name == "decision":  # somebody has proposed before
        body = "propose: {human: {queue: complaints}}\n" + body
    found = problems("steps", body + after)
    assert not [each for each in found if each.severity == "error"], "\n".join(map(str, found))


@pytest.mark.parametrize("name", TOPS)
def test_what_stands_at_the_top_compiles(name: str) -> None:
    found = problems("top", filled(TOPS[name][1]))
    assert not [each for each in found if each.severity == "error"], "\n".join(map(str, found))


def test_the_file_is_what_editors_read() -> None:
    found = snippets()
    assert len(found) == len(STEPS) + len(TOPS) and len({each["prefix"] for each in found.values()}) == len(found)
    for each in found.values():
        assert each["scope"] == "yaml" and each["description"] and all("\n" not in line for line in each["body"])
