"""Readable specs: a process, a story told on it with virtual time, and what is expected on the way.

```yaml
spec: What this shows, in a sentence
pattern: WCP-03            # or rule: R16, kind: parallel, handler: after
process:                   # the YAML of a process; name, title and data may be left out
  steps: {...}
graph: {...}               # or a plain graph, see tests/support/plain.py
people: {li: [desk]}       # who serves which queue: then the work of people is played too
given: {x: 1}              # what the case starts with
story:
  - start: {}
  - complete: {step: a, outcome: yes, data: {x: 2}, by: li}     # or complete: a
  - wait: 2h
  - message: {name: reply, key: k, data: {text: hello}}
  - expect: {open: [b], data: {x: 2}, ended: done, path: [a, b], incidents: [expression]}
```

Any step may say `refused: code`. Times are elapsed time; nothing sleeps, nothing is mocked.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.core import commands as c
from engine.core.flow import FLOW
from engine.core.kinds import INT, object_of
from engine.core.machine import Machine
from engine.core.model import Process
from engine.language.compile import Compiler
from engine.language.files import Bundle
from engine.language.language import Language, Routine
from engine.language.problems import DefinitionError
from engine.language.source import read
from organisation.load import build, load
from tasks.commands import ClaimTask, ReleaseTask
from tasks.keywords import WORK_WORDS
from tasks.work import NAMES as WORK_NAMES
from tasks.work import WORK
from tests.support.graph import Story
from tests.support.plain import plain

HERE = Path(__file__).parents[1] / "spec"
TYPES = {
    "x": {"type": "integer"}, "y": {"type": "integer"}, "ok": {"type": "boolean"}, "flag": {"type": "boolean"},
    "text": {"type": "string"}, "kind": {"type": "string"}, "amount": {"type": "string", "format": "money"},
    "at": {"type": "string", "format": "date-time"}, "items": {"type": "array", "items": {"type": "string"}},
    "out": {"type": "array", "items": {"type": "string"}}, "log": {"type": "array", "items": {"type": "string"}},
    "total": {"type": "integer"},
    "payee": {"type": "object", "properties": {"name": {"type": "string"}, "city": {"type": "string"}}},
}  # fmt: skip
HOUSE = {
    "house": "spec",
    "languages": ["en"],
    "queues": {"desk": "Desk", "other": "Other"},
    "messages": {
        "reply": {"title": "Reply", "data": {"text": {"type": "string"}, "x": {"type": "integer"}}},
        "stop": {"title": "Stop"},
    },
    "signals": {"alarm": "Alarm"},
    "errors": {"broken": "Broken", "bounced": "Bounced", "cancelled": "Cancelled"},
    "escalations": {"late": "Late"},
}
NOTICES = {"hello": {"subject": {"en": "About {{ text }}"}, "body": {"en": "Hello {{ text }}"}}}
DOUBLE = Routine("double", {"x": INT}, result=INT, call=lambda x: x * 2)
PAY = Routine("pay", {"x": INT}, frozenset({"x"}), object_of({"y": INT}))


class Deployed:
    """Whatever is called is deployed."""

    def process(self, name: str, version: str = "") -> Process | None:
        return None

    def called(self, caller: Process, name: str, latest: bool) -> str | None:
        return "v1"


# --- the process ----------------------------------------------------------------------------------------


def specs() -> list[Path]:
    """Every spec file; the faulty processes have a test of their own."""
    return sorted(path for path in HERE.rglob("*.yaml") if "faulty" not in path.parts)


def written(path: Path) -> dict[str, Any]:
    value = read(path.read_bytes(), path.name).value
    assert isinstance(value, dict)
    return value


def compiled(spec: Mapping[str, Any]) -> Process:
    """The process of a spec, in the language. Raises DefinitionError."""
    extensions = (WORK_WORDS,) if "people" in spec else ()
    language = Language(extensions, computes={"double": DOUBLE}, services={"pay": PAY})
    data = {"type": "object", "properties": TYPES}
    start = {"by": ["staff"], "form": sorted(TYPES)}
    process = {"process": "spec", "title": "Spec", "data": data, "start": start, **spec["process"]}
    files = {"spec.yaml": process, "house.yaml": HOUSE}
    files |= {f"notices/{name}.yaml": notice for name, notice in NOTICES.items()}
    bundle = Bundle({name: json.dumps(content, default=str).encode() for name, content in files.items()})
    compiler = Compiler(language)
    return compiler.process(bundle, "spec.yaml", compiler.house(bundle))


# --- the story ------------------------------------------------------------------------------------------


class Telling:
    """A story being told. `machine` and `env` may be those of a whole installation."""

    def __init__(self, spec: Mapping[str, Any], machine: Machine | None = None, **env: Any) -> None:
        self.spec = spec
        people = spec.get("people")
        if people is not None:
            machine = machine or Machine([FLOW, WORK])
            env = {"directory": _directory(people), "names": WORK_NAMES, **env}
        process = plain(spec["graph"]) if "graph" in spec else compiled(spec)
        self.story = Story(process, machine, **{"versions": Deployed(), **env})
        self.seen = 0

    def tell(self) -> None:
        for place, step in enumerate(self.spec["story"], 1):
            (verb, value), *rest = ((k, v) for k, v in step.items() if k != "refused")
            assert not rest, f"step {place} asks two things"
            try:
                self._step(verb, value, step.get("refused"))
            except AssertionError as error:
                error.add_note(f"in step {place}: {verb}: {json.dumps(value, default=str)}")
                raise

    def _step(self, verb: str, value: Any, refused: str | None) -> None:
        if verb in _TOLD:
            _TOLD[verb](self, value)
            return
        command, actor = _ASKED[verb](self, value)
        answer = self.story.ask(command, actor)
        if refused is None:
            assert not isinstance(answer, c.Refusal), answer
        else:
            assert isinstance(answer, c.Refusal), f"expected to be refused with {refused}"
            assert answer.code == refused, answer

    def token(self, value: Any, default: str = "") -> int:
        """The token at a step: {step: a, nth: 2} is the second oldest there."""
        step = value if isinstance(value, str) else value.get("step", default)
        which = 1 if isinstance(value, str) else value.get("nth", 1)
        found = [n for n, t in self.story.flow.tokens.items() if t.at == step]
        assert len(found) >= which, f"no token at {step}; open is {self.story.open}"
        return int(found[which - 1])

    def expect(self, wanted: Mapping[str, Any]) -> None:
        for name, value in wanted.items():
            found = _EXPECT[name](self, value)
            assert found == value, f"{name} is {found}, expected {value}"


def _directory(people: Mapping[str, list[str]]) -> Any:
    queues = sorted({queue for served in people.values() for queue in served})
    text = json.dumps(
        {
            "zone": "UTC",
            "users": {name: {"name": name} for name in people},
            "queues": {queue: {"members": [n for n, served in people.items() if queue in served]} for queue in queues},
        }
    )
    return build(load(text, "people.yaml")[0].value, 1)  # type: ignore[arg-type]  # load has seen to the form


Asked = tuple[c.Command, str]


def _who(value: Any) -> str:
    return str(value.get("by", "li")) if isinstance(value, Mapping) else "li"


def _complete(told: Telling, value: Any) -> Asked:
    value = {"step": value} if isinstance(value, str) else value
    command = c.CompleteTask(
        told.token(value), value.get("outcome", ""), value.get("data", {}), value.get("reason", "")
    )
    return command, _who(value)


def _job(told: Telling) -> int:
    return next(iter(told.story.flow.jobs), 0)


def _call(told: Telling) -> tuple[int, str]:
    return next(iter(told.story.flow.calls.items()), (0, ""))


def _message(told: Telling, value: Any) -> Asked:
    value = {"name": value} if isinstance(value, str) else value
    return c.DeliverMessage(value["name"], value.get("key", ""), value.get("data", {})), "system"


def _signal(told: Telling, value: Any) -> Asked:
    value = {"name": value} if isinstance(value, str) else value
    return c.DeliverSignal(value["name"], value.get("key", "")), "system"


def _start(told: Telling, value: Any) -> Asked:
    parent = ("parent", 1) if value.get("called") else ("", 0)
    data = {**told.spec.get("given", {}), **value.get("data", {})}
    return c.StartCase(told.story.process.name, data, "", *parent, value.get("by", "staff")), "li"


_ASKED: Mapping[str, Callable[[Telling, Any], Asked]] = {
    "start": _start,
    "complete": _complete,
    "claim": lambda told, v: (ClaimTask(told.token(v)), _who(v)),
    "release": lambda told, v: (ReleaseTask(told.token(v)), _who(v)),
    "message": _message,
    "signal": _signal,
    "finish_job": lambda told, v: (c.FinishJob(_job(told), v), "system"),
    "fail_job": lambda told, v: (c.FailJob(_job(told), v.get("text", ""), v.get("code", "")), "system"),
    "finish_call": lambda told, v: (
        c.FinishCall(*_call(told), v.get("end", ""), v.get("data", {}), v.get("error", "")), "system"
    ),
    "escalate_call": lambda told, v: (c.EscalateCall(*_call(told), v), "system"),
    "retry": lambda told, v: (c.RetryIncident(next(iter(told.story.flow.incidents), 0)), "li"),
    "suspend": lambda told, v: (c.SuspendCase(v), "li"),
    "resume": lambda told, v: (c.ResumeCase(), "li"),
    "cancel": lambda told, v: (c.CancelCase(v), "li"),
    "start_step": lambda told, v: (c.StartStep(told.token(v["block"]), v["step"]), "li"),
    "finish_block": lambda told, v: (c.FinishBlock(told.token(v)), "li"),
    "add": lambda told, v: (c.AddInstance(told.token(v["each"]), v["item"]), "li"),
}  # fmt: skip


_TOLD: Mapping[str, Callable[[Telling, Any], object]] = {
    "wait": lambda told, v: told.story.wait(v),
    "expect": Telling.expect,
}


def _path(told: Telling, _: Any) -> list[str]:
    return [step for step in told.story.path if "/" not in step]


def _said(told: Telling, wanted: list[str]) -> list[str]:
    """What the incidents say, as far as it was expected."""
    texts = [incident.text for incident in told.story.flow.incidents.values()]
    return [want if want in text else text for want, text in zip(wanted, texts, strict=True)]


def _new_events(told: Telling, _: Any) -> list[str]:
    """What has been said to the world, or marked, since this was asked last."""
    outward = ("MessageSent", "SignalSent", "NoticeRequested", "MilestoneReached", "Escalated", "ErrorRaised",
               "CaseCalled", "CaseReturned", "EscalatedToParent", "ActRequested", "Decided", "JobCreated")  # fmt: skip
    found = [type(event).__name__ for event in told.story.events[told.seen :]]
    told.seen = len(told.story.events)
    return [name for name in found if name in outward]


_EXPECT: Mapping[str, Callable[[Telling, Any], Any]] = {
    "open": lambda told, v: told.story.open,
    "data": lambda told, v: {name: told.story.data.get(name) for name in v},
    "ended": lambda told, v: told.story.ended,
    "status": lambda told, v: told.story.flow.status,
    "path": _path,
    "incidents": lambda told, v: [i.kind for i in told.story.flow.incidents.values()],
    "told": _said,
    "events": _new_events,
    "timers": lambda told, v: len(told.story.flow.timers),
    "jobs": lambda told, v: [job.args for job in told.story.flow.jobs.values()],
}  # fmt: skip


def problems(spec: Mapping[str, Any]) -> list[str]:
    """The codes of the problems that compiling a spec's process finds."""
    try:
        compiled(spec)
    except DefinitionError as error:
        return sorted(problem.code for problem in error.problems if problem.severity == "error")
    return []
