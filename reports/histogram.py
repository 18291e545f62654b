"""Times as counts in classes that are narrow where times are short: they can be added up, and give percentiles.

Theory of operation. Seconds below 256 have a class each. Above, a class holds the numbers that agree in their eight
leading bits, so that it is at most 1/128 of its value wide, and its middle at most 1/256 (0.4 %) off. Everything is
whole numbers, and adding in any order gives the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

EXACT = 256
_BITS, _HALF = 8, 128

Histogram = dict[int, int]
"""How many times fell into each class."""

_decode = msgspec.json.Decoder(dict[int, int]).decode
_encode = msgspec.json.Encoder(order="sorted").encode


def class_of(seconds: int) -> int:
    """The class of a time, from 0 on; longer times have higher ones."""
    shift = max(seconds.bit_length() - _BITS, 0)
    return (seconds >> shift) + shift * _HALF


def middle(number: int) -> int:
    """Seconds in the middle of a class; itself where the class holds one number."""
    if number < EXACT:
        return number
    shift = (number - _HALF) // _HALF
    return ((number - shift * _HALF) << shift) + (1 << shift >> 1)


def percentile(histogram: Mapping[int, int], share: int) -> int | None:
    """Seconds that so many of a hundred did not exceed (nearest rank); None when there are none."""
    total = sum(histogram.values())
    if not total:
        return None
    rank = max(-(-total * share // 100), 1)
    seen = 0
    for number in sorted(histogram):
        seen += histogram[number]
        if seen >= rank:
            return middle(number)
    raise AssertionError("the ranks of a histogram add up to its total")


def added(histograms: Iterable[Mapping[int, int]]) -> Histogram:
    """All of them together."""
    total: Counter[int] = Counter()
    for histogram in histograms:
        for number, count in histogram.items():
            total[number] += count
    return dict(total)


def written(histogram: Mapping[int, int]) -> str:
    return _encode({str(number): count for number, count in histogram.items()}).decode()


def read(text: str) -> Histogram:
    return _decode(text)
