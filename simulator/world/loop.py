"""Virtual time: a heap of what happens next.

What is due in the same millisecond happens in the order in which it was planned, so a run
depends on its plan alone. Nothing can be taken back: a callback that may have become
pointless looks for itself.
"""

import heapq
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

START_MS = 1_795_503_000_000
"""The moment at which every world begins: milliseconds since the epoch."""


class _Due(NamedTuple):
    at_ms: int
    number: int
    callback: Callable[..., None]
    args: tuple[Any, ...]


class Loop:
    """The clock of a world, in milliseconds since the epoch, and all that is planned."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.steps = 0
        self._heap: list[_Due] = []
        self._count = 0

    @property
    def since_start_ms(self) -> int:
        """Milliseconds since the world began."""
        return self.now_ms - START_MS

    def at(self, at_ms: int, callback: Callable[..., None], *args: Any) -> None:
        """Plan a call; what lies in the past happens now."""
        self._count += 1
        heapq.heappush(self._heap, _Due(max(at_ms, self.now_ms), self._count, callback, args))

    def after(self, delay_ms: int, callback: Callable[..., None], *args: Any) -> None:
        """Plan a call in so many milliseconds."""
        self.at(self.now_ms + delay_ms, callback, *args)

    def run_until(self, end_ms: int) -> None:
        """Let everything happen that is due up to a moment."""
        heap = self._heap
        while heap and heap[0].at_ms <= end_ms:
            due = heapq.heappop(heap)
            self.now_ms = due.at_ms
            self.steps += 1
            due.callback(*due.args)
        self.now_ms = end_ms


def dice_of(seed: int, name: str) -> Random:
    """Return the chance of one part of the world.

    All chance comes from the one seed. Each part has a stream of its own, so that a plan with
    a device or a fault left out leaves the luck of all others as it was: that is what makes
    a failure shrink.
    """
    return Random(f"{seed}/{name}")  # noqa: S311 - a simulation, no secret
