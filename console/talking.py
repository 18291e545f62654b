"""`task vote|start|comment` and `case comment|watch|unwatch`: what people say of a case, and who looks after it."""

from typing import Annotated

import typer

from console.options import (
    HERE,
    AsOption,
    DatabaseOption,
    HomeOption,
    Number,
    Reason,
    TaskNumber,
    ask,
    opened,
    tell_where,
)
from console.output import Json
from tasks import commands as work

Text = Annotated[str, typer.Argument(help="What there is to say.")]


def vote(
    number: Number, task: TaskNumber,
    outcome: Annotated[str, typer.Option(help="For what; see `caseway task form`.")],
    reason: Reason = "", user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Votes on a step that several decide."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.VoteTask(task, outcome, reason), user), as_json)


def begin(
    number: Number, task: TaskNumber, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Says that I am at work on a task that I hold."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.StartTask(task), user), as_json)


def comment_task(
    number: Number, task: TaskNumber, text: Text, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Says something of a task."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.Comment(text, task), user), as_json)


def comment(
    number: Number, text: Text, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Says something of a case."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.Comment(text), user), as_json)


def watch(
    number: Number,
    other: Annotated[str, typer.Option("--for", help="Somebody else, who is to watch it.")] = "",
    user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Watches a case: notices tell what happens to it."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.Watch(other), user), as_json)


def unwatch(
    number: Number, user: AsOption = "",
    home: HomeOption = HERE, database: DatabaseOption = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Watches a case no longer."""
    with opened(home, database) as caseway:
        tell_where(caseway, ask(caseway, number, work.Unwatch(), user), as_json)


def add(cases: typer.Typer, tasks: typer.Typer) -> None:
    """Puts these commands among those of cases and tasks."""
    cases.command()(comment)
    cases.command()(watch)
    cases.command()(unwatch)
    tasks.command()(vote)
    tasks.command("start")(begin)
    tasks.command("comment")(comment_task)
