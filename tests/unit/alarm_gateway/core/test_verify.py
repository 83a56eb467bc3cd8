"""What speaks against a press, and what does not."""

from msgspec.structs import replace

from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.inputs import PressReceived
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.verify import Verdict, verify
from alarm_protocol.households import Household
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    Gateway,
    household,
    key_of,
    press,
)

EMPTY = DeviceState(device_id=DEVICE)


def judge(
    received: PressReceived,
    state: DeviceState = EMPTY,
    home: Household | None = None,
) -> Verdict:
    """Verify with the default policy."""
    return verify(state, received, home or household(), NOW_MS, Policy())


def test_a_signed_press_of_a_known_device_has_no_doubts() -> None:
    """A good press is beyond doubt."""
    assert Verdict((), ()) == judge(press())


def test_an_unknown_device_is_a_doubt() -> None:
    """Without a household there is no key to check with, and that is named."""
    verdict = verify(EMPTY, press(), None, NOW_MS, Policy())
    assert verdict.doubts == ("unknown_device",)


def test_a_missing_signature_is_a_doubt() -> None:
    """A press without its second line is unsigned."""
    assert judge(press(signed=False)).doubts == ("unsigned",)


def test_a_signature_by_another_key_is_a_doubt() -> None:
    """A signature has to come from this device's key."""
    assert judge(press(key=b"x" * 32)).doubts == ("bad_signature",)


def test_a_signature_that_is_no_hexadecimal_is_a_doubt() -> None:
    """Whatever stands on the second line, it never makes a press unreadable."""
    received = press()
    garbled = type(received)(
        received.device_id, received.topic, received.press, received.line, "ŝ💥"
    )
    assert judge(garbled).doubts == ("bad_signature",)


def test_a_press_copied_to_another_topic_no_longer_verifies() -> None:
    """The signature covers the topic, and the claimed device is compared with it."""
    copied = press(device_id=OTHER_DEVICE, on_topic_of=DEVICE)
    assert judge(copied).doubts == ("bad_signature", "device_mismatch")


def test_a_device_out_of_service_is_a_doubt() -> None:
    """A device that was taken out of service still raises an alarm, with that doubt."""
    home = household(in_service=False)
    assert judge(press(), home=home).doubts == ("device_out_of_service",)


def test_a_number_used_by_another_signed_press_is_a_doubt() -> None:
    """Two different signed presses with one number mean a cloned device or a stolen key."""
    gateway = Gateway()
    gateway.take(press(1))
    state = gateway.engine.state_of(DEVICE)
    assert state is not None
    assert judge(press(2, sequence=1), state=state).doubts == ("sequence_reused",)


def test_a_number_that_has_left_the_memory_counts_as_used() -> None:
    """Below the floor nobody can say that a number is new, so it is doubted."""
    state = replace(EMPTY, sequence_floor=10, sequence_max=300)
    assert judge(press(10), state=state).doubts == ("sequence_reused",)


def test_an_earlier_number_is_remarked_but_not_doubted() -> None:
    """Presses may overtake each other; that says nothing against them."""
    state = replace(EMPTY, sequence_max=5)
    assert Verdict((), ("out_of_order",)) == judge(press(4), state=state)


def test_a_press_40_seconds_old_is_in_time() -> None:
    """SIA DC-09's window is 40 s into the past, the bound included."""
    received = press(sent_at_ms=NOW_MS - 40_000)
    assert Verdict((), ()) == judge(received)


def test_a_later_press_is_remarked_and_never_doubted() -> None:
    """A late press is still a press: the remark lowers nothing."""
    received = press(sent_at_ms=NOW_MS - 40_001)
    assert Verdict((), ("delivered_late",)) == judge(received)


def test_a_clock_more_than_20_seconds_ahead_is_remarked() -> None:
    """SIA DC-09's window is 20 s into the future."""
    assert judge(press(sent_at_ms=NOW_MS + 20_001)).remarks == ("clock_ahead",)


def test_a_repeat_is_judged_by_when_it_was_sent() -> None:
    """A press from an hour ago that is sent again now is not late in transit."""
    received = press(pressed_at_ms=NOW_MS - 3_600_000, sent_at_ms=NOW_MS)
    assert judge(received).remarks == ()


def test_the_key_is_the_households_own() -> None:
    """A key in hexadecimal is the same key."""
    assert key_of(DEVICE).hex() == household().device_key_hex
