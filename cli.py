"""The command line: `caseway`. Only puts the groups of commands together; what they do lies in `console`."""

import typer

from console import design, floor, operate, people, work

app = typer.Typer(
    name="caseway",
    help="Runs an insurer's procedures from declarative process definitions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    operate.init, operate.run, design.lint, design.show, design.schema, design.test, operate.deploy, work.start,
    operate.worker, operate.verify, operate.version,
):  # fmt: skip
    app.command()(command)
for name, group in (
    ("case", work.case_commands),
    ("task", work.task_commands),
    ("queue", work.queue_commands),
    ("sla", floor.sla_commands),
    ("message", floor.message_commands),
    ("incident", floor.incident_commands),
    ("job", floor.job_commands),
    ("user", people.user_commands),
    ("calendar", people.calendar_commands),
):
    app.add_typer(group, name=name)


def main() -> None:
    """The console script's way in."""
    app()


if __name__ == "__main__":
    main()
