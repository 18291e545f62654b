"""What the program writes about itself: for people, or one JSON object a line; and what never stands there.

Theory of operation. An error's own words may hold data: a worker function that fails with `invalid literal '6222…'` has
said an account. So of an error only its kind and the places in the program are written, unless it is one of ours, which
say what is wrong without any data. That is done here, for every line of every part of the program.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from engine.runtime.cipher import VaultError
from engine.runtime.errors import StoreError

OURS = (StoreError, VaultError)
FIELDS = ("method", "route", "status", "ms", "case", "user", "command", "step", "job", "function")
"""What a line may carry beside its text."""


def begin(form: str, level: str = "info") -> None:
    """Writes to standard error from now on. form: `text` or `json`."""
    handler = logging.StreamHandler()
    handler.addFilter(discreet)
    handler.setFormatter(Lines() if form == "json" else Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn.access", "httpx", "httpcore", "alembic", "prefect", "apprise"):
        logging.getLogger(name).setLevel(logging.WARNING)


def discreet(record: logging.LogRecord) -> bool:
    """Takes the words of errors that are not ours out of a line."""
    if isinstance(record.args, tuple):
        record.args = tuple(map(_said, record.args))
    return True


def _said(value: Any) -> Any:
    return type(value).__name__ if isinstance(value, BaseException) and not isinstance(value, OURS) else value


def where(error: BaseException) -> str:
    """The kind of an error, and the places in the program that it came through; without its words."""
    frames = traceback.extract_tb(error.__traceback__)
    kind = f"{type(error).__name__}: {error}" if isinstance(error, OURS) else type(error).__name__
    return f"{kind} at " + " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))


class Text(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        text = f"{at:%Y-%m-%d %H:%M:%S}Z {record.levelname.lower()} {record.name}: {record.getMessage()}"
        beside = " ".join(f"{name}={value}" for name, value in _beside(record).items())
        fault = where(record.exc_info[1]) if record.exc_info and record.exc_info[1] else ""
        return " ".join(filter(None, (text, beside, fault)))


class Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"), "level": record.levelname.lower(), "logger": record.name,
            "text": record.getMessage(), **_beside(record),
        }  # fmt: skip
        if record.exc_info and record.exc_info[1]:
            said["error"] = where(record.exc_info[1])
        return json.dumps(said, ensure_ascii=False)


def _beside(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name in FIELDS if (value := getattr(record, name, "")) != ""}
