"""`case begin` and `case finish`: the steps of an ad-hoc block, begun at will, and its end."""

from typing import Annotated, Any

import typer

from console.options import HERE, AsOption, DatabaseOption, HomeOption, Number, ask, case_of, opened, tell_where
from console.output import Json, known, stop
from engine.core import commands as core

Block = Annotated[str, typer.Option("--block", help="The block, or its token, if several are open.")]


def begin(
    number: Number, step: Annotated[str, typer.Argument(help="The step to begin.")],
    block: Block = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Begins a step of an ad-hoc block in which the case stands."""
    with opened(home, database) as caseway:
        found = _blocks(caseway, number, block)
        known(step, {name for one in found for name in one.steps}, "step to begin", 1)
        token = _only(number, [one for one in found if step in one.steps])
        tell_where(caseway, ask(caseway, number, core.StartStep(token, step), user), as_json)


def finish(
    number: Number, block: Annotated[str, typer.Argument(help="The block, or its token; if one is open, that.")] = "",
    user: AsOption = "", home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Finishes an ad-hoc block in which nothing is open."""
    with opened(home, database) as caseway:
        token = _only(number, _blocks(caseway, number, block))
        tell_where(caseway, ask(caseway, number, core.FinishBlock(token), user), as_json)


def _blocks(caseway: Any, number: str, named: str) -> list[Any]:
    """The open blocks of the case; those of that name or token, if there is one."""
    from workbench.adhoc import adhoc_blocks
    from workbench.story import state_of

    state, process = state_of(caseway, case_of(caseway, number))
    found = adhoc_blocks(process, state.flow)
    if not found:
        stop(f"{number} stands in no ad-hoc block.")
    if named:
        mine = [one for one in found if named in (one.step, str(one.token))]
        if not mine:
            known(named, {one.step for one in found}, "open block", 1)
        return mine
    return found


def _only(number: str, found: list[Any]) -> int:
    if len(found) > 1:
        blocks = ", ".join(f"{one.step} ({one.token})" for one in found)
        stop(f"{number} stands in several such blocks: name one by its token: {blocks}.")
    return int(found[0].token)


def add(group: typer.Typer) -> None:
    """Adds the commands to those of `case`."""
    group.command()(begin)
    group.command()(finish)
