"""Pictures of random processes, small and big: nothing lies on anything else, and lines keep out of boxes."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.model import Flow, Human, Node, Outcome, Process, Switch
from tests.support.drawing import faults
from tests.support.graph import NAMES, x
from tests.support.random_process import Maker
from workbench.drawing.boxes import laid_out, spread
from workbench.drawing.chart import chart
from workbench.drawing.chart import spread as parts


def _sound(process: Process) -> None:
    root = laid_out(process, "en")
    assert list(faults(root)) == []
    drawn = [box.part.id for box, _, _ in spread(root)]
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {part.id for part in parts(chart(process, "en"))} - {""}
    assert {id for id in process.nodes if "/" not in id} <= set(drawn)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_random_processes(seed: int) -> None:
    _sound(Maker(seed).process())


@pytest.mark.long
@settings(max_examples=2000, deadline=None)
@given(st.integers(0, 10**9))
def test_many_random_processes(seed: int) -> None:
    _sound(Maker(seed).process())


@settings(max_examples=8, deadline=None)
@given(st.integers(60, 120), st.randoms(use_true_random=False))
def test_big_tangles(size: int, random: Random) -> None:
    """People and choices that lead anywhere, up and down, with words of every length."""
    _sound(tangle(size, random))


def tangle(size: int, random: Random) -> Process:
    choice, number = random.choice, random.randint
    steps = [f"s{n}" for n in range(size)]
    nodes = {}
    for place, name in enumerate(steps):
        near = steps[max(0, place - 12) : place + 12]
        after = steps[min(place + 1, size - 1)]
        title = {"en": " ".join(choice(("a", "longer", "confirmation", "of")) for _ in range(number(1, 9)))}
        if number(0, 2):
            outcomes = {
                f"o{n}": Outcome(f"o{n}", {"en": "done " * number(1, 9)}, choice(near)) for n in range(number(1, 4))
            }
            nodes[name] = Node(name, "human", Human((), outcomes), next=after, title=title)
        else:
            flows = tuple(Flow(x("x > 2"), choice(steps)) for _ in range(number(1, 4)))
            nodes[name] = Node(name, "switch", Switch((*flows, Flow(None, after))))
    return Process("tangle", "v1", nodes, steps[0], names=NAMES)
