"""A failure becomes a short story that names the rule and the way to see it again."""

from simulator.world.command import command_of
from simulator.world.planner import Wish, make_plan
from simulator.world.shrink import Shrinker
from simulator.world.story import tell
from simulator.world.world import run_plan
from tests.world.planted import PLANTED

WISH = Wish(1, hours=0.1)


def test_a_failure_shrinks_to_what_it_needs() -> None:
    """A press that is acknowledged too early needs one device and one press, nothing else."""
    recipe = PLANTED["acknowledge before fsync"].recipe
    broken = run_plan(make_plan(WISH), recipe).broken
    assert broken is not None
    short = Shrinker(make_plan(WISH), broken.rule, recipe).shrink()
    assert 1 == len(short.devices)
    assert ["press"] == [one.kind for one in short.happenings]
    again = run_plan(short, recipe).broken
    assert again is not None
    assert broken.rule == again.rule


def test_a_fault_is_kept_where_the_failure_needs_it() -> None:
    """Repeats are written twice only after a restart: the story keeps what killed the gateway."""
    recipe = PLANTED["forget dedupe after a restart"].recipe
    wishes = [Wish(seed, hours=0.1) for seed in range(1, 50)]
    wish = next(one for one in wishes if run_plan(make_plan(one), recipe).broken)
    broken = run_plan(make_plan(wish), recipe).broken
    assert broken is not None
    story = tell(make_plan(wish), broken, command_of(wish), recipe)
    first, again, *rest = story.splitlines()
    assert first.startswith(f"seed {wish.seed}: rule '{broken.rule}' is broken: ")
    assert (
        f"again: alarm-simulator world --seed {wish.seed} --hours 0.1 --devices 5 --faults all"
        == again
    )
    assert any("gateway: begins life 2" in line for line in rest)
    assert "BROKEN" in rest[-1]


def test_the_cost_of_shrinking_is_bounded() -> None:
    """Shrinking stops at its limit and keeps the shortest plan so far."""
    recipe = PLANTED["never escalate"].recipe
    shrinker = Shrinker(make_plan(WISH), "escalation", recipe, runs_max=5)
    plan = shrinker.shrink()
    assert 5 == shrinker.runs
    assert len(plan.happenings) <= len(make_plan(WISH).happenings)
