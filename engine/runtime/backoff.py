"""How long to wait before trying again."""


def backoff(attempts: int, first: int, factor: int, longest: int) -> int:
    """Seconds from the failure of the n-th attempt (from 1) to the next: `first`, then `factor` times longer
    each time, never longer than `longest`."""
    longer: int = factor ** min(attempts - 1, 60)
    return min(first * longer, longest)
