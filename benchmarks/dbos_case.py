"""The reference case in DBOS, in plain use: a workflow that waits for what people say, on PostgreSQL.

An action is the start of a workflow and each of four messages to it, kept when the call returns. The flow's own steps
are durable as DBOS makes them; the time runs until every workflow has ended. A program (`benchmarks.children`).
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS, DBOSConfig

from benchmarks.children import child
from benchmarks.installation import DATA, FILLED

CLIENTS = 16
WAIT = 600.0
"""Seconds for which a workflow waits for a message."""


@DBOS.step()
def compute(amount: str) -> dict[str, Any]:
    return {"total": float(amount) * 2}


@DBOS.step()
def decide(total: float) -> dict[str, Any]:
    return {"level": "high" if total > 100 else "low"}


@DBOS.step()
def service(data: dict[str, Any]) -> dict[str, Any]:
    return {"paid": bool(data)}


@DBOS.workflow()
def reference(data: dict[str, Any]) -> dict[str, Any]:
    data |= compute(data["claimed"])
    *_, last = FILLED
    for topic in FILLED:
        if topic == last:
            data |= decide(data["total"])
        data |= DBOS.recv(topic, WAIT) or {}
    return data | service(data)


def case() -> None:
    """The five actions of one case, and its end."""
    handle = DBOS.start_workflow(reference, dict(DATA))
    for topic, filled in FILLED.items():
        DBOS.send(handle.workflow_id, filled, topic)
    assert handle.get_result()["paid"]


def run(count: int) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(case) for _ in range(count)]:
            done.result()


def main(url: str, count: str) -> None:
    config: DBOSConfig = {
        "name": "reference", "system_database_url": url, "log_level": "ERROR", "enable_otlp": False,
        "max_executor_threads": 2 * CLIENTS, "sys_db_pool_size": CLIENTS,
    }  # fmt: skip
    DBOS(config=config)
    DBOS.launch()
    child(lambda: run(CLIENTS), lambda: run(int(count)))
    DBOS.destroy()


if __name__ == "__main__":
    main(*sys.argv[1:])
