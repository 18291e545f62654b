"""Whether somebody is there for what clocks ask of people: who is told by a ladder, who may extend a limit."""

from collections.abc import Iterator

from engine.language.document import Place
from engine.language.problems import Problem
from engine.language.project import Project
from organisation.directory import Directory
from sla.model import Clock, Notice, clocks_of, limit_of

CODES = {"CW670": "people that a clock names, and nobody is"}


def check(project: Project) -> Iterator[Problem]:
    """Roles and queues of ladders and extensions in which nobody is; nothing without the people."""
    people = project.people
    if not isinstance(people, Directory):
        return
    for name in sorted(project.processes):
        process = project.processes[name].process
        told: set[tuple[str, str]] = set()
        clocks = [("", ("clocks", clock.name), clock) for clock in clocks_of(process).by_name.values()]
        limits = [(id, ("limit",), limit) for id in process.nodes if (limit := limit_of(process, id)) is not None]
        for step, where, clock in (*clocks, *limits):
            for place, who in _named(clock):
                why = "" if (who, clock.name) in told else _nobody(people, who, project)
                told.add((who, clock.name))
                if why:
                    what = f"limit of {step}" if step else f"clock {clock.name}"
                    hint = "give somebody the role, or a place in the queue, in the organisation; or name others"
                    yield project.problem(name, step, (*where, *place), "CW670", f"{what}: {why}", hint=hint)


def _named(clock: Clock) -> Iterator[tuple[Place, str]]:
    """Who a clock names (role.x, queue.x, user.x), with the place within it."""
    for place, rung in enumerate(clock.ladder):
        for act in rung.acts:
            if isinstance(act, Notice):
                for number, to in enumerate(act.to):
                    if isinstance(to, str) and "." in to:
                        yield ("ladder", place, "notify", number), to
    if clock.extension is not None:
        yield ("extension", "by"), f"role.{clock.extension.role}"


def _nobody(people: Directory, who: str, project: Project) -> str:
    """Why nobody is meant; "" where somebody is."""
    kind, _, name = who.partition(".")
    users = {"role": people.holders(name), "queue": people.members(name)}.get(kind, frozenset([name]))
    if any(people.active(user, project.today) for user in users):
        return ""
    told = {"role": f"nobody has the role {name}", "queue": f"nobody serves the queue {name}"}
    return told.get(kind, f"there is no user {name} in service")
