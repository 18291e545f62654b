"""Rehearsals held against the theory of queues: what the engine does is what the formulas say it should."""

from math import factorial
from pathlib import Path

import pytest

from tests.support.rehearsals import planned
from workbench.rehearsal import Value, rehearse
from workbench.rehearsal.figures import Key

pytestmark = pytest.mark.long

WAIT, LENGTH = Key("wait", "errand.serve"), Key("length", "desk")


def erlang_c(servers: int, offered: float) -> float:
    """The chance that one has to wait, in M/M/c (A. K. Erlang, 1917). offered: arrivals by mean service time."""
    last = offered**servers / factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**n / factorial(n) for n in range(servers)) + last)


def holds(value: Value, theory: float, width: float) -> None:
    """The interval holds what theory says, and is no wider than so much of it."""
    assert value.low is not None and value.high is not None
    assert value.low <= theory <= value.high, (value, theory)
    assert (value.high - value.low) / 2 <= width * theory, (value, theory)


def test_many_servers_with_exponential_service(tmp_path: Path) -> None:
    """M/M/2, three quarters busy: Erlang's C formula, and Little's law between waiting and length."""
    arrivals, service, servers = 1 / 10, 1 / 15, 2  # a minute
    plan = planned(
        tmp_path, days=11, warm_up=1, replications=5, every="10min", minutes="{exponential: 15}", more=servers - 1
    )
    found = rehearse(plan)
    wait = erlang_c(servers, arrivals / service) / (servers * service - arrivals)
    holds(found.values[WAIT], wait / 60, 0.45)
    holds(found.values[LENGTH], wait * arrivals, 0.45)
    busy = [found.values[Key("busy", user)].mean for user in ("ann", "ann_2")]
    assert sum(busy) / servers == pytest.approx(arrivals / service / servers, rel=0.04)


def test_one_server_with_any_service(tmp_path: Path) -> None:
    """M/G/1 with uniform service: the formula of Pollaczek and Khinchine."""
    arrivals, low, high = 1 / 15, 5, 15
    plan = planned(tmp_path, days=11, warm_up=1, replications=5, every="15min", minutes=f"[{low}, {high}]")
    found = rehearse(plan)
    mean, square = (low + high) / 2, (low * low + low * high + high * high) / 3
    holds(found.values[WAIT], arrivals * square / (2 * (1 - arrivals * mean)) / 60, 0.45)
