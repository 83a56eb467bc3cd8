"""A device's wrong clock: from the start, or bit by bit."""

import pytest

from alarm_protocol.runtime import clock
from simulator.scenario.fleet import WrongClock


@pytest.mark.parametrize("ahead_ms", [90_000, -90_000])
def test_a_clock_drifts_to_what_it_is_wrong_by_and_no_further(
    monkeypatch: pytest.MonkeyPatch, ahead_ms: int
) -> None:
    """Right at the start, half as wrong half-way, and never more wrong than said."""
    now_s = 1_000.0
    monkeypatch.setattr(clock, "monotonic_s", lambda: now_s)
    monkeypatch.setattr(clock, "now_ms", lambda: 5_000_000)
    drifting, wrong = WrongClock(ahead_ms, 60.0), WrongClock(ahead_ms)
    assert (0, ahead_ms) == (drifting.now_ms() - 5_000_000, wrong.now_ms() - 5_000_000)
    for passed_s, share in ((30.0, 0.5), (60.0, 1.0), (600.0, 1.0)):
        now_s = 1_000.0 + passed_s
        right_ms = 5_000_000 + round(passed_s * 1_000)
        assert round(ahead_ms * share) == drifting.now_ms() - right_ms
        assert ahead_ms == wrong.now_ms() - right_ms
