"""Nothing is said of random projects that are right by construction, by any check there is."""

import pytest

from engine.language.files import Bundle
from organisation.load import build, load
from tests.support.sound_project import Sound
from tools.examples import TODAY, the_compiler
from workbench.linting import Around, lint

QUICK, MANY = 50, 1_000
PEOPLE = "samples/organisation.yaml"


def told(seed: int) -> list[str]:
    made = Sound(seed)
    files = Bundle({name: text.encode() for name, text in made.files.items()})
    people, doubts = load(files.read(PEOPLE), PEOPLE)
    assert isinstance(people.value, dict)
    found = lint(the_compiler(), files, made.processes, Around(build(people.value, 1), TODAY))
    assert len(found.compiled) == len(made.processes) or found.problems
    return [str(each) for each in (*doubts, *found.problems)]


@pytest.mark.parametrize("begin", range(0, QUICK, 10))
def test_what_is_right_is_not_told_of(begin: int) -> None:
    assert {seed: found for seed in range(begin, begin + 10) if (found := told(seed))} == {}


@pytest.mark.long
@pytest.mark.parametrize("begin", range(QUICK, QUICK + MANY, 100))
def test_what_is_right_is_not_told_of_in_many(begin: int) -> None:
    assert {seed: found for seed in range(begin, begin + 100) if (found := told(seed))} == {}
