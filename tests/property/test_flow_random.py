"""Random processes, random paths, a restart after every command (see tests/support/random_case.py for what holds).

A case is known by its seed: `RandomCase(seed).play(200)` plays it again.
"""

import pytest

from tests.support.random_case import RandomCase

QUICK, LONG = 20_000, 200_000


def play(commands: int, first: int) -> int:
    """Plays cases from this seed on until so many commands have been decided; how many cases it were."""
    seed = first
    while commands > 0:
        try:
            commands -= RandomCase(seed).play(200)
        except Exception as error:
            error.add_note(f"in the random case of seed {seed}")
            raise
        seed += 1
    return seed - first


def test_random_processes() -> None:
    assert play(QUICK, 0) > 100


@pytest.mark.long
def test_many_random_processes() -> None:
    assert play(LONG, 1_000_000) > 1_000
