"""Whether the files of all cases are there, open, and are what the history says; which files no case names; and the end
of one that was removed."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bootstrap import Caseway
from engine.runtime.cipher import VaultError

PAGE = 500
_CASES = "SELECT id, number, key FROM cases WHERE id > ? ORDER BY id LIMIT ?"
_FILES = "SELECT id, digest, size FROM attachments WHERE case_id = ? ORDER BY id"
_NAMED = "SELECT 1 FROM attachments WHERE case_id = ? AND digest = ? LIMIT 1"


@dataclass(slots=True)
class Filed:
    """What was found. `loose`: files that no case names; `taken`: those of them that were taken away."""

    attachments: int = 0
    problems: list[str] = field(default_factory=list)
    loose: int = 0
    taken: int = 0


def drop(caseway: Caseway, case: str, digest: str) -> None:
    """Takes away the content of an attachment that was removed, unless another of the case has the same."""
    if caseway.connection.one(_NAMED, (case, digest)) is not None:
        return
    key = caseway.connection.one("SELECT key FROM cases WHERE id = ?", (case,))[0]
    if key is not None:  # the files of a destroyed case are gone
        caseway.files.remove(case, caseway.vault.cipher(case, key), digest)


def examine(caseway: Caseway, before: datetime | None = None) -> Filed:
    """Reads every attachment of every case. `before`: files that no case names and that were last written before
    then are taken away; None leaves them."""
    found, after, known = Filed(), "", set[str]()
    while True:
        page = caseway.connection.all(_CASES, (after, PAGE))
        for case, number, key in page:
            known.add(caseway.files.folder_of(case))
            if key is None:
                _loose(caseway, found, caseway.files.files(case), before)
            else:
                _case(caseway, found, case, number or case, key, before)
        if len(page) < PAGE:
            break
        after = page[-1][0]
    for folder in caseway.files.folders():
        if folder not in known:
            _loose(caseway, found, caseway.files.below(folder), before)
    return found


def _case(caseway: Caseway, found: Filed, case: str, number: str, key: bytes, before: datetime | None) -> None:
    rows = caseway.connection.all(_FILES, (case,))
    there = caseway.files.files(case)
    if not rows and not there:
        return
    cipher = caseway.vault.cipher(case, key)
    named = {caseway.files.name(cipher, digest) for _, digest, _ in rows}
    for id, digest, size in rows:
        found.attachments += 1
        try:
            read, counted = hashlib.sha256(), 0
            for block in caseway.files.open(case, cipher, digest):
                read.update(block)
                counted += len(block)
            if (read.hexdigest(), counted) != (digest, size):
                found.problems.append(f"{number}, attachment {id}: is not what the history says")
        except VaultError as error:
            found.problems.append(f"{number}, attachment {id}: {error}")
    _loose(caseway, found, [path for path in there if path.name not in named], before)


def _loose(caseway: Caseway, found: Filed, paths: list[Path], before: datetime | None) -> None:
    for path in paths:
        found.loose += 1
        if before is not None and path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            found.taken += 1
