"""The full lint of what is shipped, as a designer runs it: the command from its start to its end, with the people."""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.rounds import Figures, interleaved

PROCESSES = Path(__file__).parent.parent / "processes"
COMMAND = (
    sys.executable, "-m", "cli", "lint", str(PROCESSES), "--organisation",
    str(PROCESSES / "samples" / "organisation.yaml"),
)  # fmt: skip


def lint(rounds: int) -> tuple[float, Figures]:
    """Seconds of CPU: the median over the rounds, and each of them. Raises CalledProcessError if there are errors."""
    figures = interleaved({"lint": _once}, rounds)
    return median(figures["lint"]), figures


def _once() -> float:
    before = os.times()
    subprocess.run(COMMAND, check=True, capture_output=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system
