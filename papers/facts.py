"""What expressions and notices may read of a case's papers: `checklist`."""

from collections.abc import Callable
from typing import Any

from engine.core.env import Versions
from engine.core.kinds import BOOL, TEXT, Type, list_of, object_of
from papers.model import checklist_of
from papers.state import RECEIVED, lines_of

NAME = "checklist"
_TITLE = object_of({"zh": TEXT, "en": TEXT})
TYPES: dict[str, Type] = {
    NAME: object_of(
        {
            "complete": BOOL,
            "missing": list_of(object_of({"name": TEXT, "title": Type("object", TEXT, _TITLE.fields), "note": TEXT})),
            "received": list_of(TEXT),
        }
    )
}
"""complete: nothing is needed that is not here. missing: what is, each with its title in each language, and why it
came back. received: the names of what is here."""


def checklist(versions: Versions | None) -> Callable[[Any], Any]:
    """What reads it from a case's state; nothing for a process without papers. What is missing is taken from the
    field of the data: a form that has just been completed is ahead of the list."""

    def read(state: Any) -> Any:
        flow = state.flow
        process = versions.process(flow.process, flow.version) if versions is not None else None
        found = checklist_of(process) if process is not None else None
        if found is None:
            return None
        value: Any = flow.data
        for name in found.field:
            value = value.get(name) if isinstance(value, dict) else None
        missing = [name for name in value or () if name in found.lines]
        lines = lines_of(state.papers)
        return {
            "complete": not missing,
            "missing": [
                {
                    "name": name,
                    "title": dict(found.lines[name].title),
                    "note": lines[name].reason or None if name in lines else None,
                }
                for name in missing
            ],
            "received": [name for name in found.lines if name in lines and lines[name].status == RECEIVED],
        }

    return read
