"""Jobs handed out in batches (R15): a try counts when a job begins, and what has not begun has lost nothing."""

from datetime import timedelta

import pytest

from engine.runtime.answers import Accepted
from engine.runtime.handing import HELD, Handing
from engine.runtime.jobs import MARGIN, Jobs
from tests.store.conftest import BEGIN, Town

SECOND = timedelta(seconds=1)


@pytest.fixture
def handing(town: Town) -> Handing:
    return Handing(town.runner)


def attempts(town: Town) -> list[int]:
    return [row[0] for row in town.rows("SELECT attempts FROM jobs ORDER BY case_id")]


def test_a_job_that_is_handed_out_begins_once(town: Town, handing: Handing) -> None:
    case = town.start("served", amount=7)
    [handed] = handing.hand_out("b1", BEGIN, 10).jobs
    assert (handed.case, handed.process, handed.step, handed.function) == (case, "served", "call_out", "price")
    assert handing.hand_out("b2", BEGIN, 10).jobs == [] and Jobs(town.runner).lease(BEGIN, "w") == []
    assert attempts(town) == [0], "handing out is no try"
    id = (handed.case, handed.id)
    job = handing.take_up("b1", id, "w1", BEGIN)
    assert job is not None and (job.args, job.attempt, job.worker) == ({"amount": 7}, 1, "w1")
    assert handing.take_up("b1", id, "w2", BEGIN) is None, "the same batch again finds nothing left"
    assert attempts(town) == [1]
    assert handing.keep("b1", [id], BEGIN) == handing.hand_back("b1", [id], BEGIN) == 0, "it has begun"
    assert isinstance(Jobs(town.runner).succeed(job, 42, BEGIN), Accepted)
    assert town.state(case).data["total"] == 42


def test_a_lease_lasts_for_the_work_once_it_has_begun(town: Town, handing: Handing) -> None:
    town.start("served", amount=7)
    [handed] = handing.hand_out("b1", BEGIN, 10).jobs
    job = handing.take_up("b1", (handed.case, handed.id), "w1", BEGIN)
    assert job is not None
    lapses = BEGIN + timedelta(seconds=job.timeout) + MARGIN
    assert handing.hand_out("b2", lapses - SECOND, 10).jobs == []
    again = handing.hand_out("b2", lapses, 10)
    assert len(again.jobs) == 1 and again.lapsed == {"w1"}


def test_a_batch_that_is_lost_costs_no_try(town: Town, handing: Handing) -> None:
    for amount in range(3):
        town.start("served", amount=amount)
    first = handing.hand_out("b1", BEGIN, 10).jobs
    ids = [(one.case, one.id) for one in first]
    assert handing.keep("b1", ids, BEGIN + HELD / 2) == 3
    assert handing.hand_out("b2", BEGIN + HELD, 10).jobs == [], "it was kept"
    later = BEGIN + HELD / 2 + HELD
    again = handing.hand_out("b2", later, 2)
    assert again.jobs == first[:2] and again.lapsed == {"b1"}, "its time is over"
    assert handing.waiting("b1", ids) == first[2:]
    assert [handing.take_up("b1", id, "w1", later) is None for id in ids] == [True, True, False]
    assert handing.keep("b1", ids, later) == 0
    assert attempts(town) == [0, 0, 1]


def test_what_is_handed_back_is_due_for_anybody_at_once(town: Town, handing: Handing) -> None:
    cases = [town.start("served", amount=amount) for amount in range(3)]
    ids = [(one.case, one.id) for one in handing.hand_out("b1", BEGIN, 10).jobs]
    begun = handing.take_up("b1", ids[0], "w1", BEGIN)
    assert begun is not None and handing.hand_back("b1", ids, BEGIN) == 2
    assert [job.attempt for job in Jobs(town.runner).lease(BEGIN, "w2")] == [1, 1]
    assert attempts(town) == [1, 1, 1] and len(cases) == 3
