"""Many seeds, in parallel processes: each seed is a world of its own."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from msgspec import Struct

from simulator.world.planner import Wish, make_plan
from simulator.world.world import Outcome, run_plan

BATCH_SEEDS_MAX = 8
"""Seeds that a process takes at a time: few enough for a progress that moves."""

OnDone = Callable[[Outcome], None]


class Total(Struct, frozen=True, kw_only=True):
    """What came of many runs."""

    seeds: int
    virtual_hours: float
    presses: int
    alarms: int
    records: int
    gateway_lives: int
    faults: dict[str, int]
    answers: dict[str, int]
    failures: tuple[Outcome, ...]


def run_wish(wish: Wish) -> Outcome:
    """Run one seed."""
    return run_plan(make_plan(wish))


def run_wishes(wishes: Sequence[Wish], *, jobs: int, on_done: OnDone) -> list[Outcome]:
    """Run many seeds; the result is in their order, however many processes there are.

    Args:
        wishes: One for each seed.
        jobs: Processes; 1 runs all of them in this one.
        on_done: Hears of each outcome as it comes.
    """
    if jobs == 1 or len(wishes) == 1:
        return [_told(run_wish(wish), on_done) for wish in wishes]
    size = max(1, min(BATCH_SEEDS_MAX, len(wishes) // jobs))
    batches = [wishes[start : start + size] for start in range(0, len(wishes), size)]
    outcomes: dict[int, Outcome] = {}
    # A fresh interpreter for each process: a copy of this one would copy its threads' locks.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_run_batch, batch) for batch in batches]):
            for outcome in future.result():
                outcomes[outcome.seed] = _told(outcome, on_done)
    return [outcomes[wish.seed] for wish in wishes]


def _run_batch(wishes: Sequence[Wish]) -> list[Outcome]:
    return [run_wish(wish) for wish in wishes]


def _told(outcome: Outcome, on_done: OnDone) -> Outcome:
    on_done(outcome)
    return outcome


def total_of(outcomes: Sequence[Outcome]) -> Total:
    """Add runs up."""
    faults: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for outcome in outcomes:
        faults.update(outcome.faults)
        answers.update(outcome.answers)
    return Total(
        seeds=len(outcomes),
        virtual_hours=round(sum(one.virtual_ms for one in outcomes) / 3_600_000, 2),
        presses=sum(one.presses for one in outcomes),
        alarms=sum(one.alarms for one in outcomes),
        records=sum(one.records for one in outcomes),
        gateway_lives=sum(one.lives for one in outcomes),
        faults=dict(sorted(faults.items())),
        answers=dict(sorted(answers.items())),
        failures=tuple(one for one in outcomes if one.broken is not None),
    )
