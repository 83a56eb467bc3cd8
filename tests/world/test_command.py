"""`alarm-simulator world` on the command line."""

import json

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from simulator.cli import app
from simulator.world import runner as running
from simulator.world.command import command_of, parse_seeds
from simulator.world.errors import WorldError
from simulator.world.planner import FAULTS, Wish, make_plan, parse_faults
from simulator.world.world import Broken, Outcome, run_plan

SMALL = ("world", "--hours", "0.05", "--devices", "2")


def test_one_seed_prints_its_outcome_as_json() -> None:
    """The digest of a run is in its result, and no rule is broken."""
    done = CliRunner().invoke(app, [*SMALL, "--seed", "4", "--json"])
    assert 0 == done.exit_code
    outcome = json.loads(done.stdout)
    assert (4, None, 64) == (outcome["seed"], outcome["broken"], len(outcome["digest"]))


def test_many_seeds_are_added_up_in_a_table() -> None:
    """Seeds, hours, presses, faults and failures stand in it."""
    done = CliRunner().invoke(app, [*SMALL, "--seeds", "1..3", "--jobs", "1"])
    assert 0 == done.exit_code
    for word in ("seeds", "virtual hours", "presses", "fault:", "failures"):
        assert word in done.stdout


def test_many_seeds_come_out_the_same_in_one_process_and_in_two() -> None:
    """How the work is spread decides nothing."""
    wishes = [Wish(seed, 0.05, 2) for seed in range(1, 7)]
    told: list[int] = []
    two = running.run_wishes(wishes, jobs=2, on_done=lambda one: told.append(one.seed))
    one = running.run_wishes(wishes, jobs=1, on_done=lambda _one: None)
    assert one == two
    assert [1, 2, 3, 4, 5, 6] == sorted(told)


def test_a_broken_rule_is_told_and_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The story goes to standard error with the command that repeats it."""
    broken = Broken(rule="twice", at_ms=1, text="made up")

    def failing(wish: Wish) -> Outcome:
        return replace(run_plan(make_plan(wish)), broken=broken)

    monkeypatch.setattr(running, "run_wish", failing)
    done = CliRunner().invoke(app, [*SMALL, "--seed", "4"])
    assert 1 == done.exit_code
    assert "seed 4: rule 'twice' is broken: made up" in done.stderr
    assert "again: alarm-simulator world --seed 4 --hours 0.05 --devices 2" in done.stderr


@pytest.mark.parametrize("text", ["", "1", "5..1", "1..x", "-1..4", "0..9999999"])
def test_a_range_of_seeds_that_is_none_is_refused(text: str) -> None:
    """One line says what to give."""
    with pytest.raises(WorldError, match="give"):
        parse_seeds(text)


def test_faults_are_chosen_by_name() -> None:
    """All, none, or a list; an unknown name is refused with the names there are."""
    assert FAULTS == parse_faults("all")
    assert () == parse_faults("none")
    assert ("delay", "disk-full") == parse_faults("disk-full, delay")
    with pytest.raises(WorldError, match="there is no fault 'earthquake'; choose all, none"):
        parse_faults("delay,earthquake")


def test_only_the_chosen_faults_happen() -> None:
    """A plan holds presses and nothing that was not asked for."""
    kinds = {
        one.kind
        for seed in range(20)
        for one in make_plan(Wish(seed, faults=("home", "attack"))).happenings
    }
    assert {"press", "home", "attack"} == kinds


def test_a_command_repeats_its_wish() -> None:
    """What is printed leads to the same seed, size and faults."""
    wish = Wish(9, 2.5, 12, ("delay", "home"))
    expected = "alarm-simulator world --seed 9 --hours 2.5 --devices 12 --faults delay,home"
    assert expected == command_of(wish)


@pytest.mark.parametrize(("hours", "devices"), [(0.0, 1), (1.0, 0), (1e6, 1)])
def test_a_world_of_no_size_is_refused(hours: float, devices: int) -> None:
    """Sizes have limits."""
    with pytest.raises(WorldError):
        make_plan(Wish(1, hours, devices))
