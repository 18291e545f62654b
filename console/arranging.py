"""`user` and `queue`, the part that changes the organisation: at once, or by way of a second person."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from console.handling import queue_commands
from console.options import (
    HERE,
    AsOption,
    DatabaseOption,
    HomeOption,
    acting,
    arranging,
    opened,
    placed,
    refuse,
    tell_problems,
)
from console.output import Json, known, print_json, say, show, stop
from console.people import user_commands
from engine.core.commands import Refuse
from engine.language.problems import DefinitionError

__all__ = ["queue_commands", "user_commands"]

Reason = Annotated[str, typer.Option("--reason", help="Why; a change of authority needs one.")]
User = Annotated[str, typer.Argument(help="The user, as chen_wei.")]
Names = list[str] | None


def _changed(
    home: Path, database: str, user: str, as_json: bool, run: Callable[[Any, str], Any], folder: Path | None = None
) -> None:
    """Makes a change and says what came of it: a revision, or a proposal for a second person."""
    from organisation.changes import Proposal

    with opened(home, database) as caseway:
        actor = arranging(caseway, user)
        try:
            made = run(caseway, actor)
        except DefinitionError as error:
            tell_problems(placed(error.problems, folder) if folder else error.problems)
            raise typer.Exit(1) from None
        except Refuse as refused:
            refuse(refused.refusal)
        if isinstance(made, Proposal):
            if as_json:
                print_json({"proposal": made.id, "base": made.base})
            else:
                say(f"proposal {made.id}: it touches authority, so a second person must approve it")
                say(f"caseway user approve {made.id} --as …")
            return
        people, queues = len(caseway.directory.users), len(caseway.directory.queues)
        if as_json:
            print_json({"revision": made, "people": people, "queues": queues})
        else:
            say(f"revision {made}: {people} people, {queues} queues")


def _edit(home: Path, database: str, user: str, as_json: bool, name: str, given: dict[str, Any], reason: str) -> None:
    from workbench.arranging import edit

    _changed(home, database, user, as_json, lambda caseway, actor: edit(caseway, name, given, actor, reason))


@user_commands.command()
def load(
    file: Annotated[Path, typer.Argument(help="As processes/samples/organisation.yaml.")],
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Takes in the organisation from a YAML file, as its next revision; what touches authority is proposed."""
    from workbench.arranging import take_in

    try:
        text = file.read_bytes()
    except OSError as error:
        stop(f"{file}: {error.strerror}", code=2)

    def run(caseway: Any, actor: str) -> Any:
        made, doubts = take_in(caseway, text, file.name, actor, reason)
        tell_problems(placed(doubts, file.parent))
        return made

    _changed(home, database, user, as_json, run, file.parent)


@user_commands.command()
def export(
    out: Annotated[Path | None, typer.Option("--out", help="Into this file.")] = None,
    home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Writes the organisation as YAML: changed by hand, it is loaded again."""
    from workbench.arranging import written

    with opened(home, database) as caseway:
        text = written(caseway)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        stop(f"{out}: {error.strerror}")
    say(str(out))


@user_commands.command("set")
def set_user(
    name: User,
    zh: Annotated[str | None, typer.Option(help="Name in Chinese.")] = None,
    en: Annotated[str | None, typer.Option(help="Name in English.")] = None,
    role: Annotated[Names, typer.Option(help="Roles; may be repeated; '' for none.")] = None,
    group: Annotated[Names, typer.Option(help="Groups, the own one first; may be repeated.")] = None,
    skill: Annotated[Names, typer.Option(help="Skills; may be repeated.")] = None,
    capacity: Annotated[int | None, typer.Option(min=0, help="Tasks in hand at most.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="First day of service; '' for none.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day of service; '' for none.")] = None,
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Makes or changes a user. What is left out stays as it is."""
    given: dict[str, Any] = {
        "user": name, "roles": _list(role), "groups": _list(group), "skills": _list(skill), "capacity": capacity,
        "from": start, "to": end,
    }  # fmt: skip
    if zh or en:
        given["name"] = {"zh": zh or en, "en": en or zh}
    _edit(home, database, user, as_json, "user", given, reason)


@user_commands.command()
def leave(
    name: User,
    on: Annotated[str, typer.Option("--on", help="The last day of service; yesterday if left out.")] = "",
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Ends somebody's service: what they had in hand goes on at once."""
    from datetime import timedelta

    from workbench.arranging import edit

    def run(caseway: Any, actor: str) -> Any:
        today: date = caseway.directory.today(caseway.clock.now())
        given = {"user": name, "to": on or (today - timedelta(1)).isoformat()}
        return edit(caseway, "leave", given, actor, reason)

    _changed(home, database, user, as_json, run)


@user_commands.command()
def absent(
    name: User,
    start: Annotated[str, typer.Option("--from", help="First day away, as 2026-05-04.")],
    end: Annotated[str, typer.Option("--to", help="Last day away.")],
    substitute: Annotated[str, typer.Option(help="Who stands in.")] = "",
    process: Annotated[Names, typer.Option(help="Only for these processes.")] = None,
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Notes that somebody is away, and who stands in."""
    given = {"user": name, "from": start, "to": end, "substitute": substitute, "processes": _list(process)}
    _edit(home, database, user, as_json, "absence", given, reason)


@user_commands.command()
def present(
    key: Annotated[str, typer.Argument(help="The absence, as `caseway user absences` calls it.")],
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Takes an absence back."""
    _edit(home, database, user, as_json, "absence_end", {"key": key}, reason)


@user_commands.command()
def grant(
    kind: Annotated[str, typer.Argument(help="The kind of authority, as claims.")],
    role: Annotated[str, typer.Option(help="To everybody with this role.")] = "",
    to_user: Annotated[str, typer.Option("--user", help="Or to one user.")] = "",
    line: Annotated[str, typer.Option(help="Line of business; every one if left out.")] = "",
    amount: Annotated[str, typer.Option(help="Up to how much; without limit if left out.")] = "",
    decision: Annotated[str, typer.Option(help="Every one if left out.")] = "",
    start: Annotated[str, typer.Option("--from", help="First day.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day.")] = "",
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Proposes an authority; a second person approves it."""
    from workbench.arranging import amount_of

    try:
        most = amount_of(amount)
    except ValueError:
        stop(f"--amount: expected an amount such as 10000 or 2500.50, not {amount}", code=2)
    given = {"kind": kind, "role": role, "user": to_user, "line": line, "decision": decision, "amount": most,
             "from": start, "to": end}  # fmt: skip
    _edit(home, database, user, as_json, "grant", given, reason)


@user_commands.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The grant, as `caseway user grants` calls it.")],
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Proposes that an authority goes."""
    _edit(home, database, user, as_json, "grant_end", {"key": key}, reason)


@user_commands.command()
def grants(home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Who may decide what."""
    _entries(home, database, as_json, "grants", ("key", "role", "user", "kind", "line", "decision", "amount", "from",
                                                 "to"))  # fmt: skip


@user_commands.command()
def absences(home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Who is away when, and who stands in."""
    _entries(home, database, as_json, "absences", ("key", "user", "from", "to", "substitute", "processes"))


def _entries(home: Path, database: str, as_json: bool, section: str, columns: tuple[str, ...]) -> None:
    from organisation.edits import key_of
    from workbench.arranging import document

    with opened(home, database) as caseway:
        entries = document(caseway)[1].get(section, ())
        rows = [{**dict.fromkeys(columns), **entry, "key": key_of(entry)} for entry in entries]
        show(rows, columns, as_json=as_json, title=section)


# --- what waits for a second person -------------------------------------------------------------------


@user_commands.command("proposals")
def list_proposals(home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """Changes of authority that wait for a second person."""
    from organisation.changes import proposals
    from workbench.arranging import difference

    with opened(home, database) as caseway:
        found = proposals(caseway.connection)
        rows = [{"proposal": one.id, "at": one.at, "by": one.by, "reason": one.reason,
                 "changes": difference(caseway, one)} for one in found]  # fmt: skip
        if as_json:
            print_json(rows)
            return
        show(rows, ("proposal", "at", "by", "reason"), as_json=False, title="proposals")
        for row in rows:
            say(f"\n{row['proposal']}\n{row['changes']}")


@user_commands.command()
def approve(
    proposal: Annotated[str, typer.Argument(help="The proposal.")],
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Puts another's proposal into force."""
    from workbench.arranging import decide

    def run(caseway: Any, actor: str) -> Any:
        return decide(caseway, proposal, True, actor, reason)

    _changed(home, database, user, as_json, run)


@user_commands.command()
def reject(
    proposal: Annotated[str, typer.Argument(help="The proposal.")],
    reason: Reason, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Turns a proposal down, or takes one's own back."""
    from workbench.arranging import decide

    with opened(home, database) as caseway:
        try:
            decide(caseway, proposal, False, acting(caseway, user), reason)
        except Refuse as refused:
            refuse(refused.refusal)
        say(f"proposal {proposal} is turned down")


@queue_commands.command("set")
def set_queue(
    name: Annotated[str, typer.Argument(help="The queue, as intake.")],
    member: Annotated[Names, typer.Option(help="Members: users, role.x, group.x; may be repeated.")] = None,
    manager: Annotated[Names, typer.Option(help="Managers; may be repeated.")] = None,
    assign_by: Annotated[
        str | None, typer.Option(help="round_robin, least_loaded or skill; '' for: they take it.")
    ] = None,
    user: AsOption = "", reason: Reason = "", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Says who serves a queue, who manages it, and how its work is given out. What is left out stays."""
    from organisation.load import ASSIGN_BY

    known(assign_by or "", ASSIGN_BY, "way to push work named")
    given = {"queue": name, "members": _list(member), "managers": _list(manager), "assign_by": assign_by}
    _edit(home, database, user, as_json, "queue", given, reason)


def _list(given: Names) -> list[str] | None:
    """A repeated option: None where it was left out, () where it was given as empty."""
    return None if not given else [one for one in given if one]
