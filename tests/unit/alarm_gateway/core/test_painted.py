"""When an alarm was first on a screen: one fact for each console, and nothing else changes."""

from alarm_gateway.core.records import FirstPainted, is_urgent
from tests.helpers.gateway import (
    FIRST_ALARM,
    NOW_MS,
    Gateway,
    accept,
    acted,
    closed_by_both,
    confirmed,
    painted,
    press,
)


def facts(gateway: Gateway) -> list[FirstPainted]:
    """Return what the journal says of screens."""
    return [one.event for one in gateway.journal if isinstance(one.event, FirstPainted)]


def test_the_first_screen_counts_once_for_each_console() -> None:
    """Later versions, other operators and repeats add nothing; the other console is apart."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(painted("police"))
    gateway.take(acted("police", accept()))
    gateway.take(painted("police", 2, operator="Bob"), painted("police"))
    gateway.take(painted("veilig_thuis", 2, operator="Vera"))
    assert [("police", "Ans", 1), ("veilig_thuis", "Vera", 2)] == [
        (one.console, one.operator, one.view_version) for one in facts(gateway)
    ]


def test_it_costs_an_alarm_nothing() -> None:
    """No view, no feedback, no new version, and nobody waits for the disk because of it."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(*(confirmed(console, FIRST_ALARM, 1) for console in ("police", "veilig_thuis")))
    effects = gateway.take(painted("police"))
    assert ([], []) == (effects.views, effects.feedback)
    assert not is_urgent(gateway.journal[-1:])
    state = gateway.engine.state_of(gateway.journal[-1].device_id)
    assert state is not None
    assert state.alarm is not None
    assert (1, NOW_MS) == (state.alarm.view_version, state.alarm.police.painted_at_ms)


def test_what_cannot_be_is_not_written() -> None:
    """An alarm that is unknown, or a version that does not exist yet, was on no screen."""
    gateway = Gateway()
    gateway.take(painted("police"))
    gateway.take(press(1))
    gateway.take(painted("police", 2))
    assert [] == facts(gateway)


def test_a_consoles_clock_moves_nothing_before_the_alarm_or_after_now() -> None:
    """Times outside are brought to the nearest that can be true."""
    for told_ms, written_ms in ((0, NOW_MS), (NOW_MS + 700, NOW_MS + 700), (2**45, NOW_MS + 900)):
        gateway = Gateway()
        gateway.take(press(1))
        gateway.take(painted("police", at_ms=told_ms), now_ms=NOW_MS + 900)
        assert [written_ms] == [one.painted_at_ms for one in facts(gateway)]


def test_it_is_known_after_a_restart_and_another_press() -> None:
    """The journal keeps it, and a press that opens a closed track again is the same alarm."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(painted("police"))
    gateway = gateway.restarted()
    gateway.take(painted("police"))
    closed_by_both(gateway)
    gateway.take(painted("police", 2))
    assert 1 == len(facts(gateway))
