"""Devices with faults of their own: seen once, raised after a press, over when they are over."""

import pytest

from alarm_gateway.core.effects import Effects
from alarm_gateway.core.inputs import (
    HeartbeatReceived,
    LinkReceived,
    MaintenanceReceived,
    Tick,
)
from alarm_gateway.core.policy import FloodRules, Policy
from alarm_gateway.core.records import SupervisionChanged
from alarm_protocol.messages import Heartbeat, LinkState
from alarm_protocol.units import DeviceId, TimestampMs
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    STRANGER,
    Gateway,
    accept,
    acted,
    confirmed,
    press,
    view,
    views,
)

LOST_MS = 85_000
"""DP4: 90 s of silence at most, and 5 s to report it in."""


def beat(
    device_id: DeviceId = DEVICE,
    *,
    at_ms: int = NOW_MS,
    battery: int | None = 80,
    tamper: bool = False,
) -> HeartbeatReceived:
    """Return a heartbeat."""
    return HeartbeatReceived(
        device_id,
        Heartbeat(
            device_id=device_id,
            sent_at_ms=TimestampMs(at_ms),
            battery_pct=battery,
            tamper=tamper,
        ),
    )


def link(state: str, device_id: DeviceId = DEVICE) -> LinkReceived:
    """Return a connection's coming or going."""
    return LinkReceived(device_id, LinkState(link="up" if state == "up" else "down"))


def changes(gateway: Gateway) -> list[tuple[str, bool, str]]:
    """Return what was written about faults."""
    found = []
    for record in gateway.journal:
        event = record.event
        if record.kind == "supervision_changed":
            found.append((event.condition, event.active, event.effect))  # type: ignore[union-attr]
    return found


def later(gateway: Gateway, after_ms: int) -> Effects:
    """Let time pass."""
    return gateway.take(Tick(), now_ms=NOW_MS + after_ms)


def test_heartbeats_write_nothing() -> None:
    """A healthy device leaves no row, however often it beats."""
    gateway = Gateway()
    for second in range(0, 600, 30):
        now_ms = NOW_MS + second * 1_000
        gateway.take(beat(at_ms=now_ms), link("up"), Tick(), now_ms=now_ms)
    assert [] == gateway.journal


def test_a_silent_device_is_an_alarm_of_priority_3() -> None:
    """EN 50136-1, DP4: the loss is reported within 90 s."""
    gateway = Gateway()
    gateway.take(beat())
    assert [] == later(gateway, LOST_MS - 1).views
    shown = view(later(gateway, LOST_MS), "police")
    assert (3, ("supervision_lost",), 0) == (shown.priority, shown.reasons, shown.press_count)
    assert None is shown.deadlines.accept_by_ms


def test_a_fault_says_since_when_and_by_which_category() -> None:
    """The report of a silence can be held against EN 50136-1, whatever is registered later."""
    gateway = Gateway()
    gateway.take(beat())
    later(gateway, LOST_MS)
    event = gateway.journal[0].event
    assert isinstance(event, SupervisionChanged)
    assert (NOW_MS, "DP4") == (event.since_ms, event.category)


def test_a_lost_link_says_since_when() -> None:
    """Also where it is noted on an alarm that was there."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(beat(), link("down"), now_ms=NOW_MS + 20 * 60_000)
    later(gateway, 20 * 60_000 + 30_000)
    event = gateway.journal[-1].event
    assert isinstance(event, SupervisionChanged)
    assert ("noted", NOW_MS + 20 * 60_000) == (event.effect, event.since_ms)


def test_a_device_that_was_never_heard_is_not_missed() -> None:
    """Supervision begins with the first sign of life."""
    gateway = Gateway()
    later(gateway, 10 * LOST_MS)
    assert [] == gateway.journal


def test_an_unregistered_device_is_not_supervised() -> None:
    """Whoever is in no household has nothing to be lost."""
    gateway = Gateway()
    gateway.take(beat(STRANGER, tamper=True), link("down", STRANGER))
    later(gateway, 10 * LOST_MS)
    assert [] == gateway.journal


def test_a_device_that_is_back_ends_its_alarm() -> None:
    """A fault that is over, and that nobody took up, is no work for anybody."""
    gateway = Gateway()
    gateway.take(beat())
    later(gateway, LOST_MS)
    now_ms = NOW_MS + LOST_MS + 5_000
    shown = view(gateway.take(beat(at_ms=now_ms), now_ms=now_ms), "police")
    assert ("closed", "gateway", "technical_fault") == (
        shown.status,
        shown.own_track.closed_by,
        shown.own_track.disposition,
    )
    assert [("silent", True, "opened"), ("silent", False, "ended")] == changes(gateway)


def test_a_fault_that_an_operator_took_up_stays_until_closed() -> None:
    """Alarms latch: what a person works on does not vanish."""
    gateway = Gateway()
    gateway.take(beat())
    later(gateway, LOST_MS)
    gateway.take(acted("police", accept()))
    now_ms = NOW_MS + LOST_MS + 5_000
    shown = view(gateway.take(beat(at_ms=now_ms), now_ms=now_ms), "police")
    assert "accepted" == shown.status


def test_silence_after_a_press_raises_a_doubtful_alarm() -> None:
    """A device that falls silent within 15 minutes of a press may have been broken."""
    gateway = Gateway()
    gateway.take(beat(), press(1, signed=False))
    shown = views(later(gateway, LOST_MS), "police")[-1]
    assert 1 == shown.priority
    assert "device_silent" in shown.reasons


def test_a_link_cut_after_a_press_counts_at_once() -> None:
    """Offender at the door: press, and the connection goes. There is no grace then."""
    gateway = Gateway()
    gateway.take(press(1, signed=False))
    shown = view(gateway.take(link("down")), "police")
    assert (1, ("press_with_doubts", "link_lost")) == (shown.priority, shown.reasons)


def test_a_fault_never_lowers_a_priority() -> None:
    """Priority 1 stays priority 1, whatever becomes of the device."""
    gateway = Gateway()
    gateway.take(press(1))
    shown = view(gateway.take(link("down"), beat(battery=1, tamper=True)), "police")
    assert 1 == shown.priority


def test_long_after_a_press_a_lost_link_raises_nothing() -> None:
    """After 15 minutes a lost link is a lost link."""
    gateway = Gateway()
    gateway.take(press(1, signed=False))
    gateway.take(link("down"), now_ms=NOW_MS + 900_001)
    shown = views(gateway.take(Tick(), now_ms=NOW_MS + 931_000), "police")[-1]
    assert 2 == shown.priority


def test_a_connection_that_comes_back_soon_is_nothing() -> None:
    """A reconnect storm leaves no rows."""
    gateway = Gateway()
    gateway.take(link("up"))
    gateway.take(link("down"), now_ms=NOW_MS + 1_000)
    gateway.take(link("up"), now_ms=NOW_MS + 30_000)
    later(gateway, 60_000)
    assert [] == changes(gateway)


def test_a_connection_that_stays_away_is_priority_4() -> None:
    """After the grace a lost link is an alarm of its own."""
    gateway = Gateway()
    gateway.take(link("up"))
    gateway.take(link("down"), now_ms=NOW_MS + 1_000)
    shown = view(later(gateway, 31_000), "veilig_thuis")
    assert (4, ("link_lost",)) == (shown.priority, shown.reasons)


def test_a_low_battery_is_said_once_and_taken_back_with_a_margin() -> None:
    """15% is low, and only 20% is good again: no flutter in between."""
    gateway = Gateway()
    for percent in (16, 15, 14, 19, 15, 20):
        gateway.take(beat(battery=percent))
    assert [("battery_low", True, "opened"), ("battery_low", False, "ended")] == changes(gateway)


@pytest.mark.parametrize(
    ("received", "reason", "priority"),
    [
        (beat(tamper=True), "tamper", 3),
        (beat(at_ms=NOW_MS - 40_001), "clock_drift", 4),
        (beat(at_ms=NOW_MS + 20_001), "clock_drift", 4),
    ],
)
def test_what_a_heartbeat_tells_becomes_an_alarm(
    received: HeartbeatReceived, reason: str, priority: int
) -> None:
    """Tamper and a wrong clock have their own reason and priority."""
    shown = view(Gateway().take(received), "police")
    assert ((reason,), priority) == (shown.reasons, shown.priority)


def test_a_real_press_takes_over_a_technical_alarm() -> None:
    """Whoever accepted a broken device has not accepted the press that follows."""
    gateway = Gateway()
    gateway.take(beat(tamper=True))
    gateway.take(acted("police", accept()))
    shown = view(gateway.take(press(1)), "police")
    assert ("open", 1, ("tamper", "verified_press")) == (
        shown.status,
        shown.priority,
        shown.reasons,
    )
    assert None is not shown.deadlines.accept_by_ms


def test_a_technical_alarm_does_not_escalate() -> None:
    """Nobody has to answer a low battery within 30 s."""
    gateway = Gateway()
    gateway.take(beat(battery=1))
    for console in ("police", "veilig_thuis"):
        gateway.take(confirmed(console, "aware-000001.1", 1))
    assert [] == later(gateway, 61_000).views


def test_many_lost_devices_are_one_alarm_with_a_count() -> None:
    """A burst condenses; each device's own fault is still written down."""
    gateway = Gateway(Policy(flood=FloodRules(faults_per_minute=1)))
    gateway.take(beat(), beat(OTHER_DEVICE))
    shown = views(later(gateway, LOST_MS), "police")
    assert {"aware-000001.1", "gateway-flood.1"} == {one.alarm_id for one in shown}
    flood = next(one for one in shown if one.alarm_id == "gateway-flood.1")
    assert (("flood",), 1) == (flood.reasons, flood.condensed_count)
    assert [("silent", True, "opened"), ("silent", True, "none")] == changes(gateway)


def test_a_restart_does_not_make_a_fleet_look_lost() -> None:
    """After an hour's stop every device has its whole silence again, and no more."""
    gateway = Gateway()
    gateway.take(beat(), beat(OTHER_DEVICE))
    restarted = gateway.restarted()
    start_ms = TimestampMs(NOW_MS + 3_600_000)
    restarted.engine.resume_watch(list(gateway.engine.seen_ms), start_ms)
    assert [] == restarted.take(Tick(), now_ms=start_ms + LOST_MS - 1).views
    assert 4 == len(restarted.take(Tick(), now_ms=start_ms + LOST_MS).views)


def test_a_device_in_maintenance_raises_no_fault() -> None:
    """Whoever works on it knows; the fault is written down all the same."""
    gateway = Gateway()
    until_ms = TimestampMs(NOW_MS + 60_000)
    gateway.take(MaintenanceReceived(DEVICE, until_ms, "Tom", "new battery"))
    assert [] == gateway.take(beat(battery=1)).views
    assert [("battery_low", True, "none")] == changes(gateway)


def test_a_press_in_maintenance_is_a_press_with_a_remark() -> None:
    """Maintenance silences no cry for help."""
    gateway = Gateway()
    until_ms = TimestampMs(NOW_MS + 60_000)
    gateway.take(MaintenanceReceived(DEVICE, until_ms, "Tom", "new battery"))
    shown = view(gateway.take(press(1)), "police")
    assert (1, ("in_maintenance",)) == (shown.priority, shown.remarks)


def test_maintenance_ends_by_itself() -> None:
    """It has an expiry, so that nobody has to remember it."""
    gateway = Gateway()
    until_ms = TimestampMs(NOW_MS + 60_000)
    gateway.take(MaintenanceReceived(DEVICE, until_ms, "Tom", "new battery"))
    shown = view(gateway.take(beat(at_ms=until_ms, tamper=True), now_ms=until_ms), "police")
    assert ("tamper",) == shown.reasons


def test_a_test_that_nobody_ends_is_over_after_ten_minutes() -> None:
    """A forgotten test does not stay on the screen."""
    gateway = Gateway()
    gateway.take(press(1, trigger="test"))
    shown = views(later(gateway, 600_000), "police")[-1]
    assert ("closed", "test", "gateway") == (
        shown.status,
        shown.own_track.disposition,
        shown.own_track.closed_by,
    )


def test_a_test_that_became_real_does_not_expire() -> None:
    """A real press overrides the test, and its expiry with it."""
    gateway = Gateway()
    gateway.take(press(1, trigger="test"))
    gateway.take(press(2))
    assert "open" == views(later(gateway, 600_000), "police")[-1].status
