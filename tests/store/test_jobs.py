"""Service work: leased, retried, given up (R14, R15); notices on their way out."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.runtime.answers import Accepted
from engine.runtime.jobs import MARGIN, Jobs
from engine.runtime.outbox import Outbox
from engine.runtime.sweeper import Sweeper
from tests.store.conftest import BEGIN, Town

SECOND = timedelta(seconds=1)


@pytest.fixture
def jobs(town: Town) -> Jobs:
    return Jobs(town.runner)


@pytest.fixture
def sweeper(town: Town) -> Iterator[Sweeper]:
    made = Sweeper(town.runner, list)
    yield made
    made.close()


def test_a_job_is_leased_and_its_result_comes_back(town: Town, jobs: Jobs) -> None:
    case = town.start("served", amount=7)
    [job] = jobs.lease(BEGIN, "w1")
    assert (job.case, job.function, job.args, job.attempt) == (case, "price", {"amount": 7}, 1)
    assert jobs.lease(BEGIN, "w2") == []
    assert isinstance(jobs.succeed(job, 42, BEGIN), Accepted)
    assert town.state(case).data["total"] == 42
    assert town.rows("SELECT count(*) FROM jobs")[0][0] == 0


def test_a_result_told_twice_counts_once(town: Town, jobs: Jobs) -> None:
    case = town.start("served", amount=7)
    [job] = jobs.lease(BEGIN, "w1")
    first, again, other = (jobs.succeed(job, value, BEGIN) for value in (42, 42, 43))
    assert isinstance(first, Accepted) and isinstance(again, Accepted) and again.repeated
    assert not isinstance(other, Accepted)
    assert town.state(case).data["total"] == 42


def test_a_failed_attempt_waits_longer_each_time(town: Town, jobs: Jobs) -> None:
    case, now = town.start("served", amount=7), BEGIN
    for attempt, wait in ((1, 10), (2, 30)):
        [job] = jobs.lease(now, "w1")
        assert job.attempt == attempt
        assert jobs.fail(job, "connection refused", now) is None
        assert jobs.lease(now + (wait - 1) * SECOND, "w1") == []
        now += wait * SECOND
    [job] = jobs.lease(now, "w1")
    assert isinstance(jobs.fail(job, "connection refused", now), Accepted)
    [incident] = town.state(case).incidents.values()
    assert (incident.kind, incident.text) == ("service", "connection refused")
    assert [tuple(r) for r in town.rows("SELECT step, kind FROM incidents")] == [("call_out", "service")]
    assert jobs.lease(now + timedelta(days=1), "w1") == []


def test_a_lapsed_lease_is_taken_up_again(town: Town, jobs: Jobs) -> None:
    case = town.start("served", amount=7)
    [lost] = jobs.lease(BEGIN, "w1")
    lapse = BEGIN + timedelta(seconds=lost.timeout) + MARGIN
    assert jobs.lease(lapse - SECOND, "w2") == []
    [taken] = jobs.lease(lapse, "w2")
    assert taken.attempt == 2
    assert not jobs.extend(lost, lapse, 60) and jobs.extend(taken, lapse, 60)
    assert jobs.fail(lost, "too late to say", lapse) is None
    assert town.rows("SELECT leased_by, error FROM jobs")[0] == ("w2", None)
    assert isinstance(jobs.succeed(lost, 1, lapse), Accepted), "a late result is a result"
    assert not isinstance(jobs.succeed(taken, 2, lapse), Accepted)
    assert town.state(case).data["total"] == 1


def test_a_worker_that_never_comes_back(town: Town, jobs: Jobs, sweeper: Sweeper) -> None:
    case, now = town.start("served", amount=7), BEGIN
    for _ in range(3):
        [job] = jobs.lease(now, "w1")
        now += timedelta(seconds=job.timeout) + MARGIN
        assert sweeper.earliest() == now
    assert jobs.lease(now, "w1") == []
    swept = sweeper.run_once(now)
    assert swept is not None and swept.given_up == 1
    assert "did not come back" in next(iter(town.state(case).incidents.values())).text


def test_an_error_with_a_code_is_not_retried(town: Town, jobs: Jobs) -> None:
    case = town.start("served", amount=7)
    [job] = jobs.lease(BEGIN, "w1")
    assert isinstance(jobs.fail(job, "no such account", BEGIN, code="no_account"), Accepted)
    assert town.rows("SELECT count(*) FROM jobs WHERE case_id = ?", case)[0][0] == 0


def test_leases_go_to_one_worker_each(town: Town, jobs: Jobs) -> None:
    for _ in range(5):
        town.start("served", amount=7)
    one, two, three = (jobs.lease(BEGIN, worker, 2) for worker in ("w1", "w2", "w3"))
    assert [len(one), len(two), len(three)] == [2, 2, 1]
    assert len({job.case for job in one + two + three}) == 5


def test_notices_go_out_once(town: Town) -> None:
    town.start("sends", who="li")
    outbox = Outbox(town.runner)
    [notice] = outbox.take(BEGIN)
    assert (notice.to, notice.template, notice.facts) == (["role.boss"], "told", {"who": "li"})
    assert outbox.take(BEGIN) == []
    outbox.failed(notice, "mailbox full", BEGIN)
    assert outbox.take(BEGIN + 29 * SECOND) == []
    [again] = outbox.take(BEGIN + 30 * SECOND)
    assert again.attempt == 2
    town.runner.write(lambda connection: outbox.leave(connection, again, BEGIN + 31 * SECOND))
    assert outbox.take(BEGIN + timedelta(days=30)) == []
