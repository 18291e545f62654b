"""Service work on a pool of a real Prefect server: shown there without a word of the cases, cancelled, limited,
killed in the middle; each job done once as its case sees it."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.installation import Installation
from bootstrap import Home
from engine.runtime.destroyed import Destruction, note
from tests.support.errand import IDENTITY, WHO, Errands
from tools.prefect_server import PrefectServer, running

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    with running(tmp_path_factory.mktemp("prefect")) as server:
        before = dict(os.environ)
        os.environ.update(server.environment)  # before anything imports Prefect
        yield server
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def errands(tmp_path: Path) -> Iterator[Errands]:
    yield from opened(Home(tmp_path))


@pytest.fixture
def errands_on_each(home: Home) -> Iterator[Errands]:
    """On SQLite and on PostgreSQL."""
    yield from opened(home)


def opened(home: Home) -> Iterator[Errands]:
    made = Errands(home)
    yield made
    made.go()  # whatever still waits
    made.close()


@pytest.fixture
def pool(prefect: PrefectServer) -> str:
    """A pool of the test's own, with its deployments."""
    from tasks.prefect_flows.pool import deploy

    name = f"pool-{uuid.uuid4().hex[:8]}"
    asyncio.run(deploy(name, {}))
    return name


@contextmanager
def worker(
    errands: Errands, pool: str, threads: int = 4, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.long.prefect_child", str(errands.folder), errands.url, pool, str(threads)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            assert process.wait(60) in (0, -signal.SIGKILL)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def until(condition: Callable[[], bool], what: str) -> None:
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.1)):
        if condition():
            return
        tick.wait(0.1)
    raise AssertionError(f"it did not come about: {what}")


def told(*queries: Callable[[Any], Any]) -> list[Any]:
    """What the server answers."""
    from prefect import get_client

    async def ask() -> list[Any]:
        async with get_client() as client:
            return [await query(client) for query in queries]

    return asyncio.run(ask())


def runs(pool: str, flow: str = "caseway-jobs") -> list[Any]:
    """The flow runs of a pool, oldest first."""
    from prefect.client.schemas import filters, sorting

    def read(client: Any) -> Any:
        return client.read_flow_runs(
            flow_filter=filters.FlowFilter(name=filters.FlowFilterName(any_=[flow])),
            work_pool_filter=filters.WorkPoolFilter(name=filters.WorkPoolFilterName(any_=[pool])),
            sort=sorting.FlowRunSort.EXPECTED_START_TIME_ASC,
        )

    found: list[Any] = told(read)[0]
    return found


def tasks(run: Any, count: int | None = None) -> list[Any]:
    """The task runs of a flow run, so many (one for each job), once the server has been told how each ended: that comes
    in lots."""
    from prefect.client.schemas import filters

    count = len(run.parameters["jobs"]) if count is None else count

    def read(client: Any) -> Any:
        return client.read_task_runs(flow_run_filter=filters.FlowRunFilter(id=filters.FlowRunFilterId(any_=[run.id])))

    found: list[Any] = []

    def ended() -> bool:
        found[:] = told(read)[0]
        return len(found) == count and all(task.state.is_final() for task in found)

    until(ended, f"{count} task runs end")
    return found


def settled(pool: str) -> list[Any]:
    """The flow runs with jobs, once all have ended."""
    until(lambda: all(run.state.is_final() for run in runs(pool)), "all flow runs end")
    return runs(pool)


def test_prefect_shows_the_work_and_learns_nothing_of_the_cases(
    prefect: PrefectServer, errands: Errands, pool: str
) -> None:
    cases = errands.start(12) + errands.start(2, "fails") + errands.start(1, "nobody_home")
    with worker(errands, pool):
        until(lambda: sum(job[0] == 0 for job in errands.jobs()) == 0, "every job has been tried")
        [first, *_] = settled(pool)
        for tries, ahead in ((2, 100), (3, 1000)):
            until(lambda: all(job[1] is None for job in errands.jobs()), "the try before is over")
            errands.ahead(ahead)
            until(partial(errands.tried, tries), f"tried {tries} times")
        until(lambda: not errands.jobs(), "all tries are used up")
        ended = settled(pool)
    assert errands.results(cases) == [1] * 12 + [0] * 3
    assert first.name == "errand · run · E-2026-1 + 14" and set(first.parameters) == {"batch", "jobs"}
    assert [job.partition("/")[0] for job in first.parameters["jobs"]] == cases
    shown = {task.name: task for task in tasks(first)}
    assert {f"errand · run · E-2026-{n}" for n in range(1, 16)} == set(shown)
    assert all(set(task.tags) == {"process:errand", "function:run_errand"} for task in shown.values())
    states = [task.state for task in shown.values()]
    assert sorted((s.type.value, s.message or "") for s in states) == sorted(
        [("COMPLETED", "")] * 12 + [("FAILED", "ValueError")] * 2 + [("FAILED", "BusinessError")]
    )
    last = [task.state.message for run in ended for task in tasks(run) if "incident" in (task.state.message or "")]
    assert last == ["ValueError, incident 3"] * 2
    for secret in (WHO, "Ouyang", IDENTITY, "not known", "not at home", "was seen"):
        assert not prefect.holds(secret), secret
    assert prefect.holds("E-2026-15")


def test_a_worker_that_is_killed_in_the_middle_loses_nothing_and_does_nothing_twice(
    errands_on_each: Errands, pool: str
) -> None:
    errands = errands_on_each
    cases = errands.start(40, "waits")
    with worker(errands, pool, threads=3) as first:
        until(lambda: len(errands.seen("begin")) == 3, "three are at work")
        first.kill()
        first.wait()
    assert sorted(job[0] for job in errands.jobs()) == [0] * 37 + [1] * 3, "what had not begun has lost no try"
    errands.ahead(120)
    errands.go()
    with worker(errands, pool), worker(errands, pool):
        until(lambda: not errands.jobs(), "all jobs are done")
        ended = settled(pool)
    assert errands.results(cases) == [1] * 40
    lost = [run for run in ended if run.state.is_crashed()]
    assert 1 <= len(lost) <= 2 and all(run.state.message == "its leases have lapsed" for run in lost)
    calls = [number for number, _, _ in errands.seen("begin")]
    assert len(calls) == 43 and len(set(calls)) == 40, "again only what had begun"
    report = errands.app.verify(deep=True)
    assert report.clean, report.findings


def test_a_batch_that_comes_again_finds_nothing_to_do(errands: Errands, pool: str) -> None:
    cases = errands.start(5)
    with worker(errands, pool):
        until(lambda: not errands.jobs(), "all jobs are done")
        [run] = settled(pool)
        told(lambda client: client.create_flow_run_from_deployment(run.deployment_id, parameters=run.parameters))
        until(lambda: len(runs(pool)) == 2, "it is there again")
        [_, again] = settled(pool)
    assert again.state.message == "0 done, 0 failed, 0 given back, of 5" and tasks(again, 0) == []
    assert errands.results(cases) == [1] * 5 and len(errands.seen("begin")) == 5


def test_cancelling_gives_back_what_has_not_begun_and_gives_up_what_has(errands: Errands, pool: str) -> None:
    from prefect.states import Cancelling

    cases = errands.start(8, "waits")
    with worker(errands, pool, threads=2):
        until(lambda: len(errands.seen("begin")) == 2, "two are at work")
        [run] = runs(pool)
        told(lambda client: client.set_flow_run_state(run.id, Cancelling()))
        until(lambda: runs(pool)[0].state.is_cancelled(), "it is cancelled")
        assert runs(pool)[0].state.message == "0 done, 2 failed, 6 given back, of 8"
        assert [job[2] for job in errands.jobs() if job[0]] == ["cancelled on Prefect's page"] * 2
        until(lambda: len(runs(pool)) == 2, "what was given back is handed out again")
        errands.go()
        until(lambda: not errands.jobs(), "all jobs are done")
        settled(pool)
    assert errands.results(cases) == [1] * 8
    assert len(errands.seen("begin")) == 8, "the first result counts, also of what was given up"


def test_no_more_of_a_function_at_once_than_its_limit(errands: Errands, pool: str) -> None:
    from tasks.prefect_flows.pool import deploy

    asyncio.run(deploy(pool, {"run_errand": 1}))
    try:
        cases = errands.start(6, "counted")
        with worker(errands, pool, threads=4):
            until(lambda: not errands.jobs(), "all jobs are done")
    finally:
        told(lambda client: client.delete_concurrency_limit_by_tag("function:run_errand"))
    assert errands.results(cases) == [1] * 6
    lines = (errands.folder / "seen").read_text().split()[::4]
    assert lines == ["begin", "end"] * 6, "one after the other"


def test_a_function_that_outlasts_its_time_is_shown_so_and_keeps_nothing_else(errands: Errands, pool: str) -> None:
    [slow] = errands.start(1, "waits", process="hasty")
    with worker(errands, pool, threads=1):
        until(lambda: not errands.jobs(), "its only try is over")
        [run] = settled(pool)
        [task] = tasks(run)
        assert (task.state.name, task.state.message) == ("TimedOut", "no result within 1 s, incident 3")
        errands.go()
        others = errands.start(2)
        until(lambda: not errands.jobs(), "its place is free again")
    assert errands.results([slow, *others]) == [0, 1, 1]


def test_the_tick_is_triggered_and_timers_start_what_is_due(errands: Errands, pool: str) -> None:
    def ended() -> bool:
        return bool(errands.app.connection.one("SELECT count(*) FROM cases WHERE status = 'ended'")[0] == 2)

    errands.start(2)
    with worker(errands, pool):
        until(lambda: not errands.jobs(), "all jobs are done")
        errands.ahead(2 * 3600)
        until(ended, "a tick has fired the timers")
        for duty in ("tick", "reports", "forecast", "retention", "anchor"):
            until(partial(done, pool, f"caseway-{duty}"), f"{duty} is shown")
    assert (errands.folder / "caseway.anchor").exists()
    assert errands.app.connection.one("SELECT count(*) FROM report_cases")[0], "cases are counted for reports"


def done(pool: str, flow: str) -> bool:
    return any(run.state.is_completed() for run in runs(pool, flow))


def test_what_a_backup_brought_back_is_destroyed_again_by_the_pool(errands: Errands, pool: str) -> None:
    [case] = errands.start(1)
    with worker(errands, pool):
        until(lambda: not errands.jobs(), "its job is done")
    app = errands.app
    note(app.home.destroyed, app.vault, Destruction(case, "E-2026-1", app.clock.now(), WHO))
    errands.ahead(25 * 3600)  # the next day
    with worker(errands, pool):
        until(lambda: app.connection.one("SELECT key FROM cases WHERE id = ?", (case,))[0] is None, "it is gone again")


def test_stopping_gives_back_what_has_not_begun(errands: Errands, pool: str) -> None:
    cases = errands.start(6, "waits")
    with worker(errands, pool, threads=2) as first:
        until(lambda: len(errands.seen("begin")) == 2, "two are at work")
        first.terminate()
        errands.go()
    assert errands.results(cases) == [1] * 2 + [0] * 4
    assert errands.jobs() == [(0, None, None)] * 4


def test_the_command_line_deploys_and_serves(prefect: PrefectServer, tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    for _ in range(3):
        installation.case()
    shared = ("--home", str(tmp_path), "--pool", f"pool-{uuid.uuid4().hex[:8]}")
    command = [sys.executable, "-m", "cli", "prefect"]

    def called(*args: str) -> tuple[int, str]:
        done = subprocess.run([*command, *args, *shared], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout + done.stderr

    code, said = called("serve")
    assert code == 1 and "caseway prefect deploy" in said
    code, said = called("deploy", "--limit", "screen_payee=2")
    assert code == 0 and "caseway-jobs" in said and "screen_payee: 2 at once" in said
    [limit] = told(lambda client: client.read_concurrency_limit_by_tag("function:screen_payee"))
    assert limit.concurrency_limit == 2
    serving = subprocess.Popen([*command, "serve", *shared], cwd=ROOT)
    connection = installation.caseway.connection
    until(lambda: not connection.one("SELECT count(*) FROM jobs")[0], "all jobs are done")
    serving.terminate()
    assert serving.wait(60) == 0
    assert connection.one("SELECT count(*) FROM cases WHERE status = 'ended'")[0] == 3
    installation.close()


def test_a_pool_that_is_paused_costs_no_try(errands: Errands, pool: str) -> None:
    from prefect.client.schemas.actions import WorkPoolUpdate

    told(lambda client: client.update_work_pool(pool, WorkPoolUpdate(is_paused=True)))
    cases = errands.start(3)
    with worker(errands, pool):
        until(lambda: len(runs(pool)) == 1, "the jobs are handed out")
        until(lambda: bool(runs(pool, "caseway-tick")), "the worker has looked again")
        assert [job[0] for job in errands.jobs()] == [0] * 3 and not errands.seen("begin")
        told(lambda client: client.update_work_pool(pool, WorkPoolUpdate(is_paused=False)))
        until(lambda: not errands.jobs(), "all jobs are done")
    assert errands.results(cases) == [1] * 3


def test_the_work_goes_on_when_the_server_comes_back(errands: Errands, tmp_path: Path) -> None:
    """What has begun is finished without it."""
    folder = tmp_path / "server"
    folder.mkdir()
    cases, stack = errands.start(8, "waits"), ExitStack()
    with running(folder) as server:
        command = [sys.executable, "-m", "cli", "prefect", "deploy", "--home", str(errands.folder)]
        subprocess.run(command, cwd=ROOT, env=server.environment, check=True, timeout=PATIENCE)
        stack.enter_context(worker(errands, "caseway", 2, server.environment))
        until(lambda: len(errands.seen("begin")) == 2, "two are at work")
    errands.go()
    until(lambda: len(errands.jobs()) <= 6, "those two are done")
    errands.ahead(120)  # whoever waits for the server keeps nothing back for long
    with running(folder, int(server.api.split(":")[2].removesuffix("/api"))), stack:
        until(lambda: not errands.jobs(), "all jobs are done")
    assert errands.results(cases) == [1] * 8
