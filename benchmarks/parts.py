"""Where the time of one action goes: samples of what runs, counted by the part of the work that it belongs to.

A sample counts for the innermost function on the stack that PARTS knows. The shares are then laid on the time of
an action as it is without sampling.
"""

import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from benchmarks.installation import ACTIONS, Installation

EVERY = 0.0003  # seconds

PARTS = {
    ("sqlite.py", "begin"): "begin the transaction",
    ("sqlite.py", "commit"): "commit: write-ahead log, checkpoints",
    ("held.py", "load"): "read the case's row",
    ("held.py", "write"): "write the case's row and its history",
    ("projection.py", "write"): "write the rows of tasks, jobs, timers",
    ("projection.py", "project"): "derive those rows from the state",
    ("batch.py", "_open"): "state from JSON, key of the case, version of the process",
    ("form_check.py", "__call__"): "check the form against its schema",
    ("work.py", "_authorise_completion"): "who may do it, authority",
    ("machine.py", "decide"): "decide, react, apply: flow, work, clocks",
    ("history.py", "encode_row"): "row of history: encrypt, chain",
    ("batch.py", "_accept"): "command, events and answer to JSON",
    ("batch.py", "run"): "the batch around it",
    ("runner.py", "_attempt"): "the batch around it",
    ("caseway.py", "ask"): "id, queue, group commit, answer",
    ("installation.py", "case"): "the caller",
}


def show(cases: int = 1_000) -> None:
    """Prints the parts of an action of the reference case: one client, synchronous NORMAL."""
    with tempfile.TemporaryDirectory(prefix="caseway-parts-") as folder:
        ours = Installation(Path(folder), unsafe=True)
        ours.cases(100)
        action = min(_action(ours) for _ in range(30))
        seen: Counter[str] = Counter()

        def note(signum: int, frame: FrameType | None) -> None:
            while frame is not None:
                code = frame.f_code
                part = PARTS.get((code.co_filename.rpartition("/")[2], code.co_name))
                if part is not None:
                    seen[part] += 1
                    return
                frame = frame.f_back

        signal.signal(signal.SIGALRM, note)
        signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)
        for _ in range(cases):
            ours.case()
        signal.setitimer(signal.ITIMER_REAL, 0)
        ours.close()
    for part, count in seen.most_common():
        print(f"{count / seen.total() * action:7.1f} µs  {part}")
    print(f"{action:7.1f} µs  one action (CPU)")


def _action(ours: Installation, cases: int = 10) -> float:
    """Microseconds of CPU that an action takes."""
    begin = time.process_time()
    for _ in range(cases):
        ours.case()
    return (time.process_time() - begin) / cases / ACTIONS * 1e6
