"""The checker can see: every fault that is put into the gateway shows within 200 seeds."""

import pytest

from simulator.world.planner import Wish, make_plan
from simulator.world.world import run_plan
from tests.world.planted import PLANTED

SEEDS_MAX = 200


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_caught(name: str, caught: dict[str, str]) -> None:
    """A gateway with this fault breaks a rule that is about it, within 200 seeds."""
    recipe, rules = PLANTED[name]
    for seed in range(1, SEEDS_MAX + 1):
        broken = run_plan(make_plan(Wish(seed, hours=0.1)), recipe).broken
        if broken is not None:
            caught[name] = f"caught after {seed} seeds, rule '{broken.rule}'"
            assert broken.rule in rules, f"seed {seed}: {broken.rule}: {broken.text}"
            return
    caught[name] = f"not caught in {SEEDS_MAX} seeds"
    pytest.fail(f"{name!r} was not seen in {SEEDS_MAX} seeds")
