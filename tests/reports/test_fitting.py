"""A forecast that is learnt: it says what is true of a world that is known, and nothing where it cannot know."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from reports.forecast.fitting import Settled, learn
from reports.forecast.model import Forecast, logistic

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
TRUTH = {"used>=50": 1.2, "used>=90": 1.5, "step:assess": 0.8, "class:hard": 1.0}


def world(count: int, seed: int = 1, truth: dict[str, float] = TRUTH, base: float = -2.5) -> list[Settled]:
    """Runs that are late by the chance that their traits give them, and nothing else."""
    chance, made = random.Random(seed), []
    for place in range(count):
        traits = frozenset(trait for trait in TRUTH if chance.random() < 0.5)
        traits |= {"step:register"} if "step:assess" not in traits else set()
        late = chance.random() < logistic(base + sum(truth.get(trait, 0) for trait in traits))
        made.append(Settled(BEGIN + timedelta(hours=place), late, (traits,)))
    return made


def test_what_is_said_is_what_comes_where_the_truth_is_known() -> None:
    found = learn(world(6000))
    assert found.model is not None and found.measured is not None and found.refused == ""
    for traits in (
        {"step:register"},
        {"step:register", "used>=50"},
        {"step:register", "used>=50", "used>=90"},
        set(TRUTH),
    ):
        true = logistic(-2.5 + sum(TRUTH.get(trait, 0) for trait in traits))
        assert found.model.chance(traits) == pytest.approx(true, abs=0.06)
    for one in found.measured.bins:
        if one.count >= 100:
            assert one.said == pytest.approx(one.came, abs=0.1)
    assert found.measured.off < 0.04
    assert found.measured.brier < found.measured.base
    assert found.measured.ranks is not None and found.measured.ranks > 0.7
    assert (found.measured.runs, sum(one.count for one in found.measured.bins)) == (1200, 1200)


def test_it_is_measured_on_later_runs_than_it_was_learnt_from() -> None:
    """The world turns round in the last fifth: what was learnt before is worth nothing there, and it says so."""
    turned = world(2000, truth={trait: -weight for trait, weight in TRUTH.items()}, base=1.0)
    found = learn([*world(2000)[:1600], *turned[1600:]])
    assert (found.refused, found.model) == ("no_better", None)


def test_it_says_nothing_when_things_are_no_longer_as_they_were() -> None:
    """Few are late any more: it is better than what was so before, and still says far too much."""
    found = learn([*world(2000, base=-0.5)[:1600], *world(2000, base=-3.5)[1600:]])
    assert found.measured is not None and found.measured.brier < found.measured.base - found.measured.margin
    assert (found.refused, found.model) == ("adrift", None)


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        (world(150), "few"),
        ([Settled(one.deadline, place < 5, one.moments) for place, one in enumerate(world(400))], "few_late"),
        ([Settled(one.deadline, place > 5, one.moments) for place, one in enumerate(world(400))], "few_kept"),
        ([Settled(one.deadline, place < 100, one.moments) for place, one in enumerate(world(400))], "uneven"),
        (world(2000, truth={}, base=-1.0), "no_better"),
    ],
)
def test_it_says_when_it_knows_too_little(runs: list[Settled], code: str) -> None:
    found = learn(runs)
    assert (found.refused, found.model) == (code, None)


def test_what_was_learnt_is_the_same_after_it_was_stored_and_twice() -> None:
    found = learn(world(600))
    again = msgspec.json.decode(msgspec.json.encode(found), type=Forecast)
    assert again == found == learn(reversed(world(600)))
    assert found.model is not None and found.model.unseen(["assess", "elsewhere"]) == ["elsewhere"]


def test_a_beginning_is_as_dangerous_as_it_is_though_runs_that_will_be_late_are_looked_at_longer() -> None:
    """Half of the runs are late, and nothing tells at the beginning which."""
    chance, runs = random.Random(5), []
    for place in range(1000):
        late = chance.random() < 0.5
        first, later = frozenset({"step:assess"}), frozenset({"step:assess", "used>=50"})
        runs.append(Settled(BEGIN + timedelta(hours=place), late, (first, *[later] * (5 if late else 0))))
    model = learn(runs).model
    assert model is not None
    assert model.chance({"step:assess"}) == pytest.approx(0.5, abs=0.07)
    assert model.chance({"step:assess", "used>=50"}) > 0.9


def test_looking_often_at_a_run_makes_nobody_surer() -> None:
    often = [Settled(one.deadline, one.late, one.moments * 7) for one in world(600)]
    once, seven = learn(world(600)).measured, learn(often).measured
    assert once is not None and seven is not None
    assert seven.brier == pytest.approx(once.brier, abs=0.01)
    assert seven.margin == pytest.approx(once.margin, rel=0.2)
