"""Pages of lists that are at hand whole: those of one house, one organisation. Cut by key, as those of the database."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from web.problems import Problem

Item = TypeVar("Item")
Key = tuple[str | int, ...]
"""Where an entry stands in its list: no two the same."""


def paged(items: Iterable[Item], key: Callable[[Item], Key], after: str, limit: int) -> tuple[list[Item], str | None]:
    """The entries that follow a place, in the order of their keys, and where the next page begins. Raises Problem for
    a place that is none."""
    ordered = sorted(items, key=key)
    if after:
        place = _read(after)
        try:
            ordered = [one for one in ordered if key(one) > place]
        except TypeError as error:
            raise _none(after) from error
    return ordered[:limit], _write(key(ordered[limit - 1])) if len(ordered) > limit else None


def after_of(last: Key) -> str:
    """A place, as a link carries it, of a list that the database cuts."""
    return _write(last)


def place(after: str) -> tuple[int, str] | None:
    """A place in a list by moment and id; None for its beginning. Raises Problem for what is none."""
    if not after:
        return None
    match _read(after):
        case (int(at), str(id)) if 0 <= at < 2**62:
            return at, id
        case _:
            raise _none(after)


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _read(text: str) -> Key:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return tuple(msgspec.json.decode(raw, type=list[str | int]))
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise _none(text) from error


def _none(text: str) -> Problem:
    return Problem(400, "cursor", f"there is no such page: {text[:40]}")
