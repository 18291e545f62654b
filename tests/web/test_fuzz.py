"""Schemathesis over the whole API, signed in: whatever is sent, no 5xx, and every answer is as OpenAPI says.

Theory of operation. Each operation is asked many times with what its schema allows. What is sent is of three kinds:
wild (all of it made up), real (made up, about a case, task or webhook that is there), and known (what the table of
roles sends, to something fresh). Then the state machine follows the links of the document from answer to request.
Everything is derived from one seed, so that what fails fails again. `make test` takes a sample.
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.test_roles import CLAIM, MADE, SAMPLES, WHY, World, plain, world

__all__ = ["world"]

SETTINGS = settings(
    derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
CONFORMS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
"""What holds for every answer."""
WHO = {
    "/api/webhooks": ["admin"], "/api/processes": ["director"], "/api/proposals": ["director", "compliance"],
    "/api/reading": ["compliance"], "/api/floor": ["supervisor", "director"],
}  # fmt: skip
"""Who asks for what; for the rest, somebody of those who work on claims."""
CLERKS = ["officer", "supervisor", "supervisor", "director", "compliance"]
KINDS = ["wild", "real", "real", "known", "known"]


class Fuzz:
    """Asks, checks each answer, and counts."""

    def __init__(self, world: World, client: Any) -> None:
        self.world = world
        self.client = client
        self.answers: Counter[int] = Counter()
        self.kept: dict[str, str] = {}  # what is there, by what stands for it in a path
        app = world.town.app
        app.openapi_schema = None
        self.schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)

    def ask(self, case: Any, who: str) -> Any:
        """The answer, which must be as OpenAPI says. Raises schemathesis's failures."""
        headers = {"authorization": f"Bearer {self.world.tokens[who]}"}
        answer = case.call(session=self.client, headers=headers)
        self.answers[answer.status_code] += 1
        case.validate_response(answer, checks=CONFORMS)
        return answer

    def shape(self, case: Any, kind: str) -> None:
        """Puts what is there, or what is known to fit, in place of what was made up."""
        row = f"{case.operation.method.upper()} {case.operation.path}"
        rows = [one for one in SAMPLES if one == row or one.startswith(f"{row} ")] or [row]
        number = sum(self.answers.values())
        path, sent = SAMPLES.get(rows[number % len(rows)], (plain(case.operation.path), {}))
        for name, make in MADE.items():
            if name in path:
                if kind == "known" or name not in self.kept:
                    self.kept[name] = make(self.world)
                path = path.replace(name, self.kept[name])
        case.path_parameters = parameters(case.operation.path, path.partition("?")[0]) or case.path_parameters
        if kind == "known":
            case.query = {}
            case.headers = {}
            body = sent.get("json")
            if body is not None:
                case.body, case.media_type = body(self.world) if callable(body) else body, "application/json"

    @property
    def share(self) -> float:
        """Of answers that are 2xx."""
        return sum(count for status, count in self.answers.items() if status < 300) / sum(self.answers.values())


def parameters(route: str, path: str) -> dict[str, Any]:
    """What stands in a path for the names in the route; nothing where they do not fit."""
    names, parts = route.split("/"), path.split("/")
    if len(names) != len(parts):
        return {}
    return {name[1:-1]: part for name, part in zip(names, parts, strict=True) if name.startswith("{")}


def asker(path: str, number: int) -> str:
    people = next((who for start, who in WHO.items() if path.startswith(start)), CLERKS)
    return people[number % len(people)]


@pytest.fixture
def fuzz(world: World) -> Iterator[Fuzz]:
    with warnings.catch_warnings(), asgi.get_client(world.town.app) as client:
        warnings.simplefilter("ignore", DeprecationWarning)  # of what schemathesis imports
        yield Fuzz(world, client)


def each(fuzz: Fuzz, examples: int) -> None:
    """Every operation, so many times. Fails with what all of them did wrong."""
    wrong: dict[str, str] = {}
    for result in fuzz.schema.get_all_operations():
        operation = result.ok()

        @settings(SETTINGS, max_examples=examples)
        @given(case=operation.as_strategy(), kind=st.sampled_from(KINDS), turn=st.integers(0, 4))
        def ask(case: Any, kind: str, turn: int) -> None:
            if kind != "wild":
                fuzz.shape(case, kind)
            fuzz.ask(case, asker(case.operation.path, turn))

        try:
            ask()
        except Exception as error:
            causes = getattr(error, "exceptions", [error])
            wrong[operation.label] = "\n".join(f"{type(one).__name__}: {one}"[:1500] for one in causes)
    assert not wrong, "\n\n".join(f"--- {label}\n{text}" for label, text in wrong.items())


def chains(fuzz: Fuzz, scenarios: int, steps: int) -> None:
    """So many walks along the links, each of so many steps at most."""

    class Walk(fuzz.schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def before_call(self, case: Any) -> None:
            if case.operation.path == "/api/cases" and case.operation.method == "post":
                case.body, case.media_type = {"process": "claims", "data": CLAIM}, "application/json"
            elif case.operation.method == "post" and isinstance(case.body, dict) and "reason" in case.body:
                case.body |= WHY

        def call(self, case: Any, **kwargs: Any) -> Any:
            return fuzz.ask(case, asker(case.operation.path, sum(fuzz.answers.values())))

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            """It has been."""

    Walk.run(settings=settings(SETTINGS, max_examples=scenarios, stateful_step_count=steps))


def test_a_sample_of_what_may_be_asked_is_answered_as_the_document_says(fuzz: Fuzz) -> None:
    each(fuzz, 4)
    chains(fuzz, 5, 6)
    assert fuzz.answers[500] == 0 and fuzz.share >= 0.4, fuzz.answers


@pytest.mark.long
def test_whatever_is_asked_is_answered_as_the_document_says(fuzz: Fuzz) -> None:
    each(fuzz, 80)
    chains(fuzz, 120, 12)
    total = sum(fuzz.answers.values())
    print(f"{total} cases, {fuzz.share:.0%} of them 2xx: {dict(sorted(fuzz.answers.items()))}")
    assert total >= 5_000 and fuzz.share >= 0.4, fuzz.answers
    assert not any(status >= 500 for status in fuzz.answers)
