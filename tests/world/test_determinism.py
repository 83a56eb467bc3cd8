"""The same seed gives the same run, byte for byte."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from simulator.world.plan import Plan
from simulator.world.planner import Wish, make_plan
from simulator.world.world import World, run_plan

ROOT = Path(__file__).parents[2]
SEEDS = (1, 2, 8, 134)
PROGRAM = """
import sys
from simulator.world.planner import Wish, make_plan
from simulator.world.world import run_plan
for seed in sys.argv[1:]:
    print(run_plan(make_plan(Wish(int(seed)))).digest)
"""


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    """Neither the process nor the order of its hash tables has a say."""
    here = [run_plan(make_plan(Wish(seed))).digest for seed in SEEDS]
    for hash_seed in ("1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *map(str, SEEDS)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert here == done.stdout.split()


def test_the_whole_outcome_is_the_same_twice() -> None:
    """Every count, every row and every line of the record is the same."""
    first, second = World(make_plan(Wish(5))), World(make_plan(Wish(5)))
    assert first.run() == second.run()
    assert list(first.trace.lines) == list(second.trace.lines)
    assert first.disk.rows == second.disk.rows


def test_another_seed_is_another_run() -> None:
    """Seeds are not in vain."""
    digests = {run_plan(make_plan(Wish(seed, hours=0.05))).digest for seed in range(1, 21)}
    assert len(digests) == 20


def test_a_plan_can_be_written_down_and_run_again() -> None:
    """A plan is data: after a way through JSON it is the same run."""
    plan = make_plan(Wish(3))
    again = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    assert run_plan(plan) == run_plan(again)
