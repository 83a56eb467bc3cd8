"""A histogram of plain numbers: cheap enough for the alert path, read only when asked for."""

from bisect import bisect_left
from collections.abc import Sequence

SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
)  # fmt: skip
"""Bounds for latencies, from a decision in memory to a press that had to be repeated."""
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Bounds for how many go together."""


class Histogram:
    """Counts per bucket. One thread observes; another may read, and be one observation behind.

    Args:
        bounds: Upper bounds of the buckets, rising; above the last one there is one more.
    """

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.total = 0.0
        """Sum of all that was observed."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value, or several that are the same."""
        self._counts[bisect_left(self._bounds, value)] += times
        self.total += value * times

    @property
    def count(self) -> int:
        """How many values were observed."""
        return sum(self._counts)

    def buckets(self) -> list[tuple[str, float]]:
        """Return each bound as Prometheus writes it, with how many values are not above it."""
        found: list[tuple[str, float]] = []
        so_far = 0
        names = [*map(repr, map(float, self._bounds)), "+Inf"]
        for name, count in zip(names, tuple(self._counts), strict=True):
            so_far += count
            found.append((name, float(so_far)))
        return found
