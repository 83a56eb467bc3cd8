"""The meter: every press, answer and confirmation counted once, from records and effects."""

import pytest

from alarm_gateway.core.inputs import HeartbeatReceived, Input, Tick
from alarm_gateway.meter import AWAITED_MAX, Meter
from alarm_gateway.monitor import SLICE_ALARMS, tally
from alarm_protocol.messages import Heartbeat
from alarm_protocol.units import CONSOLES, AlarmId, DeviceId, TimestampMs
from tests.helpers.gateway import (
    ALARM_RECORDS,
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    STRANGER,
    Gateway,
    accept,
    acted,
    closed_by_both,
    confirmed,
    painted,
    press,
    unreadable,
)


class Metered(Gateway):
    """An engine with a perfect disk and a meter, used as the pump uses it."""

    def __init__(self) -> None:
        super().__init__()
        self.meter = Meter()

    def meet(self, *inputs: Input, now_ms: int = NOW_MS) -> None:
        """Take inputs as one batch and count them."""
        before = len(self.journal)
        effects = self.take(*inputs, now_ms=now_ms)
        records = self.journal[before:]
        if records:
            self.meter.decided(0, len(inputs))
            self.meter.published(records, effects.feedback, 0)
        else:
            self.meter.answered(effects.feedback)
        self.meter.count()


def test_an_unreadable_time_is_not_measured() -> None:
    """The press is counted; how long it was on its way nobody knows."""
    gateway = Metered()
    gateway.meet(press(1, pressed_at_ms=-1))
    assert 1 == gateway.meter.presses["opened", "none"]
    assert 0 == gateway.meter.stages["received",].count


def test_presses_are_counted_by_what_they_did() -> None:
    """One opens, one joins, one is a repeat, one is doubted; together they are all presses."""
    gateway = Metered()
    gateway.meet(press(1))
    gateway.meet(press(2), press(1, attempt=2))
    gateway.meet(press(2, attempt=2))
    gateway.meet(press(1, device_id=OTHER_DEVICE, signed=False), press(1, device_id=STRANGER))
    gateway.meet(unreadable())
    meter = gateway.meter
    assert {
        ("opened", "none"): 1,
        ("joined", "none"): 1,
        ("repeated", "none"): 2,
        ("opened", "unsigned"): 1,
        ("opened", "unknown_device"): 1,
    } == dict(+meter.presses)
    assert 1 == meter.doubts["unknown_device",]
    assert 1 == meter.quarantined
    assert (5, 7) == (meter.batch_inputs.count, meter.batch_inputs.total)


def test_a_flood_is_counted_and_its_answers_are_no_repeats() -> None:
    """Presses that were condensed are neither lost from the count nor taken for repeats."""
    gateway = Metered()
    devices = [DeviceId(f"stranger-{number}") for number in range(100)]
    gateway.meet(*(press(1, device_id=one) for one in devices))
    assert 100 == gateway.meter.presses.total()
    assert gateway.meter.presses["condensed", "any"] > 0
    assert 0 == gateway.meter.presses["repeated", "none"]


def test_times_are_per_press() -> None:
    """Each press of a batch counts; the clock of a device that is in doubt counts for nothing."""
    gateway = Metered()
    gateway.meet(
        press(1, pressed_at_ms=NOW_MS - 200),
        press(1, device_id=OTHER_DEVICE, pressed_at_ms=NOW_MS - 700),
        press(1, device_id=STRANGER),
    )
    stages = gateway.meter.stages
    counts = {stage: one.count for (stage,), one in stages.items()}
    assert {
        "received": 2, "decided": 3, "durable": 3, "published": 3, "confirmed": 0, "painted": 0
    } == counts  # fmt: skip
    assert 0.9 == round(stages[("received",)].total, 6)


def test_the_first_confirmation_of_each_console_is_a_time() -> None:
    """Later versions and repeats measure nothing new."""
    gateway = Metered()
    gateway.meet(press(1))
    for version, after_ms in ((1, 40), (1, 90)):
        gateway.meet(confirmed("police", "aware-000001.1", version), now_ms=NOW_MS + after_ms)
    gateway.meet(confirmed("veilig_thuis", "aware-000001.1", 1), now_ms=NOW_MS + 100)
    gateway.meet(acted("police", accept()), now_ms=NOW_MS + 200)
    gateway.meet(confirmed("police", "aware-000001.1", 2), now_ms=NOW_MS + 300)
    times = gateway.meter.stages[("confirmed",)]
    assert (2, 0.14) == (times.count, round(times.total, 6))
    assert {("police",): 2, ("veilig_thuis",): 1} == dict(gateway.meter.deliveries)
    assert 0 == len(gateway.meter._unconfirmed)


def test_the_first_screen_at_each_console_is_a_time() -> None:
    """It is the moment that the page tells, and repeats and other operators measure nothing new."""
    gateway = Metered()
    gateway.meet(press(1))
    gateway.meet(painted("police", at_ms=NOW_MS + 60), now_ms=NOW_MS + 900)
    gateway.meet(painted("police", at_ms=NOW_MS + 95, operator="Bob"), now_ms=NOW_MS + 950)
    gateway.meet(painted("veilig_thuis", at_ms=NOW_MS + 80), now_ms=NOW_MS + 990)
    gateway.meet(press(2), now_ms=NOW_MS + 1_000)
    gateway.meet(painted("police", 2, at_ms=NOW_MS + 1_060), now_ms=NOW_MS + 1_100)
    times = gateway.meter.stages[("painted",)]
    assert (2, 0.14) == (times.count, round(times.total, 6))
    assert 0 == len(gateway.meter._unpainted)


def test_a_restart_measures_only_screens_that_come_after_it() -> None:
    """What one console had seen is no new time; the other one is still waited for."""
    gateway = Metered()
    gateway.meet(press(1))
    gateway.meet(painted("police", at_ms=NOW_MS + 60), now_ms=NOW_MS + 100)
    gateway.meter = Meter()
    gateway.meter.recovered(gateway.restarted().engine.devices.values())
    times = gateway.meter.stages[("painted",)]
    assert 0 == times.count
    gateway.meet(painted("police", at_ms=NOW_MS + 60), now_ms=NOW_MS + 4_000)
    gateway.meet(painted("veilig_thuis", at_ms=NOW_MS + 5_000), now_ms=NOW_MS + 5_100)
    assert (1, 5.0) == (times.count, round(times.total, 6))
    meter = Meter()
    meter.recovered(gateway.restarted().engine.devices.values())
    assert 0 == len(meter._unpainted)
    closed_unseen = Metered()
    closed_unseen.meet(press(1))
    closed_by_both(closed_unseen)
    meter.recovered(closed_unseen.restarted().engine.devices.values())
    assert 0 == len(meter._unpainted)


def test_what_is_waited_for_is_bounded() -> None:
    """With no console there, the oldest alarms are forgotten, not the memory filled."""
    meter = Meter()
    record = next(one for one in ALARM_RECORDS if one.kind == "pressed")
    for number in range(AWAITED_MAX + 10):
        changed = type(record)(
            device_id=record.device_id,
            version=1,
            at_ms=record.at_ms,
            alarm_id=AlarmId(f"aware-000001.{number}"),
            event=record.event,
        )
        meter.decided(0, 1)
        meter.published([changed], [], 0)
    meter.count()
    assert (AWAITED_MAX, AWAITED_MAX) == (len(meter._unconfirmed), len(meter._unpainted))


def test_actions_and_escalations_say_whose() -> None:
    """Done and refused apart; levels and reasons too."""
    gateway = Metered()
    gateway.meet(press(1))
    gateway.meet(acted("police", accept("a1")), acted("police", accept("a2", "Bob")))
    gateway.meet(Tick(), now_ms=NOW_MS + 30_000)
    meter = gateway.meter
    assert {("police", "accept", "done"): 1, ("police", "accept", "refused"): 1} == dict(
        meter.actions
    )
    assert 1 == meter.escalations["veilig_thuis", "1", "not_accepted"]


def test_what_may_raise_an_alert_is_there_at_zero() -> None:
    """Prometheus sees a rise only from a value that it has seen before."""
    meter = Meter()
    assert 0 == meter.presses["opened", "bad_signature"]
    for key in (("opened", "bad_signature"), ("condensed", "any")):
        assert key in meter.presses
    for console in CONSOLES:
        assert (console, "1", "console_unreachable") in meter.escalations


def test_what_was_wrong_before_a_start_still_counts() -> None:
    """Conditions are a state: they survive the meter, which starts with the process."""
    gateway = Metered()
    gateway.meet(press(1))
    state = gateway.engine.devices[DEVICE]
    silent = type(state)(device_id=DEVICE, conditions=("silent", "tamper"))
    meter = Meter()
    meter.recovered([state, silent])
    assert {("silent",): 1, ("tamper",): 1} == dict(meter.conditions)


async def test_open_alarms_are_tallied_for_each_console() -> None:
    """Status is each console's own; the oldest that waits is the oldest not accepted."""
    gateway = Metered()
    gateway.meet(press(1))
    gateway.meet(press(1, device_id=OTHER_DEVICE), now_ms=NOW_MS + 500)
    gateway.meet(acted("police", accept()), now_ms=NOW_MS + 900)
    found = await tally(gateway.engine.alarms)
    assert {
        ("police", "accepted", "1", "false"): 1,
        ("police", "open", "1", "false"): 1,
        ("veilig_thuis", "open", "1", "false"): 2,
    } == dict(found.by_state)
    assert {("police",): NOW_MS + 500, ("veilig_thuis",): NOW_MS} == found.waiting_since_ms


async def test_a_fault_of_a_device_makes_nobody_wait() -> None:
    """An empty battery is open at both consoles; only a press asks for somebody to come."""
    gateway = Metered()
    low = Heartbeat(device_id=DEVICE, sent_at_ms=TimestampMs(NOW_MS), battery_pct=1)
    gateway.meet(HeartbeatReceived(DEVICE, low))
    found = await tally(gateway.engine.alarms)
    assert {("police", "open", "4", "false"), ("veilig_thuis", "open", "4", "false")} == set(
        found.by_state
    )
    assert {} == found.waiting_since_ms
    gateway.meet(press(1), now_ms=NOW_MS + 700)
    found = await tally(gateway.engine.alarms)
    assert {(console,): NOW_MS + 700 for console in CONSOLES} == found.waiting_since_ms


async def test_many_open_alarms_are_tallied_in_slices() -> None:
    """While it counts, others have their turn."""
    gateway = Metered()
    gateway.meet(press(1))
    (alarm,) = gateway.engine.alarms.values()
    many = {DeviceId(f"d-{number}"): alarm for number in range(3 * SLICE_ALARMS)}
    work = tally(many)
    for _ in range(3):
        work.send(None)
    with pytest.raises(StopIteration) as done:
        work.send(None)
    assert 2 * 3 * SLICE_ALARMS == done.value.value.by_state.total()
