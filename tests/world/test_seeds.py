"""Worlds in which everything that may go wrong does, and nothing is lost, doubled or late."""

import pytest

from simulator.world.command import command_of
from simulator.world.planner import FAULTS, Wish, make_plan
from simulator.world.runner import run_wishes, total_of
from simulator.world.story import tell

SEEDS = range(1, 501)
HOURS = 0.1
JOBS = 2


@pytest.mark.timeout(900)
def test_five_hundred_seeds_break_no_rule() -> None:
    """Every rule of the checker holds in each of them; a failure is told as a short story."""
    wishes = [Wish(seed, HOURS) for seed in SEEDS]
    total = total_of(run_wishes(wishes, jobs=JOBS, on_done=lambda _outcome: None))
    for outcome in total.failures:
        wish = wishes[outcome.seed - SEEDS.start]
        if outcome.broken is not None:
            pytest.fail(tell(make_plan(wish), outcome.broken, command_of(wish)))
    assert len(SEEDS) == total.seeds
    assert {kind for kind in FAULTS if kind != "clock"} == set(total.faults)
    assert total.gateway_lives > 2 * total.seeds
    assert {"done", "refused", "unknown", "gone", "not_connected"} <= set(total.answers)


def test_a_fine_day_has_no_faults_and_loses_nothing() -> None:
    """Without faults the gateway lives once, and every press is an alarm that somebody takes."""
    wishes = [Wish(seed, HOURS, faults=()) for seed in range(1, 11)]
    total = total_of(run_wishes(wishes, jobs=1, on_done=lambda _outcome: None))
    assert (10, {}, ()) == (total.gateway_lives, total.faults, total.failures)
    assert total.presses >= 10 * 20
    assert total.answers["done"] > total.alarms


@pytest.mark.timeout(300)
def test_a_larger_world_holds_too() -> None:
    """Sixty devices for four hours: thin heartbeats, several operators' worth of alarms."""
    (outcome,) = run_wishes([Wish(7, 4.0, 60)], jobs=1, on_done=lambda _outcome: None)
    assert outcome.broken is None
    assert outcome.virtual_ms > 4 * 3_600_000
