"""Adds histories to the corpus: `python -m tests.corpus.make 2` writes those of today's scenarios as generation 2.

Run once for every release that writes events in a new way. What is in the corpus is never written again (R12).
"""

import gzip
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from bootstrap import SHIPPED, Caseway, Home
from engine.language.source import read
from engine.runtime import history
from engine.runtime.clock import VirtualClock
from workbench import playing, scenarios

HERE = Path(__file__).parent


def main(generation: str) -> None:
    target = HERE / f"generation-{generation}.jsonl.gz"
    if target.exists():
        sys.exit(f"{target.name} is there: what is in the corpus is never written again")
    with tempfile.TemporaryDirectory() as place, gzip.open(target, "wb") as out:
        pattern = Path(place) / "pattern"
        scenarios.set_up(pattern, SHIPPED)
        for file in scenarios.files_of([SHIPPED / "scenarios"]):
            for line in lines(file, pattern, Path(place)):
                out.write(line + b"\n")


def lines(file: Path, pattern: Path, place: Path) -> list[bytes]:
    """A line for each case that a scenario has left: its events, command by command, and its state."""
    written: Any = read(file.read_bytes(), file.name).value
    clock = VirtualClock(playing.moment_of(written["at"]))
    with scenarios.copied(pattern, place) as folder, Caseway(Home(folder), clock, unsafe=True) as caseway:
        problems: list[str] = []
        playing.Play(caseway, clock, written, problems).run()
        assert not problems, problems
        found = []
        for case, state in caseway.connection.all("SELECT id, state FROM cases ORDER BY id"):
            rows = history.read(caseway.database, caseway.vault, case)
            events = [msgspec.Raw(row.events) for row in rows]
            entry = {"scenario": f"{file.parent.name}/{file.stem}", "state": state, "events": events}
            found.append(msgspec.json.encode(entry))
    return found


if __name__ == "__main__":
    main(sys.argv[1])
