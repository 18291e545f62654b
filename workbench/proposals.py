"""Definitions that one person proposes and another deploys.

Theory of operation. A proposal holds the files that change. Together with what is in force they are compiled at
once: what does not compile is not kept, its problems are the answer. What is kept names every version that
approving it will deploy, so that what is approved is what was looked at: if meanwhile one of these definitions was
deployed by others, or the same files have come to mean other versions, the proposal is stale and has to be made
again. Approving deploys and notes the decision in one transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from bootstrap import Caseway
from engine.core.commands import Refuse
from engine.language.files import Bundle, Files
from engine.runtime.clock import new_id
from engine.runtime.database import Connection
from engine.runtime.definitions import HOUSE, Definitions
from engine.runtime.deploy import Outcome, compiled, deploy
from engine.runtime.runner import Runner
from engine.runtime.sources import load
from engine.runtime.tables import micros, moment
from tasks.steering import EVERY_CASE
from workbench.linting import lint

INSERT = (
    "INSERT INTO proposed_deployments "
    "(id, base, proposed_at, proposed_by, reason, in_force_from, files, versions, state) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'proposed')"
)
COLUMNS = (
    "id, base, proposed_at, proposed_by, reason, in_force_from, files, versions, state, decided_at, decided_by, why"
)
ONE = f"SELECT {COLUMNS} FROM proposed_deployments WHERE id = ?"
_NEWEST_FIRST = "ORDER BY proposed_at DESC, id DESC LIMIT ?"
_OF_STATE = (
    f"SELECT * FROM (SELECT {COLUMNS} FROM proposed_deployments WHERE state = ? AND (proposed_at, id) < (?, ?) "
    f"{_NEWEST_FIRST}) AS part"
)
DECIDE = (
    "UPDATE proposed_deployments SET state = ?, decided_at = ?, decided_by = ?, why = ? "
    "WHERE id = ? AND state = 'proposed'"
)
NEWEST = "SELECT coalesce(max(number), 0) FROM deployments"
KEEP = "UPDATE proposed_deployments SET files = ? WHERE id = ? AND state = 'proposed'"
SCENARIOS = "scenarios/"
"""Where files lie that go with a proposal to show what it does: they are read by whoever decides, and not deployed."""
MOST_SCENARIOS = 20
MOST = 100
"""Proposals on a page at most."""
WHICH: Mapping[str, Sequence[str]] = {"open": ("proposed",), "decided": ("approved", "rejected")}
"""The lists of proposals, each with the states in it."""
Place = tuple[int, str]
"""Where a page of proposals begins: when one was made, in microseconds, and its id."""
FIRST: Place = (2**62, "")
KINDS = ("house", "calendar", "process")


TEXTS: Mapping[str, tuple[str, str]] = {
    "proposal.reason": ("请说明修改理由。", "Say why it is changed."),
    "proposal.why": ("请说明理由。", "Say why."),
    "proposal.past": ("生效时间不能早于现在。", "It cannot be in force before it is made: give a moment from now on."),
    "proposal.house": ("尚无机构配置 house.yaml，请一并上传。", "There is no house.yaml yet: upload it too."),
    "proposal.same": (
        "与生效的版本相同，没有需要部署的内容。",
        "This is what is in force already: there is nothing to deploy.",
    ),
    "proposal.unused": ("没有流程使用这些文件：{files}", "No process uses these files: {files}"),
    "proposal.scenarios": ("一份申请最多附 {most} 个场景。", "At most {most} scenarios go with a proposal."),
    "proposal.unknown": ("没有这份申请。", "There is no such proposal."),
    "proposal.decided": ("该申请已经处理。", "It has been decided already."),
    "proposal.own": ("由你提交，须由另一人批准。", "You proposed this: another person must approve it."),
    "proposal.stale": (
        "提交之后，有关的定义已被更改，不能再批准：请撤回后重新提交。",
        "What it changes has been changed by others since: it cannot be approved any more. Propose it again.",
    ),
}
"""Why something cannot be done with a proposal, in Chinese and English."""

DESIGNS = frozenset({"designer"}) | EVERY_CASE
"""Roles that propose definitions, and that approve what another has proposed."""


def designs(caseway: Caseway, user: str) -> bool:
    """Whether the user may propose definitions and approve another's."""
    return not DESIGNS.isdisjoint(caseway.directory.roles(user))


def _refuse(code: str, **facts: object) -> Refuse:
    zh, en = (text.format(**facts) for text in TEXTS[code])
    return Refuse(code, zh, en)


class Made(msgspec.Struct, frozen=True):
    """One definition that a proposal deploys; `before` is the version that it replaces, "" for none."""

    kind: str
    name: str
    version: str
    path: str
    before: str

    @property
    def changes(self) -> bool:
        return self.version != self.before


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal. `start`: from when it is to be in force, None for from its approval."""

    id: str
    base: int
    at: datetime
    by: str
    reason: str
    start: datetime | None
    files: Mapping[str, bytes]
    made: Sequence[Made]
    state: str
    decided_at: datetime | None
    decided_by: str
    why: str

    @property
    def deployed(self) -> Mapping[str, bytes]:
        """Its files without the scenarios."""
        return {path: content for path, content in self.files.items() if not path.startswith(SCENARIOS)}


def in_force(definitions: Definitions) -> dict[str, bytes]:
    """The files of everything in force. Where two definitions have a file in two forms, the newer one's counts."""
    newest: list[tuple[int, Mapping[str, bytes]]] = []
    for kind in KINDS:
        for name, version in definitions.names(kind).items():
            number = max(row.number for row in definitions.history(kind, name) if row.version == version)
            bundle = definitions.bundle(kind, name, version)
            if bundle is not None:
                newest.append((number, bundle.contents))
    found: dict[str, bytes] = {}
    for _, contents in sorted(newest, key=lambda one: one[0]):
        found.update(contents)
    return found


def propose(
    definitions: Definitions, runner: Runner, files: Mapping[str, bytes], by: str, at: datetime, reason: str,
    start: datetime | None = None,
) -> Proposed:  # fmt: skip
    """Keeps files as a proposal. Raises DefinitionError with every problem (of the deep checks, too), Refuse,
    StoreError."""
    if not reason.strip():
        raise _refuse("proposal.reason")
    if start is not None and start < at:
        raise _refuse("proposal.past")
    tree = {**in_force(definitions), **files}
    if HOUSE not in tree:
        raise _refuse("proposal.house")
    made = _made(definitions, tree, files) if files else []
    if not any(one.changes for one in made):
        raise _refuse("proposal.same")
    changed = [one.path for one in made if one.kind == "process" and one.changes]
    compiler: Any = definitions.compiler
    # Everything in force is looked at with it: what one process no longer sends or catches shows in another.
    every = sorted({*changed, *(f"{name}.yaml" for name in definitions.names())})
    lint(compiler, Bundle(tree), every).refuse()
    id = new_id(at)
    stored = msgspec.json.encode(dict(files)).decode()
    versions = msgspec.json.encode(made).decode()

    def keep(connection: Connection) -> int:
        base = int(connection.one(NEWEST)[0])
        values = (id, base, micros(at), by, reason.strip(), None if start is None else micros(start), stored, versions)
        connection.run(INSERT, values)
        return base

    base = runner.write(keep)
    return Proposed(id, base, at, by, reason.strip(), start, files, made, "proposed", None, "", "")


def differing(definitions: Definitions, files: Files, only: Collection[str] = ()) -> dict[str, bytes]:
    """The files of a folder, as far as its definitions use them (`only` these, if any are named), that are not in force
    as they are. Raises DefinitionError with every problem."""
    now = in_force(definitions)
    found = {path: text for one in compiled(definitions, files, only).values() for path, text in one.contents.items()}
    return {path: content for path, content in found.items() if now.get(path) != content}


def approve(definitions: Definitions, connection: Connection, id: str, by: str, at: datetime, why: str = "") -> Outcome:
    """Deploys a proposal. Raises Refuse, DefinitionError, StoreError; then nothing was changed.

    Whether `by` has the right is the caller's to see to; that it is not the proposer is seen to here.
    """
    found = _open(connection, id)
    if by == found.by:
        raise _refuse("proposal.own")
    tree = {**in_force(definitions), **found.deployed}
    if stale(definitions, found) or _made(definitions, tree, found.deployed) != list(found.made):
        raise _refuse("proposal.stale")

    def note(connection: Connection) -> None:
        if connection.run(DECIDE, ("approved", micros(at), by, why.strip(), id)) != 1:
            raise _refuse("proposal.decided")

    return deploy(
        definitions, Bundle(tree), at, f"{found.by}, {by}", only=affected(definitions, tree, found.deployed),
        in_force_from=max(found.start or at, at), also=note,
    )  # fmt: skip


def keep_scenario(runner: Runner, id: str, path: str, text: str) -> None:
    """Has a scenario go with an open proposal, below `SCENARIOS`; one of the same name gives way. Raises Refuse."""

    def note(connection: Connection) -> None:
        files = {**_open(connection, id).files, f"{SCENARIOS}{path}": text.encode()}
        if sum(each.startswith(SCENARIOS) for each in files) > MOST_SCENARIOS:
            raise _refuse("proposal.scenarios", most=MOST_SCENARIOS)
        connection.run(KEEP, (msgspec.json.encode(files).decode(), id))

    runner.write(note)


def reject(runner: Runner, id: str, by: str, at: datetime, why: str) -> None:
    """Turns a proposal down; who made it may take it back so. Raises Refuse."""
    if not why.strip():
        raise _refuse("proposal.why")

    def note(connection: Connection) -> None:
        _open(connection, id)
        connection.run(DECIDE, ("rejected", micros(at), by, why.strip(), id))

    runner.write(note)


def decide(caseway: Caseway, id: str, approves: bool, by: str, why: str) -> None:
    """Approves or turns down, now. Raises Refuse, DefinitionError, StoreError."""
    now, why = caseway.clock.now(), why[:1000]
    if approves:
        approve(caseway.definitions, caseway.connection, id, by, now, why)
    else:
        reject(caseway.runner, id, by, now, why)


def one(connection: Connection, id: str) -> Proposed | None:
    row = connection.one(ONE, (id,))
    return None if row is None else _proposed(row)


def listed(connection: Connection, which: str = "open", after: Place = FIRST, limit: int = MOST) -> list[Proposed]:
    """Proposals of one of the lists in `WHICH` that were made before a place, the newest first."""
    states = WHICH[which]
    parts = " UNION ALL ".join([_OF_STATE] * len(states))
    given = [value for state in states for value in (state, *after, limit)]
    rows = connection.all(f"SELECT * FROM ({parts}) AS page {_NEWEST_FIRST}", [*given, limit])
    return [_proposed(row) for row in rows]


def waiting(connection: Connection) -> list[Proposed]:
    """Those that wait for a second person, the newest first, at most `MOST`."""
    return listed(connection)


def stale(definitions: Definitions, found: Proposed) -> bool:
    """Whether one of the definitions that it changes has been deployed since."""
    return any(
        row.number > found.base and row.version != made.before
        for made in found.made
        for row in definitions.history(made.kind, made.name)
    )


def affected(definitions: Definitions, tree: Mapping[str, bytes], files: Collection[str]) -> list[str]:
    """The main files of the processes that these files bear on; all of them where the house or a calendar changes."""
    main = {name for name in tree if "/" not in name and name.endswith(".yaml") and name != HOUSE}
    shared = {HOUSE, *(calendar.file for calendar in definitions.house().calendars.values())}
    if not shared.isdisjoint(files):
        return sorted(main)
    found = main.intersection(files)
    connection = definitions.connect()
    try:
        for name, version in definitions.names("process").items():
            sources = load(connection, ("process", name, version))
            if sources is not None and not sources.contents.keys().isdisjoint(files):
                found.add(sources.path)
    finally:
        connection.close()
    return sorted(found)


def _made(definitions: Definitions, tree: Mapping[str, bytes], files: Collection[str]) -> list[Made]:
    only = affected(definitions, tree, files)
    if not only:
        raise _refuse("proposal.unused", files=", ".join(sorted(files)))
    keys = compiled(definitions, Bundle(tree), only)
    unused = set(files).difference(*(sources.contents for sources in keys.values()))
    if unused:
        raise _refuse("proposal.unused", files=", ".join(sorted(unused)))
    return [
        Made(kind, name, version, sources.path, definitions.names(kind).get(name, ""))
        for (kind, name, version), sources in keys.items()
    ]


def _open(connection: Connection, id: str) -> Proposed:
    found = one(connection, id)
    if found is None:
        raise _refuse("proposal.unknown")
    if found.state != "proposed":
        raise _refuse("proposal.decided")
    return found


def _proposed(row: Any) -> Proposed:
    id, base, at, by, reason, start, files, versions, state, decided_at, decided_by, why = row
    return Proposed(
        id, base, moment(at), by, reason, None if start is None else moment(start),
        msgspec.json.decode(files, type=dict[str, bytes]), msgspec.json.decode(versions, type=list[Made]), state,
        None if decided_at is None else moment(decided_at), decided_by or "", why or "",
    )  # fmt: skip
