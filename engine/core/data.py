"""What a step sees of the data, and how it writes.

Names are looked for from the inside out: the local names of the scopes around the token (the item of an
`each`, what an undo body remembers), then the case's data, then what the engine itself knows (`now`,
`number`, `starter`) and what components add (`owner`). A name that nobody has set is null (R20).

Secrets lie sealed in the state; reading one through these names opens it, writing one seals it (R13).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.core.events import DataChanged
from engine.core.kinds import ANY, Type
from engine.core.machine import Turn
from engine.core.model import Assign, Each, Json, Parallel, Path
from engine.core.state import FlowState
from engine.core.values import normalise, to_json


class Fault(Exception):
    """Something in the definition or the data keeps a step from going on: told to an operator."""

    def __init__(self, text: str, kind: str = "expression") -> None:
        super().__init__(text)
        self.kind = kind


class Names(Mapping[str, Json]):
    """A read-only view of every name a token sees. `extra` comes first: a payload, an instance's own."""

    __slots__ = ("_extra", "_token", "_turn")

    def __init__(self, turn: Turn, token: int = 0, extra: Mapping[str, Json] | None = None) -> None:
        self._turn = turn
        self._token = token
        self._extra = extra

    def get(self, name: str, default: Json = None) -> Json:
        if self._extra is not None and name in self._extra:
            return self._extra[name]
        turn = self._turn
        found = stored(turn.state.flow, self._token, name, _MISSING)
        if found is not _MISSING:
            return opened(turn, name, found)
        if name in _OWN:
            return _OWN[name](turn)
        known = turn.env.names.get(name)
        return default if known is None else known(turn.state)

    def __getitem__(self, name: str) -> Json:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self._turn.state.flow.data)

    def __len__(self) -> int:
        return len(self._turn.state.flow.data)


_MISSING: Final = object()


def stored(flow: FlowState, number: int, name: str, default: Json = None) -> Json:
    """A name as the state keeps it, secrets sealed, seen from a token: innermost scope first."""
    while number:
        token = flow.tokens[number]
        if token.local is not None and name in token.local:
            return token.local[name]
        number = token.up
    return flow.data.get(name, default)


def remembered(turn: Turn, number: int, wanted: tuple[str, ...]) -> dict[str, Json]:
    """These names as they are now, for an undo to read later (R24); secrets stay sealed."""
    view = names(turn, number)
    found = {name: stored(turn.state.flow, number, name, _MISSING) for name in wanted}
    return {name: view.get(name) if value is _MISSING else value for name, value in found.items()}


_OWN = {
    "now": lambda turn: to_json(turn.now),
    "number": lambda turn: turn.state.flow.number,
    "starter": lambda turn: turn.state.flow.starter,
    "zone": lambda turn: turn.process.zone,
}


def names(turn: Turn, token: int = 0, extra: Mapping[str, Json] | None = None) -> Names:
    """The names that a step at this token sees (0: the process itself)."""
    return Names(turn, token, extra)


def completed_by(turn: Turn) -> dict[str, Json]:
    """What the `set` of an outcome sees beside that: `actor`, who completes the step."""
    return {"actor": turn.request.actor}


def type_of(process_names: Mapping[str, Type], path: Path) -> Type:
    """The type of a place in the data; ANY where the schema says nothing."""
    found = process_names.get(path[0], ANY)
    for name in path[1:]:
        found = (found.fields or {}).get(name, ANY)
    return found


def fit(turn: Turn, path: Path, value: Json, what: str) -> Json:
    """The value in the form that the state keeps. Raises Fault naming the field if it does not fit its type."""
    try:
        return normalise(value, type_of(turn.process.names, path))
    except ValueError as error:
        raise Fault(f"{what}: {'.'.join(path)}: {error}") from error


def assigned(turn: Turn, assigns: tuple[Assign, ...], view: Mapping[str, Json]) -> dict[str, Json]:
    """What the assignments would write, each seeing the values before any of them."""
    return {".".join(a.path): fit(turn, a.path, a.value.json(view), "value") for a in assigns}


def taken(turn: Turn, into: tuple[tuple[str, Path], ...], result: Json, what: str) -> dict[str, Json]:
    """A result spread over the data: (field, path), the field "" being the whole result."""
    changes = {}
    for name, path in into:
        if name and not isinstance(result, dict):
            raise Fault(f"{what} was to have a field {name}, but it is {result!r:.80}")
        changes[".".join(path)] = fit(turn, path, result.get(name) if name else result, what)
    return changes


def write(turn: Turn, token: int, changes: Mapping[str, Json]) -> None:
    """Writes values where they belong: with an `each` instance or a merging branch, else into the case (R19).

    Values that are already there are not written again.
    """
    flow: FlowState = turn.state.flow
    by_scope: dict[int, dict[str, Json]] = {}
    secrets = turn.process.secrets
    while token and flow.tokens[token].local is None:
        token = flow.tokens[token].up
    for path, value in changes.items():
        top, _, rest = path.partition(".")
        scope = _scope_of(turn, token, top) if token else 0
        if value is not None and top in secrets:
            value = sealed(turn, path, value, type_of(turn.process.names, tuple(path.split("."))))
        local = flow.tokens[scope].local if scope else flow.data
        if not rest and local is not None and top in local and same(local[top], value):
            continue
        by_scope.setdefault(scope, {})[path] = value
    for scope, changed in by_scope.items():
        turn.emit(DataChanged(changed, scope))


def same(before: Json, after: Json) -> bool:
    """Whether two values are one and the same in JSON, where true is not 1."""
    return type(before) is type(after) and bool(before == after)


def _scope_of(turn: Turn, number: int, top: str) -> int:
    """The token whose local name this is to be; 0 is the case's data."""
    flow: FlowState = turn.state.flow
    while number:
        token = flow.tokens[number]
        if token.local is not None:
            around = flow.tokens.get(token.up)
            spec = turn.process.nodes[around.at].spec if around else None
            if isinstance(spec, Each) and token.item >= 0:
                return number
            if isinstance(spec, Parallel) and top in spec.merge:
                return number
        number = token.up
    return 0


def sealed(turn: Turn, path: str, value: Json, kind: Type) -> Json:
    """The value at this place with every secret in it sealed. Raises Fault where there is no key."""
    if value is None:
        return None
    if kind.secret:
        if turn.env.sealer is None:
            raise Fault(f"{path} is secret, but there is no key to seal it with")
        return turn.env.sealer.seal(path, value)
    if kind.fields and isinstance(value, dict):
        return {k: sealed(turn, f"{path}.{k}", v, kind.fields.get(k, ANY)) for k, v in value.items()}
    if kind.item and isinstance(value, list):
        return [sealed(turn, f"{path}.{i}", v, kind.item) for i, v in enumerate(value)]
    return value


def opened(turn: Turn, name: str, value: Json) -> Json:
    """A top-level value with every secret in it opened."""
    if name not in turn.process.secrets or value is None:
        return value
    return unsealed(turn, name, value, turn.process.names.get(name, ANY))


def unsealed(turn: Turn, path: str, value: Json, kind: Type) -> Json:
    """The value at this place with every secret in it opened."""
    if kind.secret:
        if not isinstance(value, str) or turn.env.sealer is None:
            return value
        return turn.env.sealer.open(path, value)
    if kind.fields and isinstance(value, dict):
        return {k: unsealed(turn, f"{path}.{k}", v, kind.fields.get(k, ANY)) for k, v in value.items()}
    if kind.item and isinstance(value, list):
        return [unsealed(turn, f"{path}.{i}", v, kind.item) for i, v in enumerate(value)]
    return value
