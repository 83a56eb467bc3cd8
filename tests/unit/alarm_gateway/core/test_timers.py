"""Deadlines."""

from hypothesis import given
from hypothesis import strategies as st

from alarm_gateway.core.timers import Timers
from alarm_protocol.units import AlarmId, TimestampMs
from tests.helpers.gateway import DEVICE


def test_a_deadline_comes_out_once_and_not_before_its_time() -> None:
    """A deadline is due at its millisecond, and then it is gone."""
    timers = Timers()
    timers.arm("accept", DEVICE, AlarmId("a.1"), 100)
    assert timers.due(TimestampMs(99)) == []
    assert [deadline.alarm_id for deadline in timers.due(TimestampMs(100))] == ["a.1"]
    assert timers.due(TimestampMs(1_000)) == []


def test_only_the_soonest_deadline_of_a_kind_is_kept() -> None:
    """However often an alarm changes, it has one deadline of a kind, and never too late a one."""
    timers = Timers()
    for due_ms in (100, 50, 200):
        timers.arm("confirm", DEVICE, AlarmId("a.1"), due_ms)
    timers.arm("accept", DEVICE, AlarmId("a.1"), 70)
    assert len(timers) == 2
    assert [deadline.due_ms for deadline in timers.due(TimestampMs(1_000))] == [50, 70]
    assert len(timers) == 0


@given(st.lists(st.integers(0, 1_000), max_size=50), st.integers(0, 1_000))
def test_exactly_what_is_due_comes_out_in_order(due_ms: list[int], now_ms: int) -> None:
    """Whatever was armed, `due` returns all of it up to now, earliest first."""
    timers = Timers()
    for number, due in enumerate(due_ms):
        timers.arm("accept", DEVICE, AlarmId(f"a.{number}"), due)
    taken = [deadline.due_ms for deadline in timers.due(TimestampMs(now_ms))]
    assert sorted(due for due in due_ms if due <= now_ms) == taken
