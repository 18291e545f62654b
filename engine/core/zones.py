"""The time zones that there are; asking the system walks through a folder of six hundred files."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zones() -> frozenset[str]:
    """Every name of a zone, such as `Asia/Shanghai`."""
    return frozenset(available_timezones())
