"""The schema of everything a designer writes, of the language as one installation speaks it.

Two forms come from the same tables. *For checking*, each step is held against its own kind's schema, one level
deep: what nests is only asked to be a mapping, because every step is checked by itself (see `outline`). *For
editors* (`caseway schema`), the same with what nests spelt out, JSON Schema 2020-12, a description on each keyword.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator

from engine.language.house import KEYWORDS as HOUSE_KEYWORDS
from engine.language.kinds import KINDS
from engine.language.kinds.automatic import act_kind
from engine.language.kinds.human import FORM
from engine.language.kinds.kind import Kind
from engine.language.language import Language
from engine.language.shape import validator
from engine.language.triggers import HANDLER
from engine.language.words import (
    BODY,
    CLAUSES,
    EXPRESSION,
    MEANWHILE,
    NAME,
    SETS,
    STEPS,
    TEXT,
    Schema,
    described,
    listing,
    mapping,
)

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SENDER: Schema = {
    "title": "staff, web, or role.x",
    "type": "string",
    "pattern": r"^(staff|web|role\.[a-z][a-z0-9_]*)$",
}
_START = mapping(
    {
        "by": described(listing(_SENDER, "a list, as [staff, web]"), "Who may start a case."),
        "form": described(FORM, "The fields that are asked for."),
        "message": described(NAME, "A message that starts a case."),
        "key": described(EXPRESSION, "Read from the message: two with the same key start one case."),
        "into": described(SETS, "What of the message goes where in the data."),
        "every": described(
            {"title": "day, week, month, quarter, half, year, or a length of time", "type": "string"},
            "Starts a case again and again.",
            "quarter",
        ),
        "missed": described(
            {"enum": ["skip", "once", "all"]}, "What was missed is skipped, made up for once (usual), or each time."
        ),
    },
    title="how a case starts",
)
_ACCEPTED = mapping(
    {
        "check": described(
            {"title": "the code of a finding, as CW621", "type": "string", "pattern": "^[A-Z]+[0-9]+$"},
            "The code of the finding.",
        ),
        "step": described(NAME, "The step at which it is found; left out: anywhere in the process."),
        "reason": described({"title": "a reason", "type": "string", "minLength": 1}, "Why it is well as it is."),
    },
    "check",
    "reason",
    title="a finding that is accepted",
)
_PROCESS: Mapping[str, Schema] = {
    "process": described(NAME, "The name of the process; its file is called the same.", "complaint"),
    "title": described(TEXT, "What people call it."),
    "help": described(TEXT, "What it is for."),
    "number": described(
        {"title": "a template with {seq}", "type": "string"}, "The business number of a case.", "TS-{year}-{seq}"
    ),
    "calendar": described(NAME, "The calendar on which working time is counted, from house.yaml."),
    "data": described(
        {
            "title": "a file, as schemas/complaint.yaml, or the JSON Schema itself",
            "type": ["string", "object"],
            "minLength": 1,
        },
        "The data of a case: JSON Schema 2020-12, with `grade: secret` on what must be sealed.",
    ),
    "clauses": CLAUSES,
    "start": described(_START, "How a case starts."),
    "reopen": described(
        listing(NAME, "a list of steps"),
        "Where a case that has ended may go on; left out, an end is final.",
        ["reopened"],
    ),
    "accepted": described(
        listing(_ACCEPTED, "a list of {check, step, reason}"),
        "Findings of `caseway lint` that are well as they are, each with its reason.",
    ),
    "steps": described(STEPS, "The steps, in order: each flows to the one below unless it says `next`."),
    "meanwhile": described(MEANWHILE, "What may happen at any time while the case is open."),
}
_STEP: Mapping[str, Schema] = {
    "title": described(TEXT, "What people call it."),
    "help": described(TEXT, "How to do it."),
    "clauses": CLAUSES,
}
_NEXT = described(NAME, "The step to go to instead of the one below; `end` is the end of the block.")
_UNDO = described(BODY, "How to undo it: one step, or an ordered mapping of steps.")
_CANCELS = described(listing(NAME, "a list of steps"), "Steps in which everything is taken away when this is done.")
_SHALLOW = {
    "steps": {"title": "an ordered mapping of steps", "type": "object", "minProperties": 1},
    "body": {"title": "one step, or an ordered mapping of steps", "type": "object", "minProperties": 1},
    "meanwhile": listing(HANDLER, "a list of what may happen meanwhile"),
}


class Grammar:
    """The keywords of one `Language`, ready to check with."""

    def __init__(self, language: Language) -> None:
        self.language = language
        acts = {name: act_kind(name, act.schema) for name, act in language.acts.items()}
        self.kinds: Mapping[str, Kind] = {**KINDS, **acts}
        self._steps: dict[str, Draft202012Validator] = {}

    def step(self, kind: str) -> Draft202012Validator:
        """What a step of that kind is held against."""
        if kind not in self._steps:
            self._steps[kind] = validator({**self._step(self.kinds[kind]), "$defs": _SHALLOW})
        return self._steps[kind]

    @cached_property
    def process(self) -> Draft202012Validator:
        return validator({**self._process, "$defs": _SHALLOW})

    @cached_property
    def house(self) -> Draft202012Validator:
        return validator(self.house_schema)

    @property
    def process_schema(self) -> dict[str, Any]:
        """The schema of a process file, for editors."""
        steps = {f"step_{kind.name}": self._step(kind) for kind in self.kinds.values()}
        one = {"title": "a step", "oneOf": [{"$ref": f"#/$defs/{name}"} for name in steps]}
        many = {**_SHALLOW["steps"], "propertyNames": NAME, "additionalProperties": {"$ref": "#/$defs/step"}}
        body = {"title": _SHALLOW["body"]["title"], "anyOf": [{"$ref": "#/$defs/step"}, {"$ref": "#/$defs/steps"}]}
        nested = {"step": one, "steps": many, "body": body, "meanwhile": _SHALLOW["meanwhile"]}
        return {"$schema": DRAFT, **self._process, "title": "A process of Caseway", "$defs": {**nested, **steps}}

    @property
    def house_schema(self) -> dict[str, Any]:
        """The schema of house.yaml, for editors and for checking."""
        added = self._added(extension.house_keywords for extension in self.language.extensions)
        whole = mapping({**HOUSE_KEYWORDS, **added}, "house", title="house.yaml: the names that processes share")
        return {"$schema": DRAFT, **whole}

    @cached_property
    def _process(self) -> dict[str, Any]:
        added = self._added(extension.process_keywords for extension in self.language.extensions)
        return mapping({**_PROCESS, **added}, "process", "title", "steps", title="a process")

    def _step(self, kind: Kind) -> dict[str, Any]:
        beside = self._added(each.step_keywords for each in self.language.extensions if not each.step_kinds)
        keywords: dict[str, Schema] = {kind.name: self._value(kind), **kind.beside, **_STEP, **beside}
        if kind.flows:
            keywords |= {"next": _NEXT, "undo": _UNDO, "cancels": _CANCELS}
        if kind.stays:
            keywords["meanwhile"] = described(MEANWHILE, "What may happen while this lasts.")
        return mapping(keywords, kind.name, *kind.required, title=f"a step: {kind.name}", description=kind.doc)

    def _value(self, kind: Kind) -> Schema:
        """What stands under the kind's keyword; what components add for certain kinds stands in there."""
        inside = self._added(each.step_keywords for each in self.language.extensions if kind.name in each.step_kinds)
        value = dict(kind.value)
        if inside:
            value |= {"additionalProperties": False, "properties": {**value.get("properties", {}), **inside}}
        return described(value, kind.doc)

    @staticmethod
    def _added(keywords: Iterable[Mapping[str, Schema]]) -> dict[str, Schema]:
        return {name: schema for each in keywords for name, schema in each.items()}
