"""The device core: what it sends when, and what it shows."""

import pytest

from alarm_protocol.codec import decode_heartbeat, decode_press
from alarm_protocol.messages import Feedback, FeedbackStatus
from alarm_protocol.signing import signature_fits
from alarm_protocol.units import AlarmId, DeviceId, DurationMs, PressId, TimestampMs
from simulator.core.device import (
    HISTORY_MAX,
    PENDING_MAX,
    Device,
    DeviceSettings,
    Outgoing,
    PressRefused,
    retry_delay_ms,
)
from simulator.core.errors import DeviceStateError

T0 = TimestampMs(1_795_503_119_000)
KEY = bytes(range(32))
ID = DeviceId("aware-000001")
ALARM = AlarmId("aware-000001.1")


def make(*, online: bool = True, key: bytes | None = KEY) -> Device:
    """Make a device whose next heartbeat is a minute away."""
    settings = DeviceSettings(device_id=ID, key=key, heartbeat_every_ms=DurationMs(60_000))
    device = Device(settings, sequence=16, heartbeat_at_ms=TimestampMs(T0 + 60_000))
    if online:
        device.connected(T0)
    return device


def at(offset_ms: int) -> TimestampMs:
    """Return the moment so many milliseconds after the start."""
    return TimestampMs(T0 + offset_ms)


def press(device: Device, name: str, offset_ms: int = 0) -> list[Outgoing]:
    """Press, expecting that the device takes it."""
    out = device.press(PressId(name), "press", at(offset_ms))
    assert not isinstance(out, PressRefused)
    return out


def answer(name: str, status: FeedbackStatus = "received", alarm: AlarmId = ALARM) -> Feedback:
    """Make feedback on a press."""
    return Feedback(press_id=PressId(name), alarm_id=alarm, status=status, at_ms=T0)


def test_a_press_goes_out_at_once_and_signed() -> None:
    """One press is one signed message on the device's own topic, first attempt, QoS 1."""
    (message,) = press(make(), "p1", 5)
    assert message.topic == "aware/v1/devices/aware-000001/press"
    assert (message.qos, message.retain) == (1, False)
    signed = decode_press(message.payload)
    assert (signed.press.press_id, signed.press.sequence, signed.press.attempt) == ("p1", 17, 1)
    assert (signed.press.pressed_at_ms, signed.press.sent_at_ms) == (at(5), at(5))
    assert signed.signature is not None
    assert signature_fits(KEY, message.topic, signed.line.encode(), signed.signature.encode())


def test_without_a_key_it_is_unsigned() -> None:
    """A device without a key sends readable presses that carry no second line."""
    (message,) = press(make(key=None), "p1")
    assert decode_press(message.payload).signature is None


def test_the_waits_are_as_promised() -> None:
    """The waits after each attempt are 1, 2, 4, 8, 16 and then always 30 seconds."""
    expected = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
    assert expected == [retry_delay_ms(attempt) for attempt in range(1, 8)]
    assert retry_delay_ms(1_000_000) == 30_000


def test_an_unanswered_press_is_repeated() -> None:
    """A repeat keeps id, number and the finger's time; its attempt and sending time are new."""
    device = make()
    (first,) = press(device, "p1")
    assert device.next_wake_ms() == at(1_000)
    assert device.poll(at(999)) == []
    (second,) = device.poll(at(1_000))
    one, two = decode_press(first.payload).press, decode_press(second.payload).press
    assert (two.press_id, two.sequence, two.pressed_at_ms) == ("p1", one.sequence, T0)
    assert (two.attempt, two.sent_at_ms) == (2, at(1_000))
    assert device.next_wake_ms() == at(3_000)


@pytest.mark.parametrize("status", ["received", "accepted", "closed"])
def test_any_feedback_ends_the_repeats(status: FeedbackStatus) -> None:
    """Feedback of any status on a press is its answer: even when 'received' itself was lost."""
    device = make()
    press(device, "p1")
    assert device.feedback(answer("p1", status)) == "answered"
    assert device.pending == ()
    assert device.poll(at(1_000)) == []
    assert device.shown() == status


def test_feedback_on_another_press_ends_nothing() -> None:
    """A press that this device never made answers nothing."""
    device = make()
    press(device, "p1")
    assert device.feedback(answer("p2")) == "unknown_press"
    assert device.pending == ("p1",)
    assert device.shown() == "sending"


def test_offline_presses_wait_and_go_out_first() -> None:
    """What was pressed without a connection goes out on connecting, oldest first, as attempt 1."""
    device = make(online=False)
    assert press(device, "p1") == []
    assert press(device, "p2", 10) == []
    assert device.next_wake_ms() is None
    out = device.connected(at(5_000))
    assert [message.topic.rpartition("/")[2] for message in out] == ["press", "press", "link"]
    assert [message.press.press_id for message in out if message.press] == ["p1", "p2"]
    assert [message.press.attempt for message in out if message.press] == [1, 1]
    assert out[2].payload == b'{"link":"up"}'
    assert out[2].retain


def test_a_lost_connection_stops_the_sending() -> None:
    """Nothing is sent while the connection is down, and the attempt does not rise."""
    device = make()
    press(device, "p1")
    device.disconnected()
    assert device.poll(at(60_000)) == []
    (repeat, _link, _beat) = device.connected(at(60_000))
    assert repeat.press is not None
    assert repeat.press.attempt == 2


def test_the_last_will_is_link_down_retained() -> None:
    """The last will and the goodbye are the same retained message."""
    down = make().link("down")
    assert down.topic == "aware/v1/devices/aware-000001/link"
    assert (down.payload, down.qos, down.retain) == (b'{"link":"down"}', 1, True)


def test_heartbeats_keep_their_beat() -> None:
    """A heartbeat goes out at QoS 0 on its moment; those that were missed are not made up for."""
    device = make()
    assert device.next_wake_ms() == at(60_000)
    (beat,) = device.poll(at(60_000))
    assert (beat.qos, beat.retain) == (0, False)
    assert decode_heartbeat(beat.payload).sent_at_ms == at(60_000)
    assert len(device.poll(at(250_000))) == 1
    assert device.next_wake_ms() == at(300_000)


def test_what_is_shown_only_moves_forward() -> None:
    """Overtaken and repeated feedback changes nothing on the device."""
    device = make()
    press(device, "p1")
    device.feedback(answer("p1", "unit_assigned"))
    assert device.feedback(answer("p1", "accepted")) == "repeated"
    assert device.feedback(answer("p1", "unit_assigned")) == "repeated"
    assert device.shown() == "unit_assigned"
    assert device.feedback(answer("p1", "on_scene")) == "advanced"
    assert device.shown() == "on_scene"


def test_a_second_press_of_an_accepted_alarm_shows_accepted() -> None:
    """The device shows how far the alarm is, also when its newest press was only received."""
    device = make()
    press(device, "p1")
    device.feedback(answer("p1", "accepted"))
    press(device, "p2", 100)
    assert device.shown() == "sending"
    device.feedback(answer("p2", "received"))
    assert device.shown() == "accepted"


def test_a_new_device_shows_idle() -> None:
    """Before any press there is nothing to show."""
    assert make().shown() == "idle"


def test_too_many_pending_presses_are_refused_by_name() -> None:
    """At the limit a further press is refused, and those that wait all still go out."""
    device = make(online=False)
    for number in range(PENDING_MAX):
        press(device, f"p{number}")
    assert device.press(PressId("more"), "press", T0) == PressRefused("too_many_pending")
    names = [message.press.press_id for message in device.connected(T0) if message.press]
    assert names == [f"p{number}" for number in range(PENDING_MAX)]


def test_a_press_id_is_used_once() -> None:
    """Using a press id again is a fault of the caller, pending or answered."""
    device = make()
    press(device, "p1")
    with pytest.raises(DeviceStateError, match="p1 was used before"):
        device.press(PressId("p1"), "press", T0)
    device.feedback(answer("p1"))
    with pytest.raises(DeviceStateError, match="p1 was used before"):
        device.press(PressId("p1"), "press", T0)


def test_its_memory_is_bounded() -> None:
    """A device that is pressed for years remembers only its newest presses and their alarms."""
    device = make()
    for number in range(1, HISTORY_MAX * 3):
        press(device, f"p{number}")
        device.feedback(answer(f"p{number}", alarm=AlarmId(f"{ID}.{number}")))
    assert len(device._answered) == HISTORY_MAX
    assert len(device._alarms) == HISTORY_MAX
    assert device.shown() == "received"
    assert device.feedback(answer("p1", alarm=AlarmId(f"{ID}.1"))) == "unknown_press"
