"""Service work by the local executor: in step with a virtual clock, and in threads."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine.core.commands import RetryIncident
from engine.core.expressions import compile_expression
from engine.core.kinds import INT, TEXT, Type
from engine.core.model import Handler, Human, Node, Process, Service, Trigger
from tasks.executor import Executor
from tasks.registry import BusinessError, Job, Registry
from tests.store.conftest import Town
from tests.store.processes import SERVED

SECRET = Type("text", secret=True)


class Works:
    """A town whose jobs are served by functions that a test gives."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.registry = Registry()
        self.made: list[Executor] = []

    def serving(self, price: Callable[..., Any], **more: Any) -> Executor:
        def called(job: Job, amount: int) -> Any:
            return price(job, amount)

        self.registry.worker("price")(called)
        executor = Executor(self.town.runner, self.registry.workers, self.town.vault, self.town.clock, **more)
        self.made.append(executor)
        return executor

    def rows(self) -> list[Any]:
        return [tuple(row) for row in self.town.rows("SELECT attempts, due, error FROM jobs")]


@pytest.fixture
def works(town: Town) -> Iterator[Works]:
    made = Works(town)
    yield made
    for executor in made.made:
        executor.close()


def test_a_job_is_done_and_its_result_goes_to_the_case(works: Works) -> None:
    seen: list[Job] = []

    def price(job: Job, amount: int) -> int:
        seen.append(job)
        return amount * 3

    executor = works.serving(price)
    case = works.town.start("served", amount=5)
    assert executor.drain(works.town.clock.now()) == 1
    assert works.town.state(case).data == {"amount": 5, "total": 15}
    assert [(j.case, j.number, j.step, j.key, j.attempt) for j in seen] == [(case, case, "call_out", f"{case}/1", 1)]
    assert works.rows() == [] and executor.drain(works.town.clock.now()) == 0


def test_what_fails_is_tried_again_later_with_the_same_key(works: Works) -> None:
    keys: list[tuple[str, int]] = []

    def price(job: Job, amount: int) -> int:
        keys.append((job.key, job.attempt))
        if job.attempt < 3:
            raise ConnectionError("the bank is away")
        return 1

    executor = works.serving(price)
    case = works.town.start("served", amount=5)
    for minutes in (0, 1, 5):
        works.town.clock.advance(timedelta(minutes=minutes))
        assert executor.drain(works.town.clock.now()) == 1
        assert executor.drain(works.town.clock.now()) == 0, "not before its time"
        if minutes < 5:
            assert works.rows()[0][2] == "ConnectionError: the bank is away"
    assert keys == [(f"{case}/1", attempt) for attempt in (1, 2, 3)]
    assert works.town.state(case).data["total"] == 1


def test_an_error_that_no_store_can_hold_is_told_as_far_as_it_can_be(works: Works) -> None:
    def price(job: Job, amount: int) -> int:
        raise OSError("no file \udcff\0.txt")

    executor = works.serving(price)
    case = works.town.start("served", amount=5)
    for _ in range(3):
        executor.drain(works.town.clock.now())
        assert [row[2] for row in works.rows()] == ["OSError: no file ??.txt"] * len(works.rows())
        works.town.clock.advance(timedelta(hours=1))
    (incident,) = works.town.state(case).incidents.values()
    assert incident.text == "OSError: no file ??.txt"


def test_when_all_tries_are_used_up_a_person_sees_it(works: Works) -> None:
    def price(job: Job, amount: int) -> int:
        raise ConnectionError("x" * 5_000)

    executor = works.serving(price)
    case = works.town.start("served", amount=5)
    for _ in range(3):
        works.town.clock.advance(timedelta(hours=1))
        executor.drain(works.town.clock.now())
    (incident,) = works.town.state(case).incidents.values()
    assert incident.text.startswith("ConnectionError: xxx") and len(incident.text) < 1_100
    assert works.rows() == []


def test_a_retry_after_an_incident_has_the_same_key(works: Works) -> None:
    """What the first try did outside may have been done: only the same key keeps it from being done twice."""
    keys: list[str] = []

    def price(job: Job, amount: int) -> int:
        keys.append(job.key)
        if len(keys) <= 3:
            raise ConnectionError("the bank is away")
        return 1

    executor = works.serving(price)
    case = works.town.start("served", amount=5)
    for _ in range(3):
        works.town.clock.advance(timedelta(hours=1))
        executor.drain(works.town.clock.now())
    (incident,) = works.town.state(case).incidents
    works.town.do(case, RetryIncident(incident))
    executor.drain(works.town.clock.now())
    assert len(keys) == 4 and len(set(keys)) == 1
    assert works.town.state(case).data["total"] == 1


def test_a_result_that_is_no_data_is_a_failure(works: Works) -> None:
    executor = works.serving(lambda job, amount: 0.5)
    works.town.start("served", amount=5)
    executor.drain(works.town.clock.now())
    assert "numbers are whole numbers and decimals" in works.rows()[0][2]


def test_an_argument_of_the_wrong_type_is_a_failure(works: Works) -> None:
    executor = works.serving(lambda job, amount: 1)
    works.town.start("served")
    executor.drain(works.town.clock.now())
    assert works.rows()[0][2] == "NotSet: amount is not set"


def test_a_function_that_nobody_registered(works: Works) -> None:
    executor = works.serving(lambda job, amount: 1)
    works.registry.workers.clear()
    works.town.start("served", amount=5)
    executor.drain(works.town.clock.now())
    assert works.rows()[0][2] == "LookupError: no worker function price is registered here"


def test_a_business_error_goes_into_the_flow_at_once(works: Works) -> None:
    caught = Handler(Trigger("error", "closed"), next="mend")
    spec = Service("price", {"amount": compile_expression("amount", {"amount": INT})}, (), times=3)
    works.town.deployed.processes["errs"] = Process(
        "errs", "errs-1",
        {"pay": Node("pay", "service", spec, handlers=(caught,)), "mend": Node("mend", "human", Human())},
        "pay", names={"amount": INT},
    )  # fmt: skip

    def price(job: Job, amount: int) -> int:
        raise BusinessError("closed", "the account is closed")

    executor = works.serving(price)
    case = works.town.start("errs", amount=1)
    executor.drain(works.town.clock.now())
    assert [token.at for token in works.town.state(case).tokens.values()] == ["mend"]


def test_a_secret_is_opened_for_the_worker_function_alone(works: Works) -> None:
    names = {"account": SECRET, "amount": INT}
    spec = Service("pay", {"account": compile_expression("account", names)}, ())
    works.town.deployed.processes["pays"] = Process(
        "pays", "pays-1", {"pay": Node("pay", "service", spec)}, "pay", names=names, secrets=frozenset({"account"})
    )
    seen: list[str] = []

    def pay(job: Job, account: str) -> None:
        seen.append(account)

    works.registry.worker()(pay)
    executor = works.serving(lambda job, amount: 1)
    works.town.start("pays", account="6222 0000")
    assert "6222" not in works.town.rows("SELECT args FROM jobs")[0][0]
    executor.drain(works.town.clock.now())
    assert seen == ["6222 0000"]


# --- in threads ---------------------------------------------------------------------------------------


def settled(works: Works, condition: Callable[[], bool], executor: Executor) -> None:
    """Waits until it holds, at most ten seconds."""
    tick = threading.Event()
    for _ in range(1_000):
        if condition():
            return
        executor.wake()
        tick.wait(0.01)
    raise AssertionError("it did not come about")


def test_threads_serve_many_jobs_side_by_side(works: Works) -> None:
    meet = threading.Barrier(3)

    def price(job: Job, amount: int) -> int:
        meet.wait(10)  # three at once, or none comes through
        return amount

    executor = works.serving(price, threads=3, poll=0.05)
    cases = [works.town.start("served", amount=index) for index in range(6)]
    executor.start()
    settled(works, lambda: works.rows() == [], executor)
    assert executor.stop()
    assert [works.town.state(case).data["total"] for case in cases] == list(range(6))


def test_what_does_not_come_back_in_time_is_tried_again(works: Works) -> None:
    spec = SERVED.nodes["call_out"].spec
    assert isinstance(spec, Service)
    hasty = Service(spec.function, spec.args, spec.into, times=3, timeout=0)
    works.town.deployed.processes["hasty"] = Process(
        "hasty",
        "hasty-1",
        {"pay": Node("pay", "service", hasty)},
        "pay",
        names={"amount": INT, "total": INT, "t": TEXT},
    )
    let_go = threading.Event()

    def price(job: Job, amount: int) -> int:
        let_go.wait(10)
        return amount

    executor = works.serving(price, poll=0.02)
    case = works.town.start("hasty", amount=7)
    executor.start()
    settled(works, lambda: works.rows()[0][2] is not None, executor)
    assert works.rows()[0][2] == "no result within 0 s"
    let_go.set()
    settled(works, lambda: works.rows() == [], executor)
    assert works.town.state(case).data["total"] == 7, "the first result counts, also a late one"


def test_stopping_waits_for_work_and_gives_up_after_a_while(works: Works) -> None:
    begun, let_go = threading.Event(), threading.Event()

    def price(job: Job, amount: int) -> int:
        begun.set()
        let_go.wait(10)
        return amount

    executor = works.serving(price, poll=0.05)
    works.town.start("served", amount=7)
    executor.start()
    assert begun.wait(10)
    assert executor.stop(wait=0.01) is False
    let_go.set()
    assert executor.stop() is True
    assert works.rows() == []


def test_long_work_asks_for_more_time(works: Works) -> None:
    answers: list[bool] = []

    def price(job: Job, amount: int) -> int:
        answers.append(job.more_time(600))
        return amount

    executor = works.serving(price)
    works.town.start("served", amount=7)
    assert executor.drain(works.town.clock.now()) == 1
    assert answers == [True] and works.rows() == []
