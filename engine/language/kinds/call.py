"""`call`: another process as a case of its own."""

from engine.core.kinds import ANY, TEXT, Type, object_of
from engine.core.model import Call
from engine.language.build import RESERVED
from engine.language.context import Scope
from engine.language.data_schema import DataSchema, load_schema
from engine.language.document import Place
from engine.language.kinds.kind import Kind
from engine.language.outline import Step
from engine.language.problems import DefinitionError, Problems
from engine.language.source import read
from engine.language.words import ARGS, INTO, NAME, described, mapping

HOUSE = "house"
"""house.yaml lies beside the processes, and is none."""


def _call(scope: Scope, step: Step) -> Call:
    where, written = (*step.where, "call"), step.value["call"]
    name = written["process"]
    schema = _schema_of(scope, (*where, "process"), name)
    data = {}
    for field, text in written.get("data", {}).items():
        at = (*where, "data", field)
        known = schema is not None and scope.name(at, field, schema.names, f"field of {name}", key=True)
        wanted = schema.names[field] if schema is not None and known else ANY
        value = scope.open_expression(at, text, "what goes to another case", wants=wanted)
        if value:
            data[field] = value
    result = ANY if schema is None else _result(schema)
    into = scope.into((*where, "into"), written.get("into"), result, f"the result of {name}")
    return Call(name, data, into, written.get("version") == "latest")


def _result(schema: DataSchema) -> Type:
    """What comes back: the data of the called case without its secrets, and how it ended."""
    return object_of({**{n: t for n, t in schema.names.items() if n not in schema.secrets}, "end": TEXT})


def _schema_of(scope: Scope, where: Place, name: str) -> DataSchema | None:
    """The data of the called process; None if nothing can be said of it.

    The other process is no part of this one's version, and a stored version stands alone: only where the house
    lies beside it are the others looked at. What is wrong with them is told when they are checked themselves.
    """
    files, path = scope.build.files.unrecorded, f"{name}.yaml"
    known = [each.removesuffix(".yaml") for each in files.names() if each.endswith(".yaml") and "/" not in each]
    if HOUSE not in known:
        return None
    if not scope.name(where, name, [each for each in known if each != HOUSE], "process"):
        return None
    ignored = Problems()
    try:
        document = read(files.read(path), path)
    except (OSError, DefinitionError):
        return None
    written = document.value.get("data", {}) if isinstance(document.value, dict) else {}
    return load_schema(document, ("data",), written, files, RESERVED, ignored)


KINDS = (
    Kind(
        "call",
        "Runs another process as a case of its own, and waits for its end.",
        mapping(
            {
                "process": described(NAME, "The other process."),
                "data": described(ARGS, "What it starts with: {field: expression}."),
                "into": described(INTO, "What comes back: {place: field}; `end` is how it ended."),
                "version": described({"enum": ["latest"]}, "Left out: the one deployed together with this process."),
            },
            "process",
        ),
        _call,
        stays=True,
        waits=True,
    ),
)
