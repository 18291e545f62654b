"""`caseway paper`: the papers of a case, its files, the letter, the customer's link; whether every file is there."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from console.options import (
    HERE,
    AsOption,
    DatabaseOption,
    HomeOption,
    Language,
    Number,
    Reason,
    acting,
    ask,
    case_of,
    done,
    ground,
    opened,
    tell_where,
    zone_of,
)
from console.output import Json, print_json, say, show, stop, warn
from engine.core.commands import Command
from papers import commands as c

paper_commands = typer.Typer(
    help="Papers of a case: the checklist, files, the letter, the customer's link.", no_args_is_help=True
)

Paper = Annotated[str, typer.Argument(help="The paper: its name in the process, as claim_form.")]
File = Annotated[int, typer.Argument(help="The attachment: its number in the case.")]
OLD = timedelta(days=1)
"""How old a file must be that no case names, before it is taken away: it may be on its way in."""


def _state(caseway: Any, number: str) -> tuple[str, Any, Any]:
    """The case's id, state and process."""
    from workbench.story import state_of

    case = case_of(caseway, number)
    return (case, *state_of(caseway, case))


def _cipher(caseway: Any, case: str) -> Any:
    return caseway.vault.cipher(case, caseway.connection.one("SELECT key FROM cases WHERE id = ?", (case,))[0])


@paper_commands.command("list")
def list_papers(
    number: Number, language: Language = "zh", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """The checklist of a case, its attachments, its open links."""
    from papers.model import checklist_of
    from papers.state import files_of, lines_of, links_of

    with opened(home, database) as caseway:
        case, state, process = _state(caseway, number)
        checklist, zone = checklist_of(process), zone_of(caseway)
        known = checklist.lines if checklist is not None else {}
        lines = [
            {"paper": name, "title": known[name].title.get(language, name), "status": line.status, "by": line.by,
             "at": line.at, "reason": line.reason}
            for name, line in lines_of(state.papers).items()
        ]  # fmt: skip
        files = [{"attachment": id, **msgspec.structs.asdict(file)} for id, file in files_of(state.papers).items()]
        now = caseway.clock.now()
        links = [
            {"link": id, "path": f"/c/{caseway.links.token(case, id)}", "by": link.by, "expires": link.expires}
            for id, link in links_of(state.papers).items() if link.expires > now
        ]  # fmt: skip
        if as_json:
            print_json({"papers": lines, "attachments": files, "links": links})
            return
        show(lines, ("paper", "title", "status", "by", "at", "reason"), as_json=False, title="papers", zone=zone)
        columns = ("attachment", "name", "kind", "size", "paper", "by", "at")
        show(files, columns, as_json=False, title="attachments", zone=zone)
        show(links, ("link", "path", "by", "expires"), as_json=False, title="links", zone=zone)


@paper_commands.command()
def add(
    number: Number,
    file: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False)],
    paper: Annotated[str, typer.Option(help="The paper that it is; left out, just an attachment.")] = "",
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes a file in, checked against its bytes."""
    from papers.media import NotTaken

    with opened(home, database) as caseway:
        actor, case = acting(caseway, user), case_of(caseway, number)
        try:
            with file.open("rb") as content:
                answer = caseway.attach(case, file.name, content, actor, paper=paper, ground=ground())
        except NotTaken as problem:
            stop(f"{file.name}: {' / '.join(problem.text.values())}")
        except OSError as error:
            stop(f"{file}: {error.strerror or error}")
        tell_where(caseway, done(answer), as_json)


@paper_commands.command()
def get(
    number: Number, attachment: File,
    out: Annotated[Path, typer.Option("--out", help="Where to write it; a file that is there is left alone.")],
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "",
) -> None:  # fmt: skip
    """Writes an attachment to a file. That it was looked at is kept."""
    from organisation import looks
    from papers.state import files_of

    with opened(home, database) as caseway:
        actor = acting(caseway, user)
        case, state, _ = _state(caseway, number)
        found = files_of(state.papers).get(attachment)
        if found is None:
            stop(f"{number} has no attachment {attachment}.", f"List them: caseway paper list {number}")
        blocks = caseway.files.open(case, _cipher(caseway, case), found.digest)
        now, place = caseway.clock.now(), [f"attachment {attachment}"]
        caseway.runner.write(
            lambda one: looks.note(one, case, state.flow.number, actor, place, "internal", ground(), "", now)
        )
        try:
            with out.open("xb") as stream:
                stream.writelines(blocks)
        except OSError as error:
            stop(f"{out}: {error.strerror or error}")
        say(f"{out}: {found.name}, {found.size} bytes")


@paper_commands.command()
def remove(
    number: Number, attachment: File, reason: Reason, user: AsOption = "", home: HomeOption = HERE,
    database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes an attachment away that does not belong here, and its content."""
    from papers.state import files_of
    from workbench.filing import drop

    with opened(home, database) as caseway:
        case, state, _ = _state(caseway, number)
        answer = ask(caseway, number, c.RemoveAttachment(attachment, reason), user)
        drop(caseway, case, files_of(state.papers)[attachment].digest)
        tell_where(caseway, answer, as_json)


def _line(make: Any, help: str, reasoned: bool) -> Any:
    """A command on one line of the checklist."""

    def with_reason(
        number: Number, paper: Paper, reason: Reason, user: AsOption = "", home: HomeOption = HERE,
        database: DatabaseOption = "", as_json: Json = False,
    ) -> None:  # fmt: skip
        _change(make(paper, reason), number, user, home, database, as_json)

    def plain(
        number: Number, paper: Paper, user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "",
        as_json: Json = False,
    ) -> None:  # fmt: skip
        _change(make(paper), number, user, home, database, as_json)

    found = with_reason if reasoned else plain
    found.__doc__ = help
    return found


def _change(command: Command, number: str, user: str, home: Path, database: str, as_json: bool) -> None:
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, command, user), as_json)


paper_commands.command("receive")(_line(c.ReceivePaper, "Notes that a paper is here.", False))
paper_commands.command("require")(_line(c.RequirePaper, "Asks for a paper beyond the rules.", True))
paper_commands.command("return")(_line(c.ReturnPaper, "Hands a paper back: it is missing again.", True))
paper_commands.command("waive")(_line(c.WaivePaper, "Does without a paper.", True))


@paper_commands.command()
def letter(
    number: Number, language: Language = "zh", home: HomeOption = HERE, database: DatabaseOption = "",
    as_json: Json = False,
) -> None:  # fmt: skip
    """The letter that asks for what is missing, as it would be written now (HTML)."""
    from msgspec import structs

    from engine.core.data import Names
    from papers.letter import CANNOT
    from papers.letter import letter as written
    from tasks.ground import Look

    with opened(home, database) as caseway:
        case, state, process = _state(caseway, number)
        env = structs.replace(caseway.env(), sealer=_cipher(caseway, case).sealer)
        bundle = caseway.definitions.bundle("process", process.name, process.version)
        view: Any = Look(process, state, env)
        try:
            made = written(process, Names(view), bundle, caseway.definitions.house().languages)
        except CANNOT as error:
            stop(f"The letter cannot be written yet: {error}")
        if as_json:
            print_json({name: one._asdict() for name, one in made.items()})
        elif language in made:
            say(made[language].subject)
            say(made[language].body)
        else:
            say("This process has no letter.")


@paper_commands.command()
def link(
    number: Number,
    site: Annotated[str, typer.Option(help="Where the pages are, as https://claims.example.")] = "",
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Makes a link for the customer: progress and missing papers without an account."""
    from papers.events import LinkMade
    from papers.model import intake_of

    with opened(home, database) as caseway:
        expires = caseway.clock.now() + intake_of(caseway.definitions.house()).link
        answer = ask(caseway, number, c.MakeLink(expires), user)
        made = next(event for event in answer.events if isinstance(event, LinkMade))
        path = f"{site.rstrip('/')}/c/{caseway.links.token(answer.case, made.link)}"
        if as_json:
            print_json({"link": made.link, "path": path, "expires": made.expires})
        else:
            say(path)


@paper_commands.command()
def unlink(
    number: Number,
    link: Annotated[int, typer.Argument(help="The link: its number in the case.")],
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Ends a link: it opens nothing any more."""
    _change(c.RevokeLink(link), number, user, home, database, as_json)


@paper_commands.command()
def check(
    clean: Annotated[bool, typer.Option(help="Take away files older than a day that no case names.")] = False,
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Every attachment is there, opens, and is what the history says; nothing else lies about."""
    from workbench.filing import examine

    with opened(home, database) as caseway:
        found = examine(caseway, caseway.clock.now() - OLD if clean else None)
        if as_json:
            print_json(asdict(found))
        else:
            for problem in found.problems:
                warn(problem)
            say(f"{found.attachments} attachments, {len(found.problems)} problems; files that no case names: "
                f"{found.loose}, taken away: {found.taken}")  # fmt: skip
        if found.problems:
            raise typer.Exit(1)
