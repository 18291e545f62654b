"""The functions that an installation's programmers add: pure ones, and worker functions for jobs.

    registry = Registry()

    @registry.pure()
    def deductible(amount: Decimal, rate: Decimal) -> Decimal:
        "What the customer bears."
        return amount * rate

    @registry.worker()
    def pay(job: Job, account: str, amount: Decimal) -> Receipt:
        "Orders the payment at the bank; the key keeps a second try from paying twice."
        return {"reference": bank.order(job.key, account, amount)}

The signature is the contract: designers' definitions are checked against it, and values arrive in its types.
A pure function has no effect outside, is quick and always gives the same answer; expressions and `compute`
steps call it. A worker function does service work off the writer, may be tried again (R14), and so uses the
job's key towards whatever it changes outside.
"""

import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from engine.core.functions import BUILT_IN, Function
from engine.core.kinds import (
    ANY,
    BOOL,
    DATE,
    DATETIME,
    DECIMAL,
    INT,
    LIST,
    MONEY,
    NULL,
    OBJECT,
    TEXT,
    Json,
    Type,
    Value,
    list_of,
    object_of,
)  # fmt: skip
from engine.core.naming import IDENTIFIER, did_you_mean
from engine.core.values import to_json, to_value
from engine.language.language import Routine

Money = Annotated[Decimal, MONEY]
"""An amount of money with two decimal places, in signatures."""


class BusinessError(Exception):
    """Raised by a worker function for what the process itself has to deal with: an error in the flow, by its
    code (`{error: account_closed}`), instead of another try."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(text or code)
        self.code = code
        self.text = text or code


class NotSet(ValueError):
    """An argument is null that the signature does not allow to be."""


@dataclass(frozen=True, slots=True)
class Job:
    """The job that a worker function serves. `key` is the same at every try: use it to do things once."""

    case: str
    number: str
    step: str
    args: Mapping[str, Json]
    key: str
    attempt: int  # from 1
    more_time: Callable[[int], bool] = lambda seconds: True
    """For long work: asks for so many seconds from now. False when another worker has taken the job over."""


@dataclass(frozen=True, slots=True)
class Parameter:
    type: Type
    nullable: bool
    optional: bool

    def value(self, name: str, given: Json | Value) -> Value:
        """What the function gets: its type's value, from state form or a value. Raises ValueError."""
        if given is None:
            if self.nullable:
                return None
            raise NotSet(f"{name} is not set")
        return to_value(given, self.type)


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered function with its signature."""

    name: str
    function: Callable[..., Any]
    parameters: Mapping[str, Parameter]
    result: Type
    doc: str

    def call(self, **given: Json | Value) -> Value:
        """Calls a pure function by keyword. Raises ValueError for arguments that do not fit."""
        return self.function(**self.taken(given))

    def serve(self, job: Job) -> Json:
        """Calls a worker function for a job; the result in state form. Raises what the function raises."""
        return to_json(self.function(job, **self.taken(job.args)), self.result)

    def taken(self, given: Mapping[str, Json | Value]) -> dict[str, Value]:
        strange = sorted(set(given) - set(self.parameters))
        if strange:
            hint = did_you_mean(strange[0], self.parameters)
            raise ValueError(f"{self.name} takes no {strange[0]!r}" + (f": {hint}" if hint else ""))
        taken = {}
        for name, parameter in self.parameters.items():
            if name in given:
                taken[name] = parameter.value(name, given[name])
            elif not parameter.optional:
                raise NotSet(f"{self.name} needs {name}")
        return taken

    @property
    def routine(self) -> Routine:
        """As `compute` and `service` steps know it."""
        parameters = {name: parameter.type for name, parameter in self.parameters.items()}
        optional = frozenset(name for name, parameter in self.parameters.items() if parameter.optional)
        return Routine(self.name, parameters, optional, self.result, self.call, self.doc)


F = TypeVar("F", bound=Callable[..., Any])


class Registry:
    """The functions of one installation, filled by decorators and read by the language and the executor."""

    def __init__(self) -> None:
        self.pures: dict[str, Registered] = {}
        self.workers: dict[str, Registered] = {}

    def pure(self, name: str = "") -> Callable[[F], F]:
        """Registers a function for expressions and `compute` steps. Raises TypeError for one that cannot be."""

        def register(function: F) -> F:
            found = _registered(function, name, 0)
            if found.name in BUILT_IN:
                raise TypeError(f"{found.name} is a built-in function of expressions: take another name")
            self._add(self.pures, found)
            return function

        return register

    def worker(self, name: str = "") -> Callable[[F], F]:
        """Registers a worker function; its first parameter takes the `Job`. Raises TypeError likewise."""

        def register(function: F) -> F:
            self._add(self.workers, _registered(function, name, 1))
            return function

        return register

    def _add(self, known: dict[str, Registered], found: Registered) -> None:
        if found.name in self.pures or found.name in self.workers:
            raise TypeError(f"a function {found.name} has been registered already")
        known[found.name] = found

    @property
    def signature(self) -> Hashable:
        """Equal for registries by which definitions compile to the same: with the same pure functions, and worker
        functions of the same names and types, wherever those work."""
        pures = tuple((name, self.pures[name].function) for name in sorted(self.pures))
        return pures, tuple(sorted((name, repr(routine)) for name, routine in self.services.items()))

    @property
    def functions(self) -> dict[str, Function]:
        """What expressions may call, beside the built-in functions."""
        return {name: _function(found) for name, found in self.pures.items()}

    @property
    def computes(self) -> dict[str, Routine]:
        return {name: found.routine for name, found in self.pures.items()}

    @property
    def services(self) -> dict[str, Routine]:
        return {name: replace(found.routine, call=None) for name, found in self.workers.items()}


def _function(found: Registered) -> Function:
    parameters = list(found.parameters.values())
    return Function(
        found.name,
        found.function,
        tuple(parameter.type for parameter in parameters),
        found.result,
        found.doc,
        optional=sum(parameter.optional for parameter in parameters),
        nulls=any(parameter.nullable for parameter in parameters),
    )


# --- signatures -------------------------------------------------------------------------------------

_TYPES: Mapping[Any, Type] = {
    Any: ANY, bool: BOOL, int: INT, Decimal: DECIMAL, str: TEXT, date: DATE, datetime: DATETIME,
    list: LIST, dict: OBJECT, type(None): NULL,
}  # fmt: skip


def _registered(function: Callable[..., Any], name: str, skip: int) -> Registered:
    name = name or function.__name__
    if not IDENTIFIER.match(name):
        raise TypeError(f"a function cannot be called {name!r}: a-z, 0-9 and _ after a letter")
    hints = get_type_hints(function, include_extras=True)
    parameters = {}
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        where = f"{name}({parameter.name})"
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{where}: every parameter has a name")
        if parameter.name not in hints:
            raise TypeError(f"{where}: say of which type it is")
        type, nullable = _type(hints[parameter.name], where)
        parameters[parameter.name] = Parameter(type, nullable, parameter.default is not parameter.empty)
    if "return" not in hints:
        raise TypeError(f"{name}: say which type it returns")
    result, _ = _type(hints["return"], f"{name}: its result")
    doc = inspect.cleandoc(function.__doc__ or "").partition("\n")[0]
    return Registered(name, function, parameters, result, doc)


def _type(hint: Any, where: str) -> tuple[Type, bool]:
    """The type that an annotation stands for, and whether it may be null. Raises TypeError."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        rest = [each for each in args if each is not type(None)]
        if len(rest) == 1:
            return _type(rest[0], where)[0], True
    elif origin is Annotated and isinstance(args[1], Type):
        return args[1], False
    elif origin is list:
        return list_of(_type(args[0], where)[0]), False
    elif origin is dict:
        return OBJECT, False
    elif is_typeddict(hint):
        fields = get_type_hints(hint, include_extras=True)
        return object_of({name: _type(each, f"{where}.{name}")[0] for name, each in fields.items()}), False
    elif hint in _TYPES:
        return _TYPES[hint], hint in (Any, type(None))
    if hint is float:
        raise TypeError(f"{where}: numbers are int or Decimal, never float")
    raise TypeError(f"{where}: {hint!r} is no type of process data")
