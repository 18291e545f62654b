"""Soundness held against the real interpreter: small random processes, of which every standing is counted.

A process is known by its seed: `SmallMaker(seed).process()` makes it again.
"""

import pytest

from engine.core.model import Process
from engine.language.soundness import examine
from engine.language.soundness.explore import Explorer
from engine.language.soundness.shape import Given
from tests.support.exhaust import Exhaustion, SmallMaker, SoundMaker, TooMany

QUICK, LONG = 200, 2_000
STUCK = {"CW601", "CW602", "CW603", "CW685", "CW605", "CW606", "CW609", "CW619"}
"""What a process that can always end is never told. A step that is never reached is no fault of that kind."""


def compare(first: int, number: int) -> tuple[int, int]:
    """Compares so many processes, from this seed on; in how many cases may wait for ever, in how many a step that is
    never reached was not found."""
    seed, stuck, missed, done = first, 0, 0, 0
    while done < number:
        process = SmallMaker(seed).process()
        try:
            truth = Exhaustion(process)
        except TooMany:
            truth = None
        if truth is not None:
            held_against(truth, process, f"seed {seed}, played as a whole", whole=True)
            missed += held_against(truth, process, f"seed {seed}", whole=False)
            done += 1
            stuck += bool(truth.stuck)
        seed += 1
    return stuck, missed


def held_against(truth: Exhaustion, process: Process, where: str, *, whole: bool) -> bool:
    """Whether a step that is never reached was not found; what is found and not true fails."""
    explorer = Explorer(process, Given(), whole=whole)
    found = explorer.process()
    if explorer.search.bounded or explorer.search.cut:
        return False
    assert truth.stuck or not found, f"{where}: a false alarm: {found}"
    assert found or not truth.stuck or fires_once(process), f"{where}: missed that it can wait for ever"
    dead = set(process.nodes) - explorer.visited
    assert not dead & truth.visited, f"{where}: these are reached: {dead & truth.visited}"
    return bool(set(process.nodes) - truth.visited - dead)


def fires_once(process: Process) -> bool:
    """Whether a handler of the process takes an error or escalation and leaves: what is thrown to it once more from
    within a block is not followed (see `engine.language.soundness.game`)."""
    return any(h.trigger.kind in ("error", "escalation") and h.next for h in process.handlers)


def test_findings_are_those_of_the_interpreter() -> None:
    stuck, missed = compare(0, QUICK)
    assert stuck > QUICK // 20, "hardly any process was unsound: nothing has been shown"
    assert missed < QUICK // 5


@pytest.mark.long
def test_findings_are_those_of_the_interpreter_in_many_processes() -> None:
    stuck, missed = compare(100_000, LONG)
    assert stuck > LONG // 20
    assert missed < LONG // 5


def sound(first: int, number: int) -> None:
    for seed in range(first, first + number):
        found = [one for one in examine(SoundMaker(seed).process(), Given()) if one.code in STUCK]
        assert not found, f"seed {seed}: {found}"


def test_sound_processes_are_told_nothing() -> None:
    sound(0, 100)


@pytest.mark.long
def test_many_sound_processes_are_told_nothing() -> None:
    sound(1_000, 1_000)
