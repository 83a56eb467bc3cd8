"""Which faults come when, and the names that a command may give."""

from random import Random

import pytest

from simulator.chaos.errors import ChaosError
from simulator.chaos.faults import FAULTS, order_of, parse_kinds
from simulator.outages.run import OUTAGES, parse_names
from simulator.outages.verdict import Checks, Verdict


def dice(seed: int) -> Random:
    """Return what decides the order."""
    return Random(seed)  # noqa: S311 - a schedule, no secret


def test_every_kind_comes_once_before_any_comes_again() -> None:
    """A run begins with the gateway's kill, on an empty journal, and takes every kind in turn."""
    kinds = len(FAULTS)
    order = order_of(3 * kinds, dice(5))
    assert "gateway_kill" == order[0]
    for start in range(0, len(order), kinds):
        assert set(FAULTS) == set(order[start : start + kinds])
    assert order[:9] == order_of(9, dice(5))
    assert order != order_of(3 * kinds, dice(6))


def test_names_of_faults_are_checked() -> None:
    """Known names are taken in their order; an unknown one is refused with the list."""
    assert ("disk_full", "power_cut") == parse_kinds("disk_full, power_cut")
    assert () == parse_kinds("")
    with pytest.raises(ChaosError, match=r"no fault 'fire'; there are gateway_kill, .*line_slow"):
        parse_kinds("power_cut,fire")


def test_names_of_outages_are_checked() -> None:
    """`all` is every outage; an unknown one is refused with the list."""
    assert tuple(OUTAGES) == parse_names("all")
    assert ("migration",) == parse_names("migration")
    with pytest.raises(ChaosError, match="no outage 'fire'; there are all, poison-router, "):
        parse_names("fire")


def test_a_verdict_passes_only_with_every_check() -> None:
    """One thing that is not as expected fails an outage, and so does finding nothing at all."""
    checks = Checks()
    checks.equal("one", 1, 1)

    def passed() -> bool:
        found = tuple(checks.found)
        return Verdict(name="n", source="s", expectation="e", checks=found).passed

    assert passed()
    checks.equal("two", 2, 3)
    assert "3, not 2" == checks.found[-1].found
    assert not passed()
    checks.found.clear()
    assert not passed()
