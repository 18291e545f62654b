"""Files that a form asks for: taken into the case first, then named by their numbers in what was filled in."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile

from papers.state import files_of
from web.commands import submit
from web.forms import Field
from web.opened import Opened
from web.papers import AttachmentView, added, attachment, receive
from web.problems import Problem


def with_files(opened: Opened, asked: Iterable[Field], form: FormData) -> FormData:
    """The form, with the numbers of the files that came with it in their fields; those files are the case's now, of
    what is wrong with the rest too, so that nobody has to choose them twice. Raises Problem, which names the field."""
    given = [(name, value) for name, value in form.multi_items() if not name.startswith("file.")]
    for field in asked:
        sent = form.get(f"file.{field.name}")
        if field.kind == "file" and isinstance(sent, UploadFile) and sent.filename:
            number = str(_taken(opened, field, sent, str(form.get("command", ""))))
            given = [(name, value) for name, value in given if name != f"data.{field.name}"]
            given.append((f"data.{field.name}", number))
    return FormData(given)


def files_in(opened: Opened, asked: Iterable[Field], values: Mapping[str, Any]) -> dict[str, AttachmentView]:
    """The files that fields of a form hold, as far as the case has them."""
    files, number = files_of(opened.state.papers), opened.state.flow.number or opened.case
    found = {}
    for field in asked:
        held = values.get(field.name)
        if field.kind == "file" and isinstance(held, str) and held.isdecimal() and int(held) in files:
            found[field.name] = attachment(opened.desk, number, int(held), files[int(held)])
    return found


def _taken(opened: Opened, field: Field, sent: UploadFile, command: str) -> int:
    key = f"{command}-{field.name}" if command else ""

    def send(asked: Any) -> Any:
        return submit(opened.desk, opened.case, asked, id=key)

    try:
        return added(receive(opened.desk, opened.case, opened.key, sent.file, sent.filename or "", "", send))
    except Problem as problem:
        raise Problem(problem.status, problem.code, problem.detail, {field.name: problem.detail}) from problem
