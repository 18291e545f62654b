"""The command line: `caseway`. Only puts the groups of commands together; what they do lies in `console`."""

import io
import sys

import typer

from console import (
    adhoc,
    arranging,
    beginning,
    calendars,
    cases,
    checking,
    coverage,
    design,
    exporting,
    floor,
    forecasting,
    handling,
    keys,
    notices,
    operate,
    papers,
    people,
    pooling,
    proposals,
    repairing,
    reports,
    retention,
    safekeeping,
    serve,
    simulating,
    steering,
    tables,
    talking,
    testing,
    trying,
    versions,
)

app = typer.Typer(
    name="caseway",
    help="Runs an insurer's procedures from declarative process definitions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    operate.init, operate.run, operate.year, beginning.new, checking.lint, design.show, design.schema, testing.test,
    coverage.coverage, operate.deploy, cases.start, operate.worker, serve.serve, operate.verify, versions.diff,
    safekeeping.backup, safekeeping.restore,
    exporting.export, simulating.simulate, forecasting.forecast,
):  # fmt: skip
    app.command()(command)
for name, group in (
    ("case", cases.case_commands),
    ("task", handling.task_commands),
    ("queue", arranging.queue_commands),
    ("sla", floor.sla_commands),
    ("report", reports.report_commands),
    ("message", floor.message_commands),
    ("paper", papers.paper_commands),
    ("incident", floor.incident_commands),
    ("job", floor.job_commands),
    ("notice", notices.notice_commands),
    ("user", arranging.user_commands),
    ("key", keys.key_commands),
    ("database", safekeeping.database_commands),
    ("retention", retention.retention_commands),
    ("proposal", proposals.proposal_commands),
    ("calendar", calendars.calendar_commands),
    ("table", tables.table_commands),
    ("version", versions.version_commands),
    ("migrate", versions.migrate_commands),
    ("prefect", pooling.prefect_commands),
):
    app.add_typer(group, name=name)
people.user_commands.command()(serve.password)
app.command("try")(trying.try_out)
steering.add(cases.case_commands)
adhoc.add(cases.case_commands)
floor.sla_commands.command()(repairing.rebuild)
floor.sla_commands.command()(forecasting.likely)
talking.add(cases.case_commands, handling.task_commands)


def main() -> None:
    """The console script's way in."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a letter shows a question mark
    try:
        " ".join(sys.argv).encode()
    except UnicodeEncodeError:
        print("What was typed is no text in UTF-8: check how your terminal or script writes it.", file=sys.stderr)
        sys.exit(2)
    app(prog_name="caseway")


if __name__ == "__main__":
    main()
