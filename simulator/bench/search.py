"""The search for the highest rate that is sustained: with nothing lost, and p99 below a limit."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec

from simulator.bench.figures import RunFigures
from simulator.bench.profiles import Case, Search

GROWTH = 1.3
FINER = 1.1
STEP_DOWN = 0.92
RATE_MIN = 50.0
RATE_MAX = 15_000.0
CONFIRMS_MAX = 5
FAR_OFF = 5
"""A p99 so many times over the limit is no noise."""

RunCase = Callable[[Case], Awaitable[RunFigures]]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One rate that was tried, and why it was not sustained, if it was not."""

    rate_per_s: float
    seconds: float
    p99_us: float
    lost: int
    refused: str | None


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found: the rate, 0 where none was sustained, and the runs that hold it."""

    rate_per_s: float
    runs: list[RunFigures]
    probes: list[Probe]

    @property
    def limited_by(self) -> str:
        """What stopped the search: the lowest rate above that was refused, and why."""
        refused = [one for one in self.probes if one.refused and one.rate_per_s > self.rate_per_s]
        if not refused:
            return f"nothing up to {RATE_MAX:,.0f}/s"
        # Each rate has two chances: the second failure is the one that counted.
        first = min(one.rate_per_s for one in refused)
        last = [one for one in refused if one.rate_per_s == first][-1]
        return f"{last.refused} at {last.rate_per_s:,.0f}/s"


def why_not(figures: RunFigures, p99_us_max: float) -> str | None:
    """Tell why a rate was not sustained; None means that it was."""
    if not figures.valid:
        return f"{figures.late_pct:.1f}% of the presses could not be sent in time"
    if figures.lost or figures.duplicated:
        return f"{figures.lost} lost, {figures.duplicated} duplicated"
    if figures.p99_worst_us() >= p99_us_max:
        return f"p99 {figures.p99_worst_us() / 1_000:.0f} ms"
    return None


def _hopeless(figures: RunFigures, p99_us_max: float) -> bool:
    return figures.valid and (figures.lost > 0 or figures.p99_worst_us() > FAR_OFF * p99_us_max)


async def find_ceiling(search: Search, run: RunCase) -> Ceiling:
    """Climb in steps until a rate fails, go finer from there, and confirm what holds for long.

    A single failure may be noise of the machine: each rate has two chances, unless the first
    was far off.
    """
    probes: list[Probe] = []

    async def holds(rate: float, seconds: float) -> RunFigures | None:
        for _ in range(2):
            case = replace(search.case, rate_per_s=rate, seconds=seconds)
            figures = await run(case)
            refused = why_not(figures, search.p99_us_max)
            probes.append(
                Probe(
                    rate_per_s=rate,
                    seconds=seconds,
                    p99_us=figures.p99_worst_us(),
                    lost=figures.lost,
                    refused=refused,
                )
            )
            if refused is None:
                return figures
            if _hopeless(figures, search.p99_us_max):
                break
        return None

    best = await _climb(search, holds)
    runs: list[RunFigures] = []
    for _ in range(CONFIRMS_MAX):
        runs = []
        while best >= RATE_MIN and len(runs) < search.repeats:
            figures = await holds(best, search.confirm_s)
            if figures is None:
                break
            runs.append(figures)
        if len(runs) == search.repeats:
            return Ceiling(rate_per_s=best, runs=runs, probes=probes)
        best = round(best * STEP_DOWN)
    return Ceiling(rate_per_s=0, runs=[], probes=probes)


async def _climb(
    search: Search, holds: Callable[[float, float], Awaitable[RunFigures | None]]
) -> float:
    """Return the highest rate that held for a short while, 0 where none did."""
    rate, best, seconds = search.case.rate_per_s, 0.0, search.case.seconds
    while rate <= RATE_MAX and await holds(rate, seconds):
        best, rate = rate, round(rate * GROWTH)
    while not best and rate > RATE_MIN:
        lower = round(rate / GROWTH)
        if await holds(lower, seconds):
            best = lower
        else:
            rate = lower
    finer = round(best * FINER)
    while best and finer < min(rate, RATE_MAX) and await holds(finer, seconds):
        best, finer = finer, round(finer * FINER)
    return best
