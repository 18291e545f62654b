"""Authority that climbs: a task that nobody of its queue may decide goes to somebody who may.

First up the line: who manages the queue, then who stands above them, the nearest first (above the assignee, where
the task is meant for one person). If nobody there may decide it either, it goes to who has the narrowest grant
that reaches. Whoever may not do it for another reason (away, four eyes) is passed over.
"""

from collections.abc import Iterator

from engine.core.moves import FAULTS
from organisation.directory import Directory
from tasks.authority import Matter, matter_of
from tasks.ground import Ground, directory
from tasks.model import Work
from tasks.standing import kept_out, there


def climb(ground: Ground, number: int, step: Work, queue: str, assignee: str) -> tuple[str, str]:
    """To whom the task must go, and why; "" and why not, where it stays although nobody there may decide it;
    twice "" where it stays because somebody may."""
    authority = step.authority
    if authority is None or not authority.climb or step.approvals is not None:
        return "", ""
    try:
        matter = matter_of(ground, number, authority)
        out = kept_out(ground, number, step)
    except FAULTS:
        return "", ""  # told to whoever takes it
    people = directory(ground)
    on = people.today(ground.now)

    def able(user: str) -> bool:
        grant = people.might(user, matter.kind, matter.line, matter.amount, matter.decision, on)
        return grant is not None and there(ground, user) and user not in out and not _had_a_part(ground, user, step)

    if assignee:
        if able(assignee):
            return "", ""
    elif any(able(user) for user in people.members(queue)) or any(able(user) for user in people.managers(queue)):
        return "", ""
    above = (user for user in _above(people, queue, assignee) if able(user))
    narrowest = (user for user in _by_grant(people, matter, ground) if able(user))
    user = next(above, "") or next(narrowest, "")
    who = f"{assignee} may not" if assignee else f"nobody in the queue {queue} may"
    return user, f"{who} decide {matter}"


def _above(people: Directory, queue: str, assignee: str) -> Iterator[str]:
    """The lines above, level by level: all managers of the queue have one level above them, and so on."""
    lines = [[*people.line(one)] for one in ([assignee] if assignee else sorted(people.managers(queue)))]
    for level in range(max(map(len, lines), default=0)):
        yield from dict.fromkeys(line[level] for line in lines if level < len(line))


def _by_grant(people: Directory, matter: Matter, ground: Ground) -> Iterator[str]:
    on = people.today(ground.now)
    for grant in people.grants(matter.kind):
        for user in sorted(people.holders(grant.role)) if grant.role else (grant.user,):
            if people.might(user, matter.kind, matter.line, matter.amount, matter.decision, on) == grant:
                yield user


def _had_a_part(ground: Ground, user: str, step: Work) -> bool:
    done_by = ground.state.work.done_by
    return any(user in done_by.get(other, ()) for other in step.not_by)
