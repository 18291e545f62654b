"""What a step is called: by its title, else by what it does. Steps that only the engine runs often have no title."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.core import model as m
from web import show
from web.desk import Desk
from web.leads import leads
from web.schema import part, subject_of
from web.texts import TEXTS

BRACED = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
"""What a template fills in."""


def called(desk: Desk, process: m.Process, step: str) -> str:
    """The step in words; what is no step of this version under its own name."""
    node = process.nodes.get(step)
    if node is None or node.title:
        return desk.told(node.title if node else None, show.worded(step))
    what = _WHAT.get(type(node.spec))
    if what is None:
        return show.worded(step)
    told = what(desk, process, node)
    return told if isinstance(node.spec, m.Milestone | m.End) else desk.say("step.automatic", what=told)


def in_picture(desk: Desk, process: m.Process) -> dict[str, str]:
    """What stands in a case's picture on the steps that have no title, by step; its ways show where a switch leads."""
    found = {}
    for node in process.nodes.values():
        what = _WHAT.get(type(node.spec))
        if what is not None and not node.title and not isinstance(node.spec, m.Milestone | m.End):
            switch = isinstance(node.spec, m.Switch)
            found[node.id] = desk.say("step.way") if switch else what(desk, process, node)
    return found


def notice(desk: Desk, process: m.Process, template: str) -> str:
    """A notice by the subject that its reader sees, without what is filled in there."""
    written = desk.told(subject_of(desk, process, template))
    return BRACED.sub("", written).strip(" ：:，,（）()-—·") or show.worded(template)


def message(desk: Desk, name: str) -> str:
    known = desk.house.messages.get(name)
    return desk.told(known.title if known else None, show.worded(name))


def fields(desk: Desk, process: m.Process, paths: Iterable[m.Path]) -> str:
    """Fields of the data by their titles, each once."""
    titles = [desk.told(part(desk, process, path[:1]).schema.get("title"), show.worded(path[0])) for path in paths]
    return ("、" if desk.language == "zh" else ", ").join(dict.fromkeys(titles))


def _said(key: str, what: Callable[[Desk, m.Process, m.Node, Any], str]) -> Callable[[Desk, m.Process, m.Node], str]:
    return lambda desk, process, node: desk.say(key, what=what(desk, process, node, node.spec))


def _into(desk: Desk, process: m.Process, node: m.Node, spec: Any) -> str:
    return fields(desk, process, (path for _, path in spec.into)) or show.worded(node.id)


def _act(desk: Desk, act: str) -> str:
    key = f"step.act.{act}"
    return desk.say(key) if key in TEXTS else show.worded(act)


_WHAT: Mapping[type, Callable[[Desk, m.Process, m.Node], str]] = {
    m.Switch: _said("step.switch", lambda desk, process, node, spec: leads(desk, process, node.id, None)),
    m.Set: _said(
        "step.set", lambda desk, process, node, spec: fields(desk, process, (one.path for one in spec.assigns))
    ),
    m.Compute: _said("step.set", _into),
    m.Decide: _said("step.decide", _into),
    m.Service: _said("step.service", lambda desk, process, node, spec: show.worded(spec.function)),
    m.Notify: _said("step.notify", lambda desk, process, node, spec: notice(desk, process, spec.template)),
    m.Send: _said("step.send", lambda desk, process, node, spec: message(desk, spec.message)),
    m.Call: _said("step.call", lambda desk, process, node, spec: desk.process(spec.process)),
    m.Act: _said("step.act", lambda desk, process, node, spec: _act(desk, spec.act)),
    m.Milestone: _said("step.milestone", lambda desk, process, node, spec: show.worded(spec.name)),
    m.End: _said("leads_end", lambda desk, process, node, spec: show.worded(spec.name)),
}
