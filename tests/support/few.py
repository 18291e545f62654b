"""The two oldest procedures alone: what tests of pages and commands work with need not compile thirty more."""

from pathlib import Path

FEW = ("claims", "complaint", "house")


def few(processes: Path) -> Path:
    """The folder, with nothing but these procedures left in it; what lies beside them stays."""
    for file in processes.glob("*.yaml"):
        if file.stem not in FEW:
            file.unlink()
    return processes
