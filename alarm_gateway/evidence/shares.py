"""Percentiles and shares, in whole numbers, so that a limit is met exactly or not at all."""

from collections.abc import Sequence


def percentile(finished: Sequence[float], permille: int, unfinished: int = 0) -> float | None:
    """Return a percentile by nearest rank: the smallest value that so many are at or below.

    Args:
        finished: Values, in any order.
        permille: Which percentile, from 1 to 1,000; 985 is the 98.5th.
        unfinished: How many more are longer than all of these, and not over yet.

    Returns:
        One of the values; None where there is none, or where it falls among the unfinished.
    """
    rank = rank_of(len(finished) + unfinished, permille)
    return None if rank == 0 or rank > len(finished) else sorted(finished)[rank - 1]


def rank_of(count: int, permille: int) -> int:
    """Return how many of `count` make up a share, rounded up."""
    return -(-count * permille // 1_000)


def reaches(within: int, count: int, permille: int) -> bool:
    """Tell whether `within` of `count` are at least a share of it."""
    return within * 1_000 >= count * permille
