"""The organisation as people change it: a whole file, or one small change, at once or by way of a second person."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import unified_diff
from typing import Any, TypeVar

import msgspec

from bootstrap import Caseway
from engine.language.problems import Problem
from engine.runtime.database import Connection
from organisation.changes import Proposal, approve, change, refuse, reject
from organisation.edits import EDITS, NotThere
from organisation.export import export
from organisation.load import load
from organisation.store import NEWEST
from organisation.store import ONE as REVISION

T = TypeVar("T")
FILE = "organisation.yaml"
_HEAD = re.compile(r"\A# organisation, revision (\d{1,15})\n")


def document(caseway: Caseway) -> tuple[int, Mapping[str, Any]]:
    """The newest revision and its document; 0 and an empty one before there is any."""
    row = caseway.connection.one(NEWEST)
    return (0, {"users": {}}) if row is None else (int(row[0]), stored(row[1]))


def stored(text: str) -> Mapping[str, Any]:
    """A document as the database has it."""
    found: Mapping[str, Any] = msgspec.json.decode(text)
    return found


def written(caseway: Caseway) -> str:
    """The organisation as a YAML file; its first line says which revision it is."""
    revision, value = document(caseway)
    return f"# organisation, revision {revision}\n{export(value)}"


def take_in(
    caseway: Caseway, text: bytes, file: str, by: str, reason: str = ""
) -> tuple[int | Proposal, tuple[Problem, ...]]:
    """Takes in a whole file, and what is doubtful in it. One that says of which revision it was made changes that
    one; another changes the newest. Raises DefinitionError, Refuse."""
    house = caseway.definitions.house()
    found, doubts = load(text, file, house if house.name else None)
    assert isinstance(found.value, dict)  # the check has seen to it
    head = _HEAD.match(text[:100].decode("utf-8", "replace"))
    base = int(head[1]) if head else document(caseway)[0]
    return submit(caseway, found.value, base, by, reason), doubts


def edit(caseway: Caseway, name: str, given: Mapping[str, Any], by: str, reason: str = "") -> int | Proposal:
    """Makes one change of `organisation.edits`. Raises DefinitionError, Refuse."""
    base, before = document(caseway)
    try:
        after = EDITS[name](before, given)
    except NotThere as error:
        raise refuse("change_unknown", what=error) from None
    house = caseway.definitions.house()
    checked, _ = load(export(after), FILE, house if house.name else None)
    assert isinstance(checked.value, dict)
    return submit(caseway, checked.value, base, by, reason)


def submit(caseway: Caseway, value: Mapping[str, Any], base: int, by: str, reason: str) -> int | Proposal:
    """Makes a checked document the next revision, or a proposal. Raises Refuse."""
    now = caseway.clock.now()
    return _in_effect(caseway, lambda connection: change(connection, value, base, by, now, reason))


def decide(caseway: Caseway, id: str, approves: bool, by: str, why: str = "") -> int | None:
    """Puts a proposal into force, and returns its revision, or turns it down. Raises Refuse."""
    now = caseway.clock.now()
    if approves:
        return _in_effect(caseway, lambda connection: approve(connection, id, by, now, why))
    return _in_effect(caseway, lambda connection: reject(connection, id, by, now, why))


def _in_effect(caseway: Caseway, run: Callable[[Connection], T]) -> T:
    """Writes, and lets what follows happen at once: leavers' work moves, work is pushed to who is there now."""
    result = caseway.runner.write(run)
    caseway.directories.refresh()
    caseway.staffing.run(caseway.directory, caseway.clock.now())
    return result


def difference(caseway: Caseway, proposal: Proposal) -> str:
    """What a proposal changes, as lines of the YAML file that go (-) and come (+)."""
    base = caseway.connection.one(REVISION, (proposal.base,))
    before = export(stored(base[1])) if base else ""
    lines = unified_diff(before.splitlines(), export(proposal.document).splitlines(), lineterm="", n=0)
    return "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))


def amount_of(text: str) -> Decimal | int | None:
    """An amount as people write it; None for none. Raises ValueError for what is none."""
    if not text.strip():
        return None
    try:
        found = Decimal(text.replace(",", "").strip())
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not found.is_finite() or found < 0 or found.adjusted() > 17:  # more digits than any sum of money
        raise ValueError(text)
    return int(found) if found == found.to_integral_value() else found
