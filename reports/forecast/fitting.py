"""Learns the chance of a breach from runs that are settled, and measures what was learnt on others, which came later.

Theory of operation. The runs are ordered by their deadlines. From the older ones the weights are learnt (logistic
regression), from later ones how to set their sum right (Platt's calibration), and on the latest, of which nothing was
learnt, it is measured: a forecast is always of what comes later. What was measured is what is used; it is not learnt
again with all of them.

Every moment weighs the same. To have each run weigh the same would look into the future: a moment would weigh the less
the longer its run went on after it, and as late runs go on longest, beginnings would look safer than they are. How sure
the measure is, is reckoned by runs nevertheless, as moments of one run are not independent of each other.

Nothing is said where too few runs are settled, too few of one kind, or where what was measured is no better than to
say of every run how many were late before (the Brier score, by more than chance explains).

Only this file knows scikit-learn, and loads it when it has something to learn: it takes a second.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from math import sqrt
from typing import Any

from reports.forecast.model import BINS, Bin, Forecast, Measured, Model, pooled

RUNS = 200
"""Settled runs, at least."""
EACH = 20
"""Settled runs of each kind, late and in time, at least."""
SEEN = 10
"""Runs in which a trait or a step was seen, at least, for anything to be learnt of it."""
LEARN, CALIBRATE = 0.6, 0.8
"""The shares of runs, by age, up to which weights are learnt and set right; the rest is held out."""
DRIFT = 0.1
"""By how much what was said may differ on the whole from what came: by more, and things are no longer as they were."""
SURE = 1.645
"""Standard errors by which it must be better than the base rate: one in twenty would be by luck."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A run whose deadline has passed: when that was, whether it was late, and its traits at the moments looked at."""

    deadline: datetime
    late: bool
    moments: tuple[frozenset[str], ...]


def learn(settled: Iterable[Settled]) -> Forecast:
    """What can be learnt, or why nothing is."""
    runs = sorted((one for one in settled if one.moments), key=lambda one: one.deadline)
    late = sum(one.late for one in runs)
    refused = _too_little(len(runs), late)
    if refused:
        return Forecast(len(runs), late, refused)
    first, second = int(len(runs) * LEARN), int(len(runs) * CALIBRATE)
    parts = runs[:first], runs[first:second], runs[second:]
    if any(len({one.late for one in part}) < 2 for part in parts):
        return Forecast(len(runs), late, "uneven")
    model = _model(parts[0], parts[1])
    known = _moments([*parts[0], *parts[1]])[1]
    measured = measure(model, parts[2], sum(known) / len(known))
    refused = _too_bad(measured)
    return Forecast(len(runs), late, refused, None if refused else model, measured, runs[0].deadline, runs[-1].deadline)


def _too_little(runs: int, late: int) -> str:
    if runs < RUNS:
        return "few"
    if late < EACH:
        return "few_late"
    return "few_kept" if runs - late < EACH else ""


def _too_bad(measured: Measured) -> str:
    if measured.base - measured.brier <= measured.margin:
        return "no_better"
    # Better than what was so before is not right yet: where far fewer come to be late than did, both say too much.
    whole = pooled(measured.bins)
    return "adrift" if abs(whole.said - whole.came) > DRIFT else ""


def _moments(runs: Sequence[Settled]) -> tuple[list[frozenset[str]], list[bool]]:
    """The traits of each moment, and whether its run was late."""
    return [traits for one in runs for traits in one.moments], [one.late for one in runs for _ in one.moments]


def _model(older: Sequence[Settled], later: Sequence[Settled]) -> Model:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import MultiLabelBinarizer

    seen = Counter(trait for one in older for trait in set(chain.from_iterable(one.moments)))
    traits = sorted(trait for trait, count in seen.items() if count >= SEEN)
    steps = [trait.removeprefix("step:") for trait in traits if trait.startswith("step:") and " " not in trait]
    (moments, late), known = _moments(older), set(traits)
    table = MultiLabelBinarizer(classes=traits, sparse_output=True)
    found: Any = LogisticRegression(max_iter=1000)
    found.fit(table.fit_transform([one & known for one in moments]), late)
    weights = {trait: float(weight) for trait, weight in zip(traits, found.coef_[0], strict=True)}
    raw = Model(float(found.intercept_[0]), weights, 1.0, 0.0, steps)
    moments, late = _moments(later)
    # Hardly held back: there are two numbers to learn, from many runs.
    right: Any = LogisticRegression(C=1e6, max_iter=1000)
    right.fit([[raw.sum(one)] for one in moments], late)
    slope = float(right.coef_[0][0])
    if slope <= 0:  # what was learnt of older runs says nothing of later ones: it is measured as it is
        return raw
    return Model(raw.bias, weights, slope, float(right.intercept_[0]), steps)


def measure(model: Model, held: Sequence[Settled], base: float) -> Measured:
    """How good a model is on runs that it has not seen. base: the share of late moments among those that it has."""
    from sklearn.metrics import brier_score_loss, roc_auc_score

    moments, late = _moments(held)
    chances = [model.chance(traits) for traits in moments]
    brier, always = (float(brier_score_loss(late, said)) for said in (chances, [base] * len(late)))
    gains, place = list[float](), 0
    for one in held:
        own = chances[place : place + len(one.moments)]
        gains.append(sum((base - one.late) ** 2 - (said - one.late) ** 2 - (always - brier) for said in own))
        place += len(own)
    alike = len(set(late)) < 2
    bins = _bins(chances, late)
    return Measured(
        runs=len(held), late=sum(one.late for one in held), brier=brier, base=always,
        margin=SURE * sqrt(sum(gain**2 for gain in gains)) / len(late),
        ranks=None if alike else float(roc_auc_score(late, chances)),
        off=sum(one.count * abs(one.said - one.came) for one in bins) / len(late), bins=bins,
    )  # fmt: skip


def _bins(chances: Sequence[float], late: Sequence[bool]) -> list[Bin]:
    inside: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for chance, came in zip(chances, late, strict=True):
        inside[min(int(chance * BINS), BINS - 1)].append((chance, came))
    return [
        Bin(len(some), sum(one[0] for one in some) / (len(some) or 1), sum(one[1] for one in some) / (len(some) or 1))
        for some in inside
    ]
