"""The language as tests speak it: people's work, clocks, and a few functions."""

from decimal import Decimal

from engine.core.kinds import DECIMAL, INT, MONEY, TEXT, object_of
from engine.language.compile import Compiler
from engine.language.language import Language, Routine
from sla.keywords import CLOCK_WORDS
from tasks.keywords import WORK_WORDS
from tasks.likeness import LIKENESS_WORDS


def score(amount: Decimal, weight: Decimal = Decimal(1)) -> int:
    """How risky an amount is."""
    return int(amount * weight) // 1000


LANGUAGE = Language(
    extensions=(WORK_WORDS, LIKENESS_WORDS, CLOCK_WORDS),
    computes={"score": Routine("score", {"amount": MONEY, "weight": DECIMAL}, frozenset(["weight"]), INT, score)},
    services={"pay": Routine("pay", {"amount": MONEY}, result=object_of({"reference": TEXT}))},
)
COMPILER = Compiler(LANGUAGE)
