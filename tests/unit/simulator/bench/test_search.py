"""The search for a ceiling, on machines with a known one."""

from collections.abc import Callable

import pytest

from simulator.bench.figures import RunFigures
from simulator.bench.profiles import Case, Search
from simulator.bench.search import RATE_MAX, find_ceiling, why_not
from tests.helpers.bench import run, stage, taking

SEARCH = Search(
    name="gateway",
    case=Case(name="ceiling", subject="gateway", rate_per_s=1_000, seconds=4),
    confirm_s=20,
)


class Machine:
    """Sustains a rate; `trouble` may fail a run whatever its rate, by the run's number."""

    def __init__(
        self,
        limit: float,
        long_limit: float | None = None,
        trouble: Callable[[int], bool] = lambda _number: False,
    ) -> None:
        self.cases: list[Case] = []
        self._limit = limit
        self._long = limit if long_limit is None else long_limit
        self._trouble = trouble

    async def run(self, case: Case) -> RunFigures:
        """Be fast up to the limit, and slow beyond."""
        self.cases.append(case)
        limit = self._long if case.seconds == SEARCH.confirm_s else self._limit
        slow = case.rate_per_s > limit or self._trouble(len(self.cases))
        return taking(200_000 if slow else 1_000)


@pytest.mark.parametrize("limit", [60, 700, 1_000, 5_432, 14_000])
async def test_a_ceiling_is_found_within_a_tenth(limit: float) -> None:
    """From below or above, the rate that is found holds, and a tenth more does not."""
    found = await find_ceiling(SEARCH, Machine(limit).run)
    assert 0.75 * limit <= found.rate_per_s <= limit
    assert len(found.runs) == SEARCH.repeats


async def test_what_holds_is_held_for_long_three_times() -> None:
    """The rate of the result was sustained for 20 s, as often as asked."""
    machine = Machine(3_000)
    found = await find_ceiling(SEARCH, machine.run)
    confirmed = [case.rate_per_s for case in machine.cases if case.seconds == SEARCH.confirm_s]
    assert [found.rate_per_s] * SEARCH.repeats == confirmed


async def test_a_rate_that_does_not_last_is_lowered() -> None:
    """What held for 4 s but not for 20 s is no ceiling."""
    found = await find_ceiling(SEARCH, Machine(3_000, long_limit=2_500).run)
    assert 2_000 < found.rate_per_s <= 2_500
    assert "p99 200 ms" in found.limited_by


async def test_one_failure_may_be_noise() -> None:
    """Each rate has a second chance."""
    found = await find_ceiling(SEARCH, Machine(3_000, trouble=lambda number: number == 2).run)
    assert found.rate_per_s > 2_500


async def test_a_rate_that_is_far_off_has_no_second_chance() -> None:
    """Half a second where a tenth is allowed is no noise, and time is short."""

    async def slow(case: Case) -> RunFigures:
        rates.append(case.rate_per_s)
        return taking(600_000)

    rates: list[float] = []
    await find_ceiling(SEARCH, slow)
    assert len(rates) == len(set(rates))


async def test_nothing_sustained_is_a_ceiling_of_zero() -> None:
    """A chain that is never fast enough has no ceiling, and no runs that speak for one."""
    found = await find_ceiling(SEARCH, Machine(0).run)
    assert (0, []) == (found.rate_per_s, found.runs)


async def test_a_search_ends_at_the_highest_rate_of_all() -> None:
    """A chain without limit is told as such."""
    found = await find_ceiling(SEARCH, Machine(10**9).run)
    assert found.rate_per_s <= RATE_MAX
    assert found.limited_by == f"nothing up to {RATE_MAX:,.0f}/s"


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (run(late_pct=3.0), "3.0% of the presses could not be sent in time"),
        (run({"police": stage(1, lost=2)}), "2 lost, 0 duplicated"),
        (run(duplicated=1), "0 lost, 1 duplicated"),
        (run(journalled=1), "1 lost, 0 duplicated"),
        (taking(150_000), "p99 150 ms"),
    ],
)
def test_a_rate_is_refused_with_its_reason(figures: RunFigures, words: str) -> None:
    """Late, lost, doubled or slow: none of them is sustained."""
    assert words == why_not(figures, 100_000)
