"""What watches over a running program finds: health, figures, log lines, traces; and none of it tells a secret."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest

from bootstrap.metrics import Metrics
from bootstrap.traces import Traces
from console import logs
from engine.runtime.errors import StoreError
from tests.web.conftest import CHEAP, Town
from web.app import create_app

SECRET = "11010119900101123X"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the log says, as JSON."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.begin("json", "info")
    stream = io.StringIO()
    root.handlers[0].setStream(stream)  # type: ignore[attr-defined]  # it is the stream handler made by `begin`
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_health_is_told_to_anybody_and_tells_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = town.browser()
    assert visitor.get("/health/live").json() == {"status": "live"}
    ready = visitor.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["durability"] in ("full", "unsafe") and ready.json()["worker"] == "elsewhere"
    town.caseway.sweep()
    assert visitor.get("/health/ready").json()["worker"] == "here"

    def broken(database: object) -> None:
        raise StoreError("The database at 10.0.0.1 is gone.")

    monkeypatch.setattr("web.health.check_schema", broken)
    gone = visitor.get("/health/ready")
    assert gone.status_code == 503 and gone.json()["status"] == "database" and "10.0.0.1" not in gone.text


def test_a_worker_that_is_stuck_is_not_ready(town: Town) -> None:
    town.caseway.sweep()
    town.clock.advance(timedelta(minutes=3))
    answer = town.browser().get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "worker")


def test_figures_say_what_was_done_and_what_waits(town: Town) -> None:
    metrics = Metrics(town.caseway)
    town.app = create_app(town.caseway, hasher=CHEAP, watches=[metrics])
    number = town.claim()
    town.browser().get(f"/cases/{number}")
    said = generate_latest(metrics.registry).decode()
    assert 'caseway_commands_total{answer="accepted",command="StartCase"} 1.0' in said
    assert 'caseway_open_cases{process="claims"} 1.0' in said
    assert "caseway_database_up 1.0" in said and 'caseway_late_seconds{kind="timers"}' in said
    assert 'route="/cases/{number}"' in said
    assert number not in said and SECRET not in said


def test_a_database_that_is_gone_shows_in_the_figures(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise StoreError("gone")

    metrics = Metrics(town.caseway)
    monkeypatch.setattr(town.caseway.database, "connect", gone)
    assert "caseway_database_up 0.0" in generate_latest(metrics.registry).decode()


def test_a_request_is_one_line_with_its_case(town: Town, written: io.StringIO) -> None:
    number = town.claim()
    town.browser("lu_yao").get(f"/cases/{number}?q={SECRET}")
    found = [line for line in lines(written) if line.get("route") == "/cases/{number}"]
    assert len(found) == 1
    assert (found[0]["case"], found[0]["user"], found[0]["status"]) == (number, "lu_yao", 200)
    assert SECRET not in written.getvalue()


def test_the_words_of_an_error_are_not_in_the_log(town: Town, written: io.StringIO) -> None:
    log = logging.getLogger("tasks.serving")
    try:
        int(SECRET)
    except ValueError as error:
        log.info("job %s: %r", "k", error)
        log.exception("it failed")
    log.error("the database: %s", StoreError("The disk is full.", "Make room."))
    assert SECRET not in written.getvalue()
    first, second, third = lines(written)
    assert first["text"] == "job k: 'ValueError'" and second["error"].startswith("ValueError at ")
    assert third["text"] == "the database: The disk is full. Make room."


def test_traces_tell_what_was_done_without_data(town: Town) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traces = Traces(provider)
    town.caseway.runner.observe(traces.batch)
    town.app = create_app(town.caseway, hasher=CHEAP, watches=[traces])
    number = town.claim()
    town.browser().get(f"/cases/{number}")
    names = {span.name: span for span in exporter.get_finished_spans()}
    assert names["StartCase"].attributes is not None and names["StartCase"].attributes["caseway.commands"] == 1
    assert "GET /cases/{number}" in names
    assert SECRET not in "".join(span.to_json() for span in names.values())


def test_who_asks_too_often_is_told_when_to_come_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.app = create_app(town.caseway, hasher=CHEAP, rate=0.5)
    for now, expected in ((100.0, [200, 200, 429]), (102.0, [200, 429]), (200.0, [200, 200, 429])):
        monkeypatch.setattr("web.limits.monotonic", lambda now=now: now)
        found = [town.browser().get("/api/openapi.json") for _ in expected]
        assert [answer.status_code for answer in found] == expected
    assert found[-1].headers["Retry-After"] == "1" and found[-1].json()["code"] == "too_many"
    assert town.browser().get("/health/live").status_code == 200


def test_when_too_many_wait_further_ones_are_turned_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.limits.WAITING", -1)
    busy = town.browser().get("/api/openapi.json")
    assert busy.status_code == 503 and busy.headers["Retry-After"] == "2"
