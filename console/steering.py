"""`case correct`, `move`, `reopen`, `hold`, `link`, `merge` …: what is done with a case as a whole."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from console.options import (
    HERE,
    AsOption,
    Data,
    DatabaseOption,
    HomeOption,
    Language,
    Number,
    Reason,
    Set,
    acting,
    ask,
    both,
    case_of,
    data_of,
    done,
    ground,
    opened,
    refuse,
    tell_where,
    zone_of,
)
from console.output import Json, known, print_json, say, show, stop
from engine.core import commands as core
from engine.core.commands import Command, Refusal

Other = Annotated[str, typer.Argument(help="The other case: its number or its id.")]
Proposal = Annotated[int, typer.Argument(help="The proposal: its number, as `case show` has it.")]
Kind = Annotated[
    Literal["related", "duplicate_of", "has_duplicate", "part_of", "has_part"],
    typer.Option(help="What this case is to the other."),
]


def correct(
    number: Number, reason: Reason, given: Set = [], data: Data = "", user: AsOption = "",  # noqa: B006  (Typer's way)
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Puts fields of a case right; an empty value takes one away."""
    from workbench.story import state_of

    with opened(home, database) as caseway:
        _, process = state_of(caseway, case_of(caseway, number))
        empty = {one[:-1]: None for one in given if one.endswith("=") and one[:-1] in process.names}
        kept = [one for one in given if one[:-1] not in empty]
        changes = {**data_of(kept, data, process.names, process.zone), **empty}
        tell_where(caseway, ask(caseway, number, core.CorrectData(changes, reason), user), as_json)


def move(
    number: Number,
    step: Annotated[str, typer.Argument(help="The step at which the case stands, or its token.")],
    target: Annotated[str, typer.Argument(help="The step to which it is to go.")],
    reason: Reason = "", user: AsOption = "", language: Language = "zh",
    look: Annotated[bool, typer.Option("--preview", help="Only says what it would do.")] = False,
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Proposes to move a case to another step of the same block, and says what that would do. Another approves it."""
    from workbench.story import state_of

    with opened(home, database) as caseway:
        case = case_of(caseway, number)
        state, process = state_of(caseway, case)
        token = _token(state, step)
        seen = _foresight(caseway, case, state, process, core.MoveToken(token, target, reason or "preview"), language)
        told = {"goes": seen.goes, "comes": seen.comes}
        if look:
            print_json(told) if as_json else _tell(seen)
            return
        if not reason.strip():
            stop("Why? Give --reason TEXT, or look first with --preview.", code=2)
        actor = acting(caseway, user)
        answer = done(caseway.ask(case, core.ProposeMove(token, target, reason), actor, ground=ground()))
        proposal = state_of(caseway, case)[0].flow.proposal.number
        if as_json:
            about = {"case": case, "number": answer.number, "revision": answer.revision, "proposal": proposal}
            print_json({**about, **told})
            return
        _tell(seen)
        how = f"caseway case approve-move {answer.number} {proposal}"
        say(f"{answer.number}: proposed. Somebody else approves it: {how}")


def _token(state: Any, step: str) -> int:
    tokens = state.flow.tokens
    if step.isdecimal() and int(step) in tokens:
        return int(step)
    known(step, {token.at for token in tokens.values()}, "open step", 1)
    found = [number for number, token in tokens.items() if token.at == step]
    if len(found) > 1:
        stop(f"The case stands at {step} several times: name one of the tokens {', '.join(map(str, found))}.")
    return int(found[0])


def _foresight(caseway: Any, case: str, state: Any, process: Any, command: Command, language: str) -> Any:
    from msgspec import structs

    from bootstrap import MACHINE
    from workbench.foresight import Teller, foresee

    key = caseway.connection.one("SELECT key FROM cases WHERE id = ?", (case,))[0]
    env = structs.replace(caseway.env(), sealer=caseway.vault.cipher(case, key).sealer)
    events = foresee(MACHINE, process, state, command, case, env)
    if isinstance(events, Refusal):
        refuse(events)
    return Teller(process, state, language, ZoneInfo(zone_of(caseway))).tell(events)


def _tell(seen: Any) -> None:
    for sign, told in (("-", seen.goes), ("+", seen.comes)):
        for one in told:
            say(f"  {sign} {one}")


def approve_move(
    number: Number, proposal: Proposal, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Approves a move that somebody else has proposed, and carries it out."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.ApproveMove(proposal), user), as_json)


def withdraw_move(
    number: Number, proposal: Proposal, reason: Reason = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes a proposed move back, or turns it down."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.WithdrawMove(proposal, reason), user), as_json)


def reopen(
    number: Number, reason: Reason, user: AsOption = "",
    step: Annotated[str, typer.Option(help="Where it goes on, if its process names several steps.")] = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Lets a case that has ended go on."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.ReopenCase(reason, step), user), as_json)


def owner(
    number: Number, to: Annotated[str, typer.Argument(help="The new owner: a user.")], reason: Reason,
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Hands a case to another owner."""
    from tasks.commands import SetOwner

    with opened(home, database) as caseway:
        known(to, caseway.directory.users, "user", 1)
        tell_where(caseway, ask(caseway, number, SetOwner(to, reason), user), as_json)


def hold(
    number: Number, reason: Reason, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Places a legal hold: the case is not destroyed before it is lifted."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.HoldCase(reason), user), as_json)


def lift_hold(
    number: Number, held: Annotated[int, typer.Argument(help="The hold: its number, as `case show` has it.")],
    reason: Reason, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Lifts a legal hold."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, core.LiftHold(held, reason), user), as_json)


def link(
    number: Number, other: Other, kind: Kind = "related", reason: Reason = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Relates a case to another; both know of it."""
    _name_other("link", number, other, reason, user, home, database, as_json, kind)


def unlink(
    number: Number, other: Other, reason: Reason, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Takes the relation between two cases away."""
    _name_other("unlink", number, other, reason, user, home, database, as_json)


def merge(
    number: Number, other: Other, reason: Reason = "", language: Language = "zh",
    look: Annotated[bool, typer.Option("--dry-run", help="Only says what it would do.")] = False, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Ends a case as a duplicate of another, whose decision holds for it too."""
    if look:
        _look_at_merge(number, other, home, database, language, as_json)
        return
    if not reason.strip():
        stop("Why? Give --reason TEXT, or look first with --dry-run.", code=2)
    _name_other("merge", number, other, reason, user, home, database, as_json)


def _look_at_merge(number: str, other: str, home: Any, database: str, language: str, as_json: bool) -> None:
    from tasks.reasons import Reason as Why
    from tasks.related import naming
    from workbench.story import state_of

    with opened(home, database) as caseway:
        case = case_of(caseway, number)
        found = naming(caseway.connection, "merge", case, other, "preview")
        if isinstance(found, Why):
            stop(both(found.text))
        state, process = state_of(caseway, case)
        seen = _foresight(caseway, case, state, process, found, language)
        if as_json:
            print_json({"leads": other, "ends": number, "goes": seen.goes, "comes": seen.comes})
            return
        say(f"{other} leads, {number} ends")
        _tell(seen)


def _name_other(
    action: str, number: str, other: str, reason: str, user: str, home: Any, database: str, as_json: bool,
    kind: str = "",
) -> None:  # fmt: skip
    from tasks.reasons import Reason as Why
    from tasks.related import naming

    with opened(home, database) as caseway:
        found = naming(caseway.connection, action, case_of(caseway, number), other, reason, kind)
        if isinstance(found, Why):
            stop(both(found.text))
        tell_where(caseway, ask(caseway, number, found, user), as_json)


def related(
    number: Number, home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False
) -> None:  # fmt: skip
    """The cases around a case: related, and alike by the rules of its process."""
    from workbench.around import around
    from workbench.story import state_of

    with opened(home, database) as caseway:
        case = case_of(caseway, number)
        told = around(caseway, case, *state_of(caseway, case))
        if as_json:
            print_json({"links": told["links"], "alike": told["alike"]})
            return
        zone = zone_of(caseway)
        columns = ("kind", "number", "status", "end", "decided", "since")
        show(told["links"], columns, as_json=False, title="related", zone=zone)
        show(told["alike"], ("number", "rules", "status", "started"), as_json=False, title="alike", zone=zone)


def add(group: typer.Typer) -> None:
    """Adds the commands to those of `case`."""
    for command in (
        correct, move, approve_move, withdraw_move, reopen, owner, hold, lift_hold, link, unlink, merge, related,
    ):  # fmt: skip
        group.command(command.__name__.replace("_", "-"))(command)
