"""The ways that checks of clocks find in random processes are ways; the quickest is no longer than the longest."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.durations import Duration, parse_duration
from engine.core.model import Human, Process
from engine.language.house import House
from engine.language.project import Project
from sla.checks_lengths import MONDAY, _Laid, _Leg
from sla.checks_stops import _missed, nodes_at
from sla.checks_ways import Ways
from sla.model import PART, Clock, Mark
from tests.support.random_process import Maker

LIMITS = tuple(map(parse_duration, ("2h", "4wh", "1wd", "3d", "10wd", "1mo")))


def clocked(seed: int) -> tuple[Process, Clock, Duration]:
    """A random process whose human steps have limits, and a clock from its start until some of its steps."""
    process, random = Maker(seed).process(), Random(seed)
    nodes = {
        id: replace(node, parts={PART: Clock(id, {}, "target", random.choice(LIMITS), step=id)})
        if isinstance(node.spec, Human)
        else node
        for id, node in process.nodes.items()
    }
    steps = sorted(id for id in nodes if "/" not in id)
    marks: tuple[Mark, ...] = tuple(("step", id) for id in random.sample(steps, min(len(steps), random.randint(1, 3))))
    limit = random.choice(LIMITS)
    return replace(process, nodes=nodes), Clock("watched", {}, "manual", limit, until=marks), limit


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1_000_000))
def test_the_way_to_an_end_that_misses_the_clock_is_a_way(seed: int) -> None:
    process, clock, _ = clocked(seed)
    ways = Ways(process)
    stops = nodes_at(ways, clock.until)
    missed = _missed(ways, clock, stops)
    assert not set(stops) & set(missed)
    for begin in missed:
        id, gone = begin, set[str]()
        while missed[id].way is not None:
            assert id not in gone, "a way to the end goes round"
            gone.add(id)
            way = missed[id].way
            assert way is not None
            if way.to is None:
                break
            id = way.to
        else:
            assert ways.ends_case(ways.nodes[id])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1_000_000))
def test_lengths_of_ways(seed: int) -> None:
    process, clock, limit = clocked(seed)
    laid = _Laid(Project(House(), {}), Ways(process), clock, limit)
    stops = frozenset(nodes_at(laid.ways, clock.until))
    quickest = laid._quickest([process.first], stops)
    longest = laid._longest([process.first], stops, laid._allowed)
    for leg in (quickest, longest):
        assert leg is None or _fits(leg)
    if longest is not None:
        assert quickest is not None and quickest.at <= longest.at
        assert len({id for id, _ in longest.spent}) == len(longest.spent), "a step is passed twice"


def _fits(leg: _Leg) -> bool:
    return leg.at >= MONDAY and (leg.at > MONDAY or not leg.spent)
