"""One timer for many devices: who has to be woken when."""

import asyncio
import heapq
from collections.abc import Callable
from typing import NamedTuple

STEP_S = 0.1
"""Wakes are late by at most this. Those of one step share a turn: many small writes in a row find
the broker awake, and cost a third less than one at a time."""


class _Wake(NamedTuple):
    due_s: float
    number: int
    wake: Callable[[], None]


class Schedule:
    """Calls back at given times of the event loop's clock.

    A wake cannot be taken back: whoever is woken looks whether it still has something to do.
    That is cheaper than a timer for each device, of which a fleet has many thousands.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heap: list[_Wake] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = 0.0
        self._running = False

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, delay_s: float, wake: Callable[[], None]) -> None:
        """Call `wake` once, so many seconds from now."""
        due_s = self._loop.time() + max(0.0, delay_s)
        self._count += 1
        heapq.heappush(self._heap, _Wake(due_s, self._count, wake))
        if self._running:
            return  # the turn under way sets the timer when it ends
        if self._timer is None or due_s < self._timer_due_s - STEP_S:
            self._set(due_s)

    def stop(self) -> None:
        """Wake nobody any more."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, due_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due_s = due_s
        self._timer = self._loop.call_at(due_s + STEP_S, self._run)

    def _run(self) -> None:
        self._timer = None
        self._running = True
        now_s = self._loop.time()
        try:
            while self._heap and self._heap[0].due_s <= now_s:
                heapq.heappop(self._heap).wake()
        finally:
            self._running = False
            if self._heap:
                self._set(self._heap[0].due_s)
