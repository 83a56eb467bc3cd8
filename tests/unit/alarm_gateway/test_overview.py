"""The overview for supervisors: what counts, what each agency may see, and when it goes out."""

import pytest

from alarm_gateway.core.inputs import (
    HeartbeatReceived,
    Input,
    MaintenanceReceived,
    PresenceReceived,
    Tick,
    Unreadable,
)
from alarm_gateway.core.policy import Policy
from alarm_gateway.overview import ANYHOW_EVERY_MS, EVERY_MS, SAMPLES_KEPT, Overviews
from alarm_protocol import topics
from alarm_protocol.codec import decode_overview
from alarm_protocol.messages import MESSAGE_BYTES_MAX, Heartbeat, Overview, Presence
from alarm_protocol.units import CONSOLES, ConsoleId, DeviceId, TimestampMs
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    Gateway,
    accept,
    acted,
    press,
    unreadable,
)

SECRET = b"LOCATION-52.16"


class Watched(Gateway):
    """An engine with a perfect disk, and its overviews, used as the pump uses them."""

    def __init__(self) -> None:
        super().__init__(Policy())
        self.overviews = Overviews(self.engine)
        self.overviews.recovered(TimestampMs(NOW_MS - 60_000))

    def meet(self, *inputs: Input, now_ms: int = NOW_MS) -> None:
        """Take inputs as one batch and note what became durable."""
        before = len(self.journal)
        self.take(*inputs, now_ms=now_ms)
        self.overviews.note(self.journal[before:])

    def told(self, now_ms: int = NOW_MS) -> dict[ConsoleId, Overview]:
        """Return what goes out at a moment, read as a console reads it."""
        due = self.overviews.due(TimestampMs(now_ms))
        for _, payload in due:
            assert len(payload) <= MESSAGE_BYTES_MAX
        return {console: decode_overview(payload) for console, payload in due}


def at(number: int) -> DeviceId:
    """Return one of many devices."""
    return DeviceId(f"{'x' * 57}-{number:06d}")


def test_answers_are_held_against_the_norms_and_tests_are_left_out() -> None:
    """Accepted in time counts as within; who waits beyond a limit counts as beyond it."""
    gateway = Watched()
    gateway.meet(press(1), press(1, device_id=OTHER_DEVICE, trigger="test"))
    gateway.meet(acted("police", accept()), now_ms=NOW_MS + 12_000)
    told = gateway.told(NOW_MS + 25_000)
    found = {
        console: [(one.limit_ms, one.within, one.count) for one in told[console].answers]
        for console in CONSOLES
    }
    limits = (30_000, 60_000, 15_000, 20_000, 10_000)
    assert [(limit, int(limit > 12_000), 1) for limit in limits] == found["police"]
    assert [(limit, 0, int(limit < 25_000)) for limit in limits] == found["veilig_thuis"]
    assert (12_000, None) == (told["police"].answer_p50_ms, told["veilig_thuis"].answer_p50_ms)


def test_a_new_shift_begins_with_no_answers() -> None:
    """At 23:00 local time the evening's answers are no longer those of this shift."""
    gateway = Watched()
    gateway.meet(press(1))
    gateway.meet(acted("police", accept()), now_ms=NOW_MS + 1_000)
    before = gateway.told(NOW_MS + 2_000)["police"]
    after = gateway.told(before.shift_from_ms + 8 * 3_600_000)["police"]
    assert (1, 0) == (before.answers[0].count, after.answers[0].count)
    assert before.shift_from_ms + 8 * 3_600_000 == after.shift_from_ms == after.measured_from_ms
    assert before.counting_since_ms == before.measured_from_ms


def test_devices_are_named_while_something_is_wrong_with_them() -> None:
    """A fault, a test and maintenance are told, and no longer once they are over."""
    gateway = Watched()
    tampered = Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS, tamper=True)
    gateway.meet(
        HeartbeatReceived(DEVICE, tampered),
        MaintenanceReceived(OTHER_DEVICE, TimestampMs(NOW_MS + 5_000), "Ans", "batterij"),
    )
    first = gateway.told()["police"]
    assert {"tamper": 1, "maintenance": 1} == first.device_counts
    assert {DEVICE, OTHER_DEVICE} == {one.device_id for one in first.devices}
    calm = Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS, tamper=False)
    gateway.meet(HeartbeatReceived(DEVICE, calm), now_ms=NOW_MS + 5_000)
    gateway.meet(press(1, device_id=OTHER_DEVICE, trigger="test"), now_ms=NOW_MS + 5_000)
    later = gateway.told(NOW_MS + 6_000)["police"]
    assert {"test": 1} == later.device_counts
    assert [(OTHER_DEVICE, True)] == [(one.device_id, one.test) for one in later.devices]


def test_the_bytes_of_a_device_go_to_the_police_only_and_a_consoles_to_itself() -> None:
    """What may hold a location, or what the other agency wrote, is on no topic of who may not."""
    gateway = Watched()
    gateway.meet(
        Unreadable(topics.press(DEVICE), SECRET + b"\xff", "not_utf8"),
        Unreadable(topics.actions("police"), b"POLICE-note\xff", "not_utf8"),
        Unreadable(topics.actions("veilig_thuis"), b"THUIS-note\xff", "not_utf8"),
        Unreadable("aware/v1/consoles/nobody/actions", b"STRANGE\xff", "invalid_topic"),
    )
    told = gateway.told()
    seen = {
        console: b"".join(bytes.fromhex(one.begin_hex or "") for one in told[console].samples)
        for console in CONSOLES
    }
    assert b"POLICE-note\xff" + SECRET + b"\xff" == seen["police"]
    assert b"THUIS-note\xff" == seen["veilig_thuis"]
    assert (3, 3) == (told["police"].unreadable, told["veilig_thuis"].unreadable)
    for console, other in (CONSOLES, CONSOLES[::-1]):
        assert topics.actions(other) not in {one.topic for one in told[console].samples}


def test_the_other_console_is_there_or_not_and_who_is_on_duty_is_not_told() -> None:
    """Of the own console the operators are counted."""
    gateway = Watched()
    gateway.meet(PresenceReceived("veilig_thuis", Presence(attached=True, operators=3)))
    told = gateway.told()
    assert (False, 0, True) == (
        told["police"].attached,
        told["police"].operators,
        told["police"].other_attached,
    )
    assert (True, 3, False) == (
        told["veilig_thuis"].attached,
        told["veilig_thuis"].operators,
        told["veilig_thuis"].other_attached,
    )


def test_it_goes_out_when_it_changed_and_now_and_then_anyhow() -> None:
    """Never more often than every 2 s, and after a lost broker at once."""
    gateway = Watched()
    assert set(CONSOLES) == set(gateway.told())
    gateway.meet(unreadable())
    assert {} == gateway.told(NOW_MS + EVERY_MS - 1)
    assert set(CONSOLES) == set(gateway.told(NOW_MS + EVERY_MS))
    assert {} == gateway.told(NOW_MS + 2 * EVERY_MS)
    gateway.overviews.again("police")
    assert {"police"} == set(gateway.told(NOW_MS + 3 * EVERY_MS))
    assert set(CONSOLES) == set(gateway.told(NOW_MS + ANYHOW_EVERY_MS + 3 * EVERY_MS))


@pytest.mark.parametrize("restarted", [False, True])
def test_a_whole_fleet_out_of_order_still_fits_in_a_message(*, restarted: bool) -> None:
    """Counts are exact, names are as many as fit, and the rest is counted."""
    gateway = Watched()
    registry = {at(number): gateway.engine._intake._registry[DEVICE] for number in range(300)}
    gateway.engine._intake._registry = registry
    gateway.engine._intake.watch._registry = registry
    for device_id in registry:
        beat = Heartbeat(device_id=device_id, sent_at_ms=TimestampMs(0), battery_pct=1, tamper=True)
        gateway.meet(HeartbeatReceived(device_id, beat))
    for number in range(2 * SAMPLES_KEPT):
        gateway.meet(Unreadable(topics.press(at(number)), b'"\xff' * 600, "not_utf8"))
    if restarted:
        gateway.overviews = Overviews(gateway.engine)
        gateway.overviews.recovered(NOW_MS)
    told = gateway.told(NOW_MS + 1)["veilig_thuis"]
    assert {"tamper": 300, "battery_low": 300, "clock_drift": 300} == told.device_counts
    assert len(told.devices) > 5
    assert 300 == len(told.devices) + told.devices_omitted
    assert (0 if restarted else 2 * SAMPLES_KEPT) == told.unreadable


def test_a_tick_alone_changes_nothing() -> None:
    """Time that passes is no news."""
    gateway = Watched()
    gateway.told()
    gateway.meet(Tick(), now_ms=NOW_MS + EVERY_MS)
    assert {} == gateway.told(NOW_MS + EVERY_MS)
