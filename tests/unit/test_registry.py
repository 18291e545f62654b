"""Registered functions: what their signatures mean, what they are given, what cannot be registered."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

import pytest

from engine.core.expressions import EvaluationError, ExpressionError, compile_expression
from engine.core.kinds import DATE, DECIMAL, INT, MONEY, TEXT, list_of
from engine.core.model import Compute, Node, Process
from tasks.registry import BusinessError, Job, Money, NotSet, Registry
from tests.support.graph import NAMES, Story, x


class Share(TypedDict):
    ours: Money
    theirs: Money


registry = Registry()


@registry.pure()
def split(amount: Money, rate: Decimal, places: int = 2) -> Share:
    """Splits an amount.

    More of it.
    """
    ours = round(amount * rate, places)
    return {"ours": ours, "theirs": amount - ours}


@registry.pure("days_open")
def open_for(since: date | None, items: list[str]) -> int:
    return 0 if since is None else len(items)


@registry.worker()
def pay(job: Job, account: str, amount: Decimal, memo: str | None = None) -> dict[str, Any]:
    """Pays."""
    if account == "closed":
        raise BusinessError("account_closed")
    return {"key": job.key, "paid": amount, "memo": memo}


def test_signatures() -> None:
    found = registry.functions["split"]
    assert (found.parameters, found.optional, found.doc) == ((MONEY, DECIMAL, INT), 1, "Splits an amount.")
    assert found.result.fields == {"ours": MONEY, "theirs": MONEY}
    assert registry.functions["days_open"].parameters == (DATE, list_of(TEXT))
    routine = registry.services["pay"]
    assert (list(routine.parameters), routine.optional, routine.call) == (
        ["account", "amount", "memo"],
        frozenset({"memo"}),
        None,
    )
    assert registry.computes["split"].call is not None


def test_expressions_call_pure_functions() -> None:
    def evaluate(source: str, **data: Any) -> Any:
        return compile_expression(source, NAMES, registry.functions).evaluate(data)

    assert evaluate("split(amount, 0.25).ours", amount="10") == Decimal("2.50")
    assert evaluate("days_open(none, items)", items=["a"]) == 0
    with pytest.raises(EvaluationError, match="amount is not set"):
        evaluate("split(amount, 0.25)")
    with pytest.raises(ExpressionError, match="text"):
        evaluate("split(text, 1)")


def computing(**args: str) -> Story:
    call = registry.computes["split"].call
    assert call is not None
    spec = Compute("split", call, {name: x(source) for name, source in args.items()}, (("ours", ("amount",)),))
    return Story(Process("test", "v1", {"a": Node("a", "compute", spec)}, "a", names=NAMES))


def test_compute_steps_call_them_with_the_types_of_the_signature() -> None:
    assert computing(amount="x", rate="1").start(x=8).data["amount"] == "8"
    for args, text in (
        ({"amount": "amount", "rate": "1"}, "amount is not set"),
        ({"amount": "1"}, "split needs rate"),
        ({"amount": "1", "rate": "1", "plaices": "1"}, "split takes no 'plaices': did you mean 'places'?"),
        ({"amount": "text", "rate": "1"}, "expected money"),
    ):
        told = computing(**args).start(text="much")
        assert any(text in one.text for one in told.flow.incidents.values())


def test_workers_get_values_and_give_state() -> None:
    def serve(**args: Any) -> Any:
        return registry.workers["pay"].serve(Job("case1", "P-1", "pay", args, "case1.4", 1))

    assert serve(account="62", amount="12.50") == {"key": "case1.4", "paid": "12.5", "memo": None}
    with pytest.raises(BusinessError) as caught:
        serve(account="closed", amount="1")
    assert (caught.value.code, caught.value.text) == ("account_closed", "account_closed")
    with pytest.raises(NotSet, match="account is not set"):
        serve(account=None, amount="1")
    with pytest.raises(ValueError, match="expected a number"):
        serve(account="62", amount="much")


def refused(function: Callable[..., Any], text: str, worker: bool = False, name: str = "") -> None:
    fresh = Registry()
    with pytest.raises(TypeError, match=text):
        (fresh.worker(name) if worker else fresh.pure(name))(function)
    assert not fresh.pures and not fresh.workers


def test_what_cannot_be_registered() -> None:
    def floating(a: float) -> int: ...  # type: ignore[empty-body]  # never called

    def untyped(a) -> int: ...  # type: ignore[no-untyped-def, empty-body]  # is what is refused

    def endless(*a: int) -> int: ...  # type: ignore[empty-body]  # never called

    def silent(a: int): ...  # type: ignore[no-untyped-def]  # is what is refused

    def strange(a: set[int]) -> int: ...  # type: ignore[empty-body]  # never called

    def fine(a: int) -> int: ...  # type: ignore[empty-body]  # never called

    refused(floating, r"floating\(a\): numbers are int or Decimal, never float")
    refused(untyped, "say of which type")
    refused(endless, "every parameter has a name")
    refused(silent, "say which type it returns")
    refused(strange, "no type of process data")
    refused(fine, "cannot be called 'Fine'", name="Fine")
    refused(fine, "built-in", name="sum")
    fresh = Registry()
    fresh.pure()(fine)
    with pytest.raises(TypeError, match="registered already"):
        fresh.worker("fine")(pay)
