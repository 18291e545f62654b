"""Rows that follow from the papers slice: the `attachments` table."""

from typing import Any

from engine.runtime.projection import Projection, Row
from engine.runtime.tables import micros
from papers import events as e
from papers.state import files_of
from papers.tables import AttachmentRow


def attachments() -> Projection:
    def row(state: Any, number: int) -> Row | None:
        found = files_of(state.papers).get(number)
        if found is None:
            return None
        at = micros(found.at)
        return (found.digest, found.name, found.kind, found.size, found.paper, found.by, at)

    return Projection(
        table=AttachmentRow,
        touches={event: lambda event: (event.attachment,) for event in (e.AttachmentAdded, e.AttachmentRemoved)},
        row=row,
        ids=lambda state: files_of(state.papers),
    )
