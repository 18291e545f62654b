"""Soundness: whether every case can come to its end, and every step of a process can be reached.

Theory of operation. `explore` plays all standings that a process can reach, with data left out (`game`): every switch
may go any way. It allows at least what the engine does. So "from here no way leads to an end" is true of the engine
whenever the standing itself is reached, and "no token comes here" is true always. Only the way *to* a standing
may be one that no data allow: where conditions on it read the same data (`story.certain`), the finding is a doubt, not
an error. What is not found: steps that no data lead to; ends that only ever seem possible.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.core.ahead import successors
from engine.core.model import Call, Catch, Process, Send
from engine.language import uncaught
from engine.language.document import Place
from engine.language.problems import Problem
from engine.language.project import Project
from engine.language.soundness import story
from engine.language.soundness.explore import Explorer
from engine.language.soundness.search import MOST
from engine.language.soundness.shape import HOLDERS, Given, triggers
from engine.language.soundness.world import HELD, Standing, Stuck

CODES = {
    "CW601": "a step that may be waited in for ever",
    "CW602": "steps that go round with no way out",
    "CW603": "a join that may wait for ever",
    "CW605": "a wait for a message that may never be sent",
    "CW606": "a wait for a change that nothing brings",
    "CW607": "a step that no case ever reaches",
    "CW608": "a handler that never fires",
    "CW609": "a step that may be done twice at once",
    "CW619": "more standings than were looked at",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `sure`: a case can surely come there. `keys` lead from the step to the place."""

    code: str
    step: str
    message: str
    hint: str
    sure: bool = True
    keys: Place = ()


def check(project: Project) -> Iterable[Problem]:
    """What is unsound in each process of a project."""
    for name, compiled in project.processes.items():
        for one in examine(compiled.process, given(project, name)):
            if one.code in uncaught.CODES:
                continue  # told where it stands, whether a case comes there or not
            step = one.step.split("/")[0]
            yield project.problem(name, step, one.keys, one.code, one.message, error=one.sure, hint=one.hint)


def given(project: Project, name: str) -> Given:
    """What the other processes and the house mean for one of them. Of what is not known, the better is supposed."""
    process = project.processes[name].process
    others = [one.process for other, one in project.processes.items() if other != name]
    calls = {n.spec.process for one in (*others, process) for n in one.nodes.values() if isinstance(n.spec, Call)}
    if not project.whole:
        return Given(called=True)
    own = set(_sends(process)) - {message for other in others for message in _sends(other)}
    own -= {message for message in own if getattr(project.house.messages.get(message), "by", True)}
    return Given(name in calls, frozenset(own - _sent_by_parts([process, *others])))


def _sends(process: Process) -> Iterator[str]:
    return (node.spec.message for node in process.nodes.values() if isinstance(node.spec, Send))


def _sent_by_parts(processes: Sequence[Process]) -> set[str]:
    """The messages that components send into a case by themselves (as papers do when they have come)."""
    parts = (part for process in processes for part in process.parts.values())
    sent = (getattr(part, "sent", None) for part in parts)
    return {message for one in sent if isinstance(message := getattr(one, "message", None), str)}


def examine(process: Process, known: Given, most: int = MOST) -> list[Finding]:
    """Everything that is unsound in one process. `most`: standings that are looked at in one of its scopes."""
    explorer = Explorer(process, known, most=most)
    stuck = explorer.process()
    found = [_stuck(explorer, one) for one in stuck]
    found += [_crowded(explorer, step) for step in explorer.search.crowded]
    if explorer.search.bounded:
        where = explorer.search.bounded[0]
        message = f"{where or process.name} has too many standings: after {most} of them the search was given up"
        hint = "put what runs side by side into blocks, or split the process; what was not looked at may be unsound"
        found.append(Finding("CW619", where, message, hint, sure=False))
    elif not explorer.search.cut:
        found += [*_handlers(explorer), *_dead(explorer, _around(explorer, found))]
    return list({(one.code, one.step, one.keys): one for one in reversed(found)}.values())[::-1]


# --- what may wait for ever ------------------------------------------------------------------------------------


def _stuck(explorer: Explorer, stuck: Stuck) -> Finding:
    shape = explorer.shape
    way, sure = story.told(shape, stuck.trail), story.certain(shape, stuck.trail)
    if not stuck.standing and stuck.cycle:
        around = story.circle(stuck.cycle) or [stuck.cycle[0].at]
        order = [*shape.nodes]
        first = around.index(min(around, key=order.index))  # as in the file
        around = [*around[first:], *around[:first]]
        ring = " → ".join([*around, around[0]])
        message = f"{way} → from here the case goes round for ever: {ring}; no way leads to an end"
        return Finding("CW602", around[0], message, "give one of these steps a way that leads on to an end", sure)
    if not stuck.standing:
        at = next((label.at for label in reversed(stuck.trail) if "/" not in label.at), "")
        return Finding("CW601", at, f"{way} → from here no way leads to an end", "lead on to an end from here", sure)
    code, one, what, hint = min((_standing(explorer, one) for one in stuck.standing), key=_weight)
    return Finding(code, one.at, f"{way} → here a token waits in {one.at!r} {what}", hint, sure)


_ORDER = ("CW603", "CW685", "CW605", "CW606", "CW601")


def _weight(one: tuple[str, Standing, str, str]) -> int:
    return _ORDER.index(one[0])


def _standing(explorer: Explorer, one: Standing) -> tuple[str, Standing, str, str]:
    node = explorer.shape.nodes[one.at]
    if node.kind == "join":
        flows = ", ".join(map(repr, one.missing)) or "a second round"
        what = f"for {flows}, from where no token can come any more"
        return "CW603", one, what, "join only what was forked together, or make it an inclusive join"
    if one.phase == HELD:
        name = getattr(node.spec, "name", "")
        what = f"for ever: nothing around it takes the error {name!r}"
        return "CW685", one, what, f"give a step or block around it meanwhile: [{{error: {name}, next: …}}]"
    messages = [t.name for t in triggers(node) if t.kind == "message" and t.name in explorer.shape.given.own]
    if messages:
        nodes = explorer.shape.nodes.values()
        senders = [n.id for n in nodes if isinstance(n.spec, Send) and n.spec.message in messages]
        named = " or ".join(map(repr, messages))
        what = f"for the message {named}, which only {' and '.join(map(repr, senders))} could have sent"
        return "CW605", one, what, "send it on every way, or wait in a race with another way out"
    if isinstance(node.spec, Catch) and node.spec.trigger.kind == "changed":
        field = ".".join(node.spec.trigger.path)
        what = f"for a change of {field!r}, which nothing writes meanwhile"
        return "CW606", one, what, f"let a step beside it write {field}, or wait for something else"
    return "CW601", one, "and nothing can happen any more", "give it a way that leads on to an end"


def _crowded(explorer: Explorer, step: str) -> Finding:
    way = story.told(explorer.shape, explorer.search.crowded[step])
    message = f"{way} → here two tokens stand in {step!r} at once: what follows is done twice"
    return Finding("CW609", step, message, "join what was forked before it comes here, if it is not meant", False)


# --- what is never reached -------------------------------------------------------------------------------------


def _handlers(explorer: Explorer) -> Iterator[Finding]:
    shape = explorer.shape
    for host, handlers in shape.hosts():
        if host and host not in explorer.visited:
            continue
        for index, handler in enumerate(handlers, 1):
            if (host, index) not in explorer.fired:
                kind, where = handler.trigger.kind, repr(host) if host else "the process"
                why = f"nothing in {where} raises it, or it is caught within"
                if kind not in ("error", "escalation"):
                    own = kind == "message" and handler.trigger.name in shape.given.own
                    why = "it is sent at no time at which this waits" if own else f"{where} waits for nothing"
                message = f"the handler for {story.words(handler.trigger)} of {where} never fires: {why}"
                hint = "take it out, or hang it on a step that waits, or raises this"
                yield Finding("CW608", host, message, hint, False, ("meanwhile", index - 1))


def _dead(explorer: Explorer, told: set[str]) -> Iterator[Finding]:
    """The first of each row of steps that are never reached; not those behind a step of which it is `told` already
    that it waits for ever."""
    shape, visited = explorer.shape, explorer.visited
    silent = {shape.handlers(h)[i - 1].next for h, i in _unfired(explorer)}
    for node in shape.nodes.values():
        around = node.scope
        if node.id in visited or "/" in node.id or (around and around not in visited) or node.id in silent:
            continue
        before = [one.id for one in shape.nodes.values() if node.id in successors(one) and one.scope == around]
        seen = [one for one in before if one in visited]
        if (before and not seen) or (seen and told >= set(seen)):
            continue
        holds = [one for one in seen if shape.nodes[one].kind in HOLDERS]
        why = f": {' and '.join(map(repr, holds or seen))} never leads here" if seen else ""
        message = f"no case ever comes to {node.id!r}{why}"
        yield Finding("CW607", node.id, message, "take it out, or give what stands before it a way that ends", True)


def _around(explorer: Explorer, found: list[Finding]) -> set[str]:
    """The steps of which it is told that they wait for ever, and the scopes in which they stand."""
    told: set[str] = set()
    for one in found:
        at = one.step if one.code != "CW609" else ""
        while at:
            told.add(at)
            at = explorer.shape.nodes[at].scope
    return told


def _unfired(explorer: Explorer) -> Iterator[tuple[str, int]]:
    for host, handlers in explorer.shape.hosts():
        for index, _ in enumerate(handlers, 1):
            if (host, index) not in explorer.fired:
                yield host, index
