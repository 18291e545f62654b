"""`make bench`: measures, shows a table, writes build/bench.json. `--quick` for a first look (on less data)."""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import parts
from benchmarks.measures import (
    FULL,
    QUICK,
    actions,
    checks,
    deadlines,
    handlers,
    postgres,
    prefect,
    recounts,
    rehearsal,
    reports,
    stored,
)

OUT = Path("build") / "bench.json"

# What each value has to be: at least, or at most. The others are reported.
BOUNDS = {
    "actions_one_client_full_vs_raw": (">=", 0.50),
    "actions_one_client_normal_vs_raw": (">=", 0.35),
    "actions_16_clients_full_vs_raw": (">=", 1.1),
    "actions_vs_spiffworkflow": (">=", 6.0),
    "growth_1m_vs_10k": (">=", 0.7),
    "claim_next_1m_p99_vs_raw": ("<=", 2.5),
    "timers_1m_vs_raw": ("<=", 3.0),
    "deadline_us": ("<=", 20.0),
    "clocks_rebased_s": (">=", 50_000.0),
    "clocks_rebased_stored_s": (">=", 5_000.0),
    "lint_s": ("<=", 5.0),
    "inbox_1m_p95_ms": ("<=", 50.0),
    "floor_1m_p95_ms": ("<=", 150.0),
    "report_pages_1m_p95_ms": ("<=", 300.0),
    "http_complete_p95_ms": ("<=", 250.0),
    "pg_actions_16_clients_vs_raw": (">=", 0.8),
    "pg_two_processes_vs_one": (">=", 1.0),
    "pg_claim_next_1m_p99_vs_raw": ("<=", 1.5),
    "pg_queue_list_1m_p99_ms": ("<=", 2.0),
    "prefect_jobs_s": (">=", 60.0),
}
MEASURES = {
    "actions": actions,
    "stored": stored,
    "handlers": handlers,
    "reports": reports,
    "deadlines": deadlines,
    "recounts": recounts,
    "lint": checks,
    "prefect": prefect,
    "postgres": postgres,
    "rehearsal": rehearsal,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look, on less data")
    parser.add_argument("--only", choices=MEASURES, action="append", help="some of the measures")
    parser.add_argument("--folder", type=Path, help="where the databases lie meanwhile (about 10 GB)")
    parser.add_argument("--parts", action="store_true", help="only show where the time of one action goes")
    given = parser.parse_args()
    if given.parts:
        parts.show()
        return
    size = QUICK if given.quick else FULL
    results: dict[str, Any] = {}
    begin = time.monotonic()
    try:
        for name in given.only or MEASURES:
            folder = Path(tempfile.mkdtemp(prefix="caseway-bench-", dir=given.folder))
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            try:
                for value, reached, figures in MEASURES[name](folder, size):
                    results[value] = _result(value, reached, figures)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:  # what was measured before something failed is not lost
        _show(results, time.monotonic() - begin)
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps({**results, "about": _about(size)}, indent=2) + "\n")
        print(f"written: {OUT}")


def _result(name: str, reached: float, figures: dict[str, list[float]]) -> dict[str, Any]:
    way, bound = BOUNDS.get(name, ("", 0.0))
    met = not way or (reached >= bound if way == ">=" else reached <= bound)
    rounded = {one: [round(value, 6) for value in values] for one, values in figures.items()}
    return {"value": round(reached, 3), "bound": way and f"{way} {bound:g}", "met": met, "rounds": rounded}


def _show(results: dict[str, Any], took: float) -> None:
    for name, result in results.items():
        word = "NOT MET" if not result["met"] else "met" if result["bound"] else "reported"
        print(f"{name:36} {result['value']:9.3f}   {result['bound']:8} {word}")
    print(f"({took / 60:.1f} minutes)")


def _about(size: object) -> dict[str, Any]:
    """On what it was measured."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "machine": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "size": str(size),
    }


if __name__ == "__main__":
    main()
