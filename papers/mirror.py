"""The field of the data that holds the names of the papers that are needed and not here, kept in step."""

from typing import Any

from engine.core.data import write
from engine.core.machine import Turn
from papers.model import Checklist
from papers.state import OPEN, lines_of


def field(turn: Turn, checklist: Checklist) -> list[str]:
    found: Any = turn.state.flow.data
    for name in checklist.field:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []


def mirror(turn: Turn, checklist: Checklist) -> None:
    """Brings the field into step with the list."""
    lines = lines_of(turn.state.papers)
    missing = [name for name in checklist.lines if name in lines and lines[name].status in OPEN]
    if missing != field(turn, checklist):
        write(turn, 0, {".".join(checklist.field): missing})
