"""From a process's files to its compiled graph, with every problem that can be found told in one run.

Theory of operation. Reading gives plain data with places; the *outline* flattens the steps, so that all names are
known. Then each step is taken by itself: held against the schema of its kind, compiled to a spec by its kind, and
given to the components that have keywords on it. Steps are joined to nodes by `flow`; what the compiler adds itself
(bodies of handlers, instances, undo) are blocks of their own. At last the checks look at the whole. A step whose
shape is wrong is not compiled; what stands in it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core.model import Block, Handler, Node, Process, Set
from engine.language import numbering
from engine.language.build import RESERVED, Build, end_of
from engine.language.checks import CHECKS, Seen
from engine.language.compile_house import compile_house
from engine.language.context import Scope
from engine.language.data_schema import load_schema
from engine.language.document import Document, Place
from engine.language.files import Files, Recorded, version_of
from engine.language.flow import Flows
from engine.language.grammar import Grammar
from engine.language.house import House
from engine.language.language import Language
from engine.language.outline import Region, Step, outline
from engine.language.problems import DefinitionError, Problem, Problems
from engine.language.shape import misshapen
from engine.language.source import read
from engine.language.start import compile_reopen, compile_start
from engine.language.triggers import handler

CODES = {
    "CW149": "a process whose file is called otherwise",
    "CW153": "a template that makes no business numbers",
}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A process with what else came of compiling it: doubts, the files it consists of, where its steps stand."""

    process: Process
    document: Document
    warnings: tuple[Problem, ...]
    files: Mapping[str, bytes]
    places: Mapping[str, Place] = field(default_factory=dict)


class Compiler:
    """Compiles the definitions of one installation."""

    def __init__(self, language: Language) -> None:
        self.grammar = Grammar(language)

    def house(self, files: Files) -> House:
        """The house in house.yaml. Raises DefinitionError with every problem."""
        return self.checked_house(files)[0]

    def checked_house(self, files: Files) -> tuple[House, tuple[Problem, ...]]:
        """The same with what is doubtful in house.yaml and its calendars. Raises DefinitionError."""
        return compile_house(self.grammar, files)

    def process(self, files: Files, path: str, house: House) -> Process:
        """The process in the file at `path`, with all that it names. Raises DefinitionError."""
        return self.compile(files, path, house).process

    def compile(self, files: Files, path: str, house: House) -> Compiled:
        """The same with its warnings and places. Raises DefinitionError with every problem, warnings included."""
        used = Recorded(files)
        try:
            raw = used.read(path)
        except OSError as error:
            problem = Problem("CW141", "error", path, 1, 1, f"cannot be read: {error.strerror or error}")
            raise DefinitionError([problem]) from None
        document = read(raw, path)
        problems = Problems(document.warnings)
        build = Build(document, self.grammar.language, house, used, problems)
        process = _Process(self.grammar, build).run()
        places = {step.id: step.where for step in build.outline.steps.values()}
        return Compiled(process, document, problems.warnings, dict(used.used), places)


class _Process:
    """One compilation of one file."""

    def __init__(self, grammar: Grammar, build: Build) -> None:
        self.grammar = grammar
        self.build = build
        self.flows = Flows(build, grammar.kinds)
        self.nodes: dict[str, Node] = {}
        self.broken: set[str] = set()  # steps that could not be compiled
        self.blind = False  # the data schema could not be used: every name would be unknown

    def run(self) -> Process:
        build, problems = self.build, self.build.problems
        value: Any = build.document.value
        wrong = list(misshapen(build.document, (), value, self.grammar.process))
        problems.extend(wrong)
        if not isinstance(value, dict):
            raise DefinitionError(problems)
        build.outline = outline(build.document, self.grammar.kinds, problems)
        self._know(value)
        for step in list(build.outline.steps.values()):
            self._step(step)
        scope = Scope(build)
        if wrong:
            build.lost.add("")  # what else leads to a step of the process is not known
        handlers = () if wrong or self.blind else self._handlers(scope, "", value.get("meanwhile", ()), ())
        reopen = () if wrong or self.blind else compile_reopen(scope, value.get("reopen", ()))
        self._ends()
        seen = Seen(build, self.flows, frozenset(self.broken))
        for check in CHECKS:
            check(seen)
        if wrong or self.blind:
            raise DefinitionError(problems)
        process = self._whole(scope, value, handlers, reopen)
        problems.refuse()
        for extension in self.grammar.language.extensions:
            if extension.check is not None:
                extension.check(scope, process)
        problems.refuse()
        return process

    def _know(self, value: Mapping[str, Any]) -> None:
        """What has to be known before the first expression is read."""
        build = self.build
        calendar = value.get("calendar")
        build.calendar = calendar if isinstance(calendar, str) else ""
        if "data" in value and isinstance(value["data"], str | dict):
            reserved = RESERVED | frozenset(self.grammar.language.names)
            schema = load_schema(build.document, ("data",), value["data"], build.files, reserved, build.problems)
            self.blind = schema is None
            if schema is not None:
                build.schema = schema
        named = {kind: set[str]() for kind in ("milestone", "end", "terminate")}
        for step in build.outline.steps.values():
            if step.kind in named and isinstance(step.value[step.kind], str):
                named[step.kind].add(step.value[step.kind])
        build.milestones = frozenset(named["milestone"])
        build.ends = frozenset(named["end"] | named["terminate"])

    # --- steps --------------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        build = self.build
        wrong = self._misshapen(step)
        build.problems.extend(wrong)
        hollow = any(not region.steps for region in build.outline.inside(step))
        if wrong or hollow or self.blind or not step.kind or self._nameless(step):
            self.broken.add(step.id)
            return
        scope = Scope(build, step.id)
        written, where = step.value, step.where
        spec = self.grammar.kinds[step.kind].compile(scope, step)
        if "next" in written:
            scope.jump((*where, "next"), written["next"])
        handlers = self._handlers(scope, step.id, written.get("meanwhile", ()), where)
        for place, name in enumerate(written.get("cancels", ())):
            scope.name((*where, "cancels", place), name, scope.steps, "step")
        parts = {name: part for name, part in self._parts(scope, step) if part is not None}
        if "help" in written:
            parts["help"] = scope.text((*where, "help"), written["help"])
        title = scope.text((*where, "title"), written["title"]) if "title" in written else {}
        clauses = scope.clauses((*where, "clauses"), written.get("clauses", []))
        if spec is None:
            return
        node = Node(
            step.id,
            "act" if step.kind in self.grammar.language.acts else step.kind,
            spec,
            scope=step.region.scope,
            next=self.flows.next(step),
            handlers=handlers,
            title=title,
            clauses=clauses,
            undo=f"{step.id}/undo" if "undo" in written else None,
            cancels=tuple(written.get("cancels", ())),
            parts=parts,
        )
        self.nodes[step.id] = node
        self._scopes(step, node)

    def _misshapen(self, step: Step) -> list[Problem]:
        if not step.kind:
            return []  # which has been told
        return list(misshapen(self.build.document, step.where, step.value, self.grammar.step(step.kind)))

    def _nameless(self, step: Step) -> bool:
        """Whether it stands in an `each` that could not be compiled, so that the item's name is not known."""
        hosts = (region.host for region in step.region.around() if region.host is not None)
        return any(host.kind == "each" and host.id in self.broken for host in hosts)

    def _parts(self, scope: Scope, step: Step) -> Iterator[tuple[str, Any]]:
        """What the components make of their keywords on this step."""
        for extension in self.grammar.language.extensions:
            if extension.compile_step is None or (extension.step_kinds and step.kind not in extension.step_kinds):
                continue
            inside = bool(extension.step_kinds)
            written = step.value[step.kind] if inside else step.value
            where = (*step.where, step.kind) if inside else step.where
            found = {key: written[key] for key in extension.step_keywords if key in written}
            yield extension.name, extension.compile_step(scope, where, step.kind, found)

    def _handlers(self, scope: Scope, host: str, written: Sequence[Any], where: Place) -> tuple[Handler, ...]:
        found = []
        for index, each in enumerate(written):
            body = f"{host}/{index + 1}"
            made = handler(scope, (*where, "meanwhile", index), each, body)
            if made is not None:
                found.append(made)
            if not host and body in self.build.outline.regions:
                self._block(self.build.outline.regions[body], "")
        return tuple(found)

    def _scopes(self, step: Step, node: Node) -> None:
        """The blocks that the compiler adds for what stands in a step but not right in its node."""
        for region in self.build.outline.inside(step):
            if region.scope != step.id:
                self._block(region, node.scope if region.id.endswith("/undo") else step.id)

    def _block(self, region: Region, scope: str) -> None:
        if region.steps:
            self.nodes[region.scope] = Node(region.scope, "block", Block(region.first), scope=scope)

    def _ends(self) -> None:
        """A node for the end of each region that is jumped to where only a node can be named."""
        for id in self.build.ended:
            region = self.build.outline.regions[id]
            self.nodes[end_of(region)] = Node(end_of(region), "set", Set(()), scope=region.scope)

    # --- the process ----------------------------------------------------------------------------------

    def _whole(
        self, scope: Scope, value: Mapping[str, Any], handlers: tuple[Handler, ...], reopen: tuple[str, ...]
    ) -> Process:
        build, house = self.build, self.build.house
        name = value["process"]
        stem = build.document.file.rpartition("/")[2].rpartition(".")[0]
        if name != stem:
            hint = f"call the file {name}.yaml, or the process {stem}"
            scope.problem(("process",), "CW149", f"this is {name}, and its file is {build.document.file}", hint=hint)
        if build.calendar:
            scope.name(("calendar",), build.calendar, house.calendars, "calendar")
        scope.clauses(("clauses",), value.get("clauses", []))
        for index, accepted in enumerate(value.get("accepted", ())):
            if "step" in accepted:
                scope.name(("accepted", index, "step"), accepted["step"], scope.steps, "step")
        calendar = house.calendars.get(build.calendar or "")
        start = compile_start(scope, value.get("start", {}))
        parts: dict[str, Any] = {}
        for extension in self.grammar.language.extensions:
            found = {key: value[key] for key in extension.process_keywords if key in value}
            part = extension.compile_process(scope, (), found) if extension.compile_process else None
            if part is not None:
                parts[extension.name] = part
        if "help" in value:
            parts["help"] = scope.text(("help",), value["help"])
        return Process(
            name=name,
            version=version_of(build.files.used),
            nodes=self._remembering(),
            first=build.outline.regions[""].first,
            handlers=handlers,
            names=dict(build.schema.names),
            title=scope.text(("title",), value["title"]),
            number=_number(scope, value),
            calendar=build.calendar or "",
            zone=calendar.zone if calendar else "UTC",
            start=start,
            secrets=build.schema.secrets,
            validate=build.schema.form(start.form) if start.by else build.schema.anything(),
            admits=build.schema.anything(),
            check=build.schema.form,
            reopen=reopen,
            parts=parts,
        )

    def _remembering(self) -> dict[str, Node]:
        """The nodes, with what each undo body will read (R24)."""
        outline = self.build.outline
        found = dict(self.nodes)
        for step in outline.steps.values():
            node = found.get(step.id)
            if node is not None and node.undo is not None:
                reads = self._reads(outline.regions[node.undo])
                found[step.id] = replace(node, undo_reads=tuple(sorted(reads)))
        return found

    def _reads(self, region: Region) -> set[str]:
        """The top-level names that a region's steps read, and all that stands in them."""
        found: set[str] = set()
        for step in region.steps:
            found |= self.build.reads.get(step.id, set())
            for inner in self.build.outline.inside(step):
                found |= self._reads(inner)
        return found


def _number(scope: Scope, value: Mapping[str, Any]) -> str:
    """The template of the business number, checked."""
    template: str = value.get("number", "")
    wrong = numbering.problem(template) if "number" in value else None
    if wrong is not None:
        scope.problem(("number",), "CW153", wrong, hint="such as TS-{year}-{seq:06}")
    return template
