"""Rows of an intake file as cases: one transaction for a batch, each row answered by itself."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from bootstrap import Asked, Caseway
from engine.core.commands import Refusal, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import derived_id
from workbench.intake import IntakeError, Row

_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
"""Ids begin with a moment; those of a file's rows with this one, whenever it is taken in."""


def starter(caseway: Caseway, process: str, actor: str, file: Path) -> Callable[[list[Row]], Iterable[str | Exception]]:
    """Starts the cases of a file's rows. Their ids follow from the file's content and the line, so that a file
    taken in twice starts nothing twice."""
    try:
        digest = sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise IntakeError(f"{file}: {error.strerror}") from None

    def start(rows: list[Row]) -> Iterable[str | Exception]:
        asked = []
        for row in rows:
            case = derived_id(_SINCE, row.line, digest)
            ground = f"file {file.name[:100]}, line {row.line}"
            asked.append(Asked(case, StartCase(process, dict(row.data)), ground, case))
        for answer in caseway.ask_many(asked, actor):
            yield answer.number if isinstance(answer, Accepted) else ValueError(said(answer))

    return start


def said(answer: object) -> str:
    if isinstance(answer, Refusal) and answer.fields:
        told = ((path, text.get("zh") or text.get("en", "")) for path, text in answer.fields.items())
        return "; ".join(f"{path}: {text}" if path else text for path, text in told)
    return answer.said("zh") if isinstance(answer, Refusal) else str(getattr(answer, "text", answer))
