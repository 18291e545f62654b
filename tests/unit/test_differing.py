"""Two versions of a process in words: what is told, in which group, and what is taken for a new name."""

from collections.abc import Callable

import pytest

from bootstrap import SHIPPED, compiler
from engine.core.model import Process
from engine.language.files import Bundle, Folder
from workbench.differing import GROUPS, differences, renamed

LANGUAGE = compiler()
FILES = {name: Folder(SHIPPED).read(name) for name in Folder(SHIPPED).names()}
HOUSE = LANGUAGE.house(Bundle(FILES))


def made(change: Callable[[str], str] = str) -> Process:
    text = change(FILES["complaint.yaml"].decode())
    return LANGUAGE.process(Bundle({**FILES, "complaint.yaml": text.encode()}), "complaint.yaml", HOUSE)


OLD = made()


def test_a_version_does_not_differ_from_itself() -> None:
    assert differences(OLD, made()) == []


@pytest.mark.parametrize(
    ("old", "new", "group", "en"),
    [
        ("limit: 30wd", "limit: 20wd", "deadlines", "Outcome: limit 30wd → 20wd"),
        ("queue: complaints_senior", "queue: complaints", "work", ": queue complaints_senior → complaints"),
        (
            "{zh: 调查, en: Investigate}",
            "{zh: 调查, en: Look into}",
            "course",
            "Look into: title 调查 / Investigate → ",
        ),
    ],
)
def test_what_changes_is_told_with_what_it_means_for_people(old: str, new: str, group: str, en: str) -> None:
    assert old in FILES["complaint.yaml"].decode()
    found = differences(OLD, made(lambda text: text.replace(old, new, 1)))
    assert any(one.group == group and en in one.en for one in found), found
    assert all(one.zh and one.en for one in found)
    assert [one.group for one in found] == sorted((one.group for one in found), key=list(GROUPS).index)


def test_a_step_by_another_name_is_known_again() -> None:
    new = made(lambda text: text.replace("investigate", "examine"))
    assert renamed(OLD, new)["investigate"] == "examine"
    said = [one.en for one in differences(OLD, new)]
    assert "the step investigate (Investigate) is most likely examine (Investigate) now" in said
    assert not any("not by who did investigate →" in one for one in said), "only the name has changed"
