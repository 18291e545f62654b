"""What an installation does and what waits in it, as Prometheus reads it.

Theory of operation. Commands are counted where batches run, requests where they are answered; both only add to numbers
in the memory. What waits is counted in the database when somebody asks, at most every `FRESH` seconds. Nothing here
names a person, a customer or a case.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bootstrap.caseway import Caseway
from engine.core.commands import Refusal
from engine.runtime.answers import Accepted
from engine.runtime.batch import Item
from engine.runtime.errors import StoreError
from engine.runtime.tables import micros

FRESH = 15.0
"""Seconds for which what waits is not counted again."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

_COUNTS = {
    "tasks": ("Open tasks.", "queue", "SELECT queue, count(*) FROM tasks WHERE closed_at IS NULL GROUP BY queue"),
    "open_cases": (
        "Cases that have not ended.", "process",
        "SELECT process, count(*) FROM cases WHERE status <> 'ended' GROUP BY process",
    ),
    "incidents": ("Steps that wait for somebody to mend something.", "process",
        "SELECT process, count(*) FROM incidents JOIN cases ON cases.id = case_id GROUP BY process"),
    "jobs": ("Service work that is open.", "function", "SELECT function, count(*) FROM jobs GROUP BY function"),
    "dispatches": (
        "Notices on their ways to people: to be sent, or given up.", "state",
        "SELECT state, count(*) FROM dispatches WHERE state IN ('pending', 'dead') GROUP BY state",
    ),
}  # fmt: skip
"""By name: what it says, the label, and how it is counted."""
_LATE = {
    "timers": "SELECT min(due) FROM timers WHERE held_until IS NULL",
    "inbox": "SELECT min(due) FROM inbox",
    "messages": "SELECT min(due) FROM messages WHERE due IS NOT NULL",
    "jobs": "SELECT min(due) FROM jobs",
    "notices": "SELECT min(due) FROM outbox WHERE sent_at IS NULL",
    "dispatches": "SELECT min(due) FROM dispatches WHERE state = 'pending'",
}
"""By kind of work: when the longest waiting came due."""


class Metrics:
    """The figures of one program. May be used from any thread."""

    def __init__(self, caseway: Caseway) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.commands = Counter("caseway_commands", "Commands answered.", ("command", "answer"), registry=self.registry)
        self.batches = Histogram(
            "caseway_batch_seconds", "From a batch's begin to its commit.", buckets=SECONDS, registry=self.registry
        )
        self.sizes = Histogram(
            "caseway_batch_commands", "Commands committed together.", buckets=SIZES, registry=self.registry
        )
        self.requests = Histogram(
            "caseway_http_seconds", "Requests answered.", ("method", "route", "status"),
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.registry.register(Waiting(caseway))
        caseway.runner.observe(self.batch)

    def request(self, method: str, route: str, status: int, began: int, ended: int) -> None:
        """See `web.measured.Watch`."""
        self.requests.labels(method, route, str(status)).observe((ended - began) / 1e9)

    def batch(self, tasks: Sequence[Any], results: Sequence[Any], began: int, ended: int) -> None:
        """See `engine.runtime.runner.Observer`."""
        self.batches.observe((ended - began) / 1e9)
        self.sizes.observe(len(tasks))
        for task, result in zip(tasks, results, strict=True):
            if type(task) is Item:
                self.commands.labels(type(task.request.command).__name__, _answer(result)).inc()


def _answer(result: Any) -> str:
    if isinstance(result, Accepted):
        return "accepted"
    return "refused" if isinstance(result, Refusal) else "failed"


class Waiting(Collector):
    """Counts what waits, when it is asked for."""

    def __init__(self, caseway: Caseway) -> None:
        self._caseway = caseway
        self._lock = threading.Lock()
        self._counted: list[GaugeMetricFamily] = []
        self._at = -FRESH

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []  # what there is shows when it is counted; not counted for registering

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._lock:
            if time.monotonic() - self._at >= FRESH:
                try:
                    self._counted = list(self._count(self._caseway.clock.now()))
                    up = 1
                except StoreError:
                    self._counted, up = [], 0
                self._counted.append(
                    GaugeMetricFamily("caseway_database_up", "1 where the database could be read.", value=up)
                )
                self._at = time.monotonic()
            yield from self._counted

    def _count(self, now: datetime) -> Iterator[GaugeMetricFamily]:
        connection = self._caseway.database.connect()
        try:
            for name, (says, label, sql) in _COUNTS.items():
                found = GaugeMetricFamily(f"caseway_{name}", says, labels=(label,))
                for value, count in connection.all(sql):
                    found.add_metric((value,), count)
                yield found
            late = GaugeMetricFamily(
                "caseway_late_seconds", "How long the longest waiting work is due.", labels=("kind",)
            )
            for kind, sql in _LATE.items():
                if kind == "notices" and not self._caseway.home.channels.exists():
                    continue  # nobody delivers them, and none is late
                (due,) = connection.one(sql)
                late.add_metric((kind,), max(0, micros(now) - due) / 1e6 if due is not None else 0)
            yield late
        finally:
            connection.close()
