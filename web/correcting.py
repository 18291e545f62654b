"""The form on which a case's data are put right: every field that may be corrected, as it is now.

A field left as it is does not count as corrected; one that is emptied is. A secret is not shown: left empty, it stays.
"""

from typing import Any

from starlette.datastructures import FormData

from engine.core.correcting import worked_out
from engine.core.kinds import ANY, holds_secret
from papers.state import files_of
from web.forms import Choice, Field, at, data_of, fields, shown
from web.opened import Opened


def correctable(opened: Opened, posted: FormData | None = None) -> tuple[list[Field], dict[str, Any]]:
    """The fields, and what stands in each: what was posted, else what the case has."""
    desk, process, data = opened.desk, opened.process, opened.state.flow.data
    hidden = worked_out(process)
    names = [name for name in process.names if name not in hidden and not _mixed(opened, name)]
    held = [Choice(value=str(id), title=file.name) for id, file in files_of(opened.state.papers).items()]
    asked = [
        one.model_copy(update={"required": False, **({"choices": held} if one.kind == "file" else {})})
        for one in fields(desk, process, [(name,) for name in names])
    ]
    given = data_of(desk, asked, posted) if posted is not None else {}
    values = {
        one.name: shown(desk, one, None if one.secret else at(given if posted is not None else data, one.name))
        for one in asked
    }
    return asked, values


def _mixed(opened: Opened, name: str) -> bool:
    """An object that is secret in part could not be sent back whole; nor is a list of objects a field of a form."""
    kind = opened.process.names.get(name, ANY)
    return not kind.secret and (holds_secret(kind) or (kind.item is not None and kind.item.kind == "object"))


def changed(opened: Opened, form: FormData) -> dict[str, Any]:
    """The top-level fields that are not what they were, with what they are to be."""
    desk, data = opened.desk, opened.state.flow.data
    asked, before = correctable(opened)
    _, after = correctable(opened, form)
    given = data_of(desk, asked, form)
    tops = dict.fromkeys(
        one.name.split(".")[0]
        for one in asked
        if (at(given, one.name) is not None if one.secret else _plain(after[one.name]) != _plain(before[one.name]))
    )
    return {top: given.get(top) if top in given or top in data else None for top in tops}


def _plain(value: Any) -> Any:
    """What was chosen of several has no order."""
    return sorted(value) if isinstance(value, list) else value
