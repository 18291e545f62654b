"""Plans of a house with one desk (`tests/support/desk`)."""

from pathlib import Path

from workbench.rehearsal import Plan, load

DESK = Path(__file__).parent / "desk"


def planned(
    folder: Path, *, days: int, warm_up: int = 0, replications: int = 1, every: str, minutes: str, more: int = 0,
    outcomes: str = "{done: 1}", spread: str = "random", name: str = "plan",
) -> Plan:  # fmt: skip
    """Errands that come at any time, one clerk and so many more."""
    path = folder / f"{name}.yaml"
    path.write_text(
        f"begin: 2026-03-02\ndays: {days}\nwarm_up: {warm_up}\nreplications: {replications}\nprocesses: {DESK}\n"
        f"arrivals:\n  errand: {{every: {every}, hours: always, spread: {spread}, data: {{}}}}\n"
        f"steps:\n  errand:\n    serve: {{minutes: {minutes}, outcomes: {outcomes}}}\n"
        + (f"staff: {{more: {{ann: {more}}}}}\n" if more else ""),
        encoding="utf-8",
    )
    return load(path)
