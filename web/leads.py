"""Where an outcome leads: the next steps at which somebody, or the outside world, has to do something."""

from engine.core.ahead import successors
from engine.core.model import AdHoc, Block, Catch, Each, End, Human, Outcome, Parallel, Process, Race, Switch
from web.desk import Desk

STOPS = Human | Catch | Race | End
MOST = 3
"""How many are named."""


def leads(desk: Desk, process: Process, step: str, outcome: Outcome | None) -> str:
    """In words, as far as the graph says: which way a condition goes shows only later. The usual way stands first:
    `else` of a switch, for its conditions are the exceptions; what leads back comes after what leads on, and the step
    itself is not named."""
    node = process.nodes[step]
    start = outcome.next if outcome is not None and outcome.next is not None else node.next
    ahead, seen, found = [start if start is not None else _after(process, node.scope)], {step}, list[str]()
    while ahead:  # depth first, so that the usual way is followed to its stop before the others
        name = ahead.pop()
        if name is None or name in seen:
            continue
        seen.add(name)
        spec, after = process.nodes[name].spec, _after(process, process.nodes[name].scope)
        if isinstance(spec, STOPS) and not (isinstance(spec, End) and process.nodes[name].scope):
            found.append(name)
        elif isinstance(spec, End):
            ahead.append(after)
        else:
            ahead += reversed(_inside(name, process) or list(_onward(process, name)) or [after])
    place = {name: index for index, name in enumerate(process.nodes)}
    found.sort(key=lambda name: place[name] < place[step])
    named = list(dict.fromkeys(_named(desk, process, name) for name in found))
    return " / ".join(named[:MOST]) + ("…" if len(named) > MOST else "") if named else desk.say("leads_on")


def _inside(name: str, process: Process) -> list[str | None]:
    """Where a token goes within a step that holds others."""
    match process.nodes[name].spec:
        case Block(first=first):
            return [first]
        case Parallel(branches=branches, otherwise=otherwise):
            return [*(branch.first for branch in branches), *([otherwise] if otherwise else [])]
        case Each(body=body):
            return [body]
        case AdHoc(steps=steps):
            return list(steps)
        case _:
            return []


def _onward(process: Process, name: str) -> list[str | None]:
    """On from an automatic step, its handlers left out: they are not where it leads as a rule."""
    node = process.nodes[name]
    if isinstance(node.spec, Switch):
        return [flow.next for flow in sorted(node.spec.flows, key=lambda flow: flow.when is not None)]
    handled = {handler.next for handler in node.handlers}
    return [goal for goal in dict.fromkeys(successors(node)) if goal not in handled or goal == node.next]


def _after(process: Process, scope: str) -> str | None:
    """Where the path goes on when a scope ends."""
    while scope:
        node = process.nodes[scope]
        if node.next is not None:
            return node.next
        scope = node.scope
    return None


def _named(desk: Desk, process: Process, name: str) -> str:
    node = process.nodes[name]
    if isinstance(node.spec, End):
        return desk.say("leads_end", what=desk.told(node.title, node.spec.name.replace("_", " ")))
    return desk.told(node.title, name.replace("_", " "))
