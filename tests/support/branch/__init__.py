"""A small branch office whose processes come through every part of the store: definitions, people, a day's start."""

from datetime import UTC, datetime
from pathlib import Path

from bootstrap import Caseway

FOLDER = Path(__file__).parent
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""


def settle_in(app: Caseway) -> None:
    """Deploys the branch's processes and loads its people."""
    app.deploy(FOLDER, "ann")
    app.load_organisation(FOLDER / "people" / "organisation.yaml", "ann")
