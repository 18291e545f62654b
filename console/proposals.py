"""`proposal`: versions that one person puts up and another deploys; and `deploy --propose`."""

from collections.abc import Callable, Collection
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any

import typer

from console.options import (
    HERE,
    AsOption,
    DatabaseOption,
    HomeOption,
    Reason,
    acting,
    moment_of,
    opened,
    refuse,
    tell_problems,
    zone_of,
)
from console.output import Json, print_json, say, show, stop, warn
from engine.core.commands import Refuse

proposal_commands = typer.Typer(help="Versions that wait for a second person.", no_args_is_help=True)
Proposal = Annotated[str, typer.Argument(help="The proposal: see `caseway proposal list`.")]


def takes_two(caseway: Any) -> None:
    """Ends the command where the house in force asks for two people; the first to deploy anything is alone."""
    if caseway.definitions.house().deployed_by == "two" and caseway.directory.users:
        stop("In this house it takes two to deploy.", "caseway deploy --propose --reason WHY, and another approves it.")


def put_up(
    caseway: Any, folder: Path, only: Collection[str], by: str, reason: str, start: str, as_json: bool
) -> None:  # fmt: skip
    """Puts what differs in a folder up for a second person's approval. Raises DefinitionError."""
    from engine.language.files import Folder
    from workbench import proposals

    _designer(caseway, by)
    begins = moment_of(start, zone_of(caseway), "--from") if start else None
    definitions, now = caseway.definitions, caseway.clock.now()

    def run() -> Any:
        files = proposals.differing(definitions, Folder(folder), only)
        return proposals.propose(definitions, caseway.runner, files, by, now, reason, begins)

    made = _tried(run)
    if as_json:
        print_json({"proposal": made.id, "files": sorted(made.files), "in_force_from": made.start})
        return
    say(f"proposal {made.id}: {', '.join(sorted(made.files))}")
    say(f"Another approves it: caseway proposal approve {made.id} --as …")


@proposal_commands.command("list")
def list_proposals(home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False) -> None:
    """What waits for a second person, oldest first."""
    from workbench import proposals

    with opened(home, database) as caseway:
        rows = [_row(caseway, one) for one in proposals.waiting(caseway.connection)]
        columns = ("proposal", "at", "by", "reason", "changes", "stale")
        show(rows, columns, as_json=as_json, title="proposals", zone=zone_of(caseway))


@proposal_commands.command("show")
def show_proposal(
    proposal: Proposal, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:
    """What a proposal changes, line by line."""
    from workbench import proposals

    with opened(home, database) as caseway:
        found = proposals.one(caseway.connection, proposal)
        if found is None:
            stop(f"There is no proposal {proposal}.", "caseway proposal list", 2)
        now = proposals.in_force(caseway.definitions)
        lines = [line for path, new in sorted(found.files.items()) for line in _difference(path, now.get(path), new)]
        row = _row(caseway, found)
        if as_json:
            print_json({**row, "difference": lines})
            return
        show([row], tuple(row), as_json=False, title="proposal", zone=zone_of(caseway))
        for line in lines:
            say(line)


@proposal_commands.command()
def approve(
    proposal: Proposal, user: AsOption = "", reason: Reason = "",
    home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Deploys what another has proposed."""
    _decide(home, database, proposal, user, reason, True)


@proposal_commands.command()
def reject(
    proposal: Proposal, reason: Reason, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Turns a proposal down, or takes one's own back."""
    _decide(home, database, proposal, user, reason, False)


def _decide(home: Path, database: str, proposal: str, user: str, reason: str, approves: bool) -> None:
    from workbench import proposals

    with opened(home, database) as caseway:
        actor = acting(caseway, user)
        _designer(caseway, actor)
        _tried(lambda: proposals.decide(caseway, proposal, approves, actor, reason))
        say(f"proposal {proposal} is {'deployed' if approves else 'turned down'}")


def _tried(run: Callable[[], Any]) -> Any:
    """What it gives; a refusal, or what does not compile, ends the command."""
    from engine.language.problems import DefinitionError

    try:
        return run()
    except Refuse as refused:
        refuse(refused.refusal)
    except DefinitionError as error:
        tell_problems(error.problems)
        warn("Nothing was changed.")
        raise typer.Exit(1) from None


def _designer(caseway: Any, user: str) -> None:
    from workbench.proposals import DESIGNS, designs

    if not designs(caseway, user):
        stop(f"{user} may not propose or approve versions.", f"It takes one of the roles {', '.join(sorted(DESIGNS))}.")


def _row(caseway: Any, found: Any) -> dict[str, Any]:
    from workbench import proposals

    return {
        "proposal": found.id, "at": found.at, "by": found.by, "reason": found.reason, "state": found.state,
        "changes": ", ".join(f"{one.kind} {one.name}" for one in found.made if one.changes),
        "files": ", ".join(sorted(found.files)), "in_force_from": found.start or "",
        "stale": found.state == "proposed" and proposals.stale(caseway.definitions, found),
    }  # fmt: skip


def _difference(path: str, old: bytes | None, new: bytes) -> list[str]:
    """The lines that go and come; of a file that is no text, that it is another."""
    try:
        before, after = (text.decode().splitlines() for text in (old or b"", new))
    except UnicodeDecodeError:
        return [f"{path}: {len(new)} bytes, which are no text"]
    return list(unified_diff(before, after, path if old is not None else "/dev/null", path, lineterm=""))
