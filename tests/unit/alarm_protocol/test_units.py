"""Identifiers: what they look like, and how an alarm is named after its device."""

import re

import pytest

from alarm_protocol.units import (
    ALARM_ID_PATTERN,
    CONSOLES,
    DEVICE_ID_PATTERN,
    POLICE,
    TOKEN_PATTERN,
    VEILIG_THUIS,
    DeviceId,
    alarm_id_of,
    device_id_of,
)


def test_both_control_rooms_are_consoles() -> None:
    """Police and Veilig Thuis are the two consoles, in this order."""
    assert (POLICE, VEILIG_THUIS) == CONSOLES


@pytest.mark.parametrize("device_id", ["a", "aware-000123", "A_b-9", "x" * 64])
def test_alarm_id_names_its_device(device_id: str) -> None:
    """The device can be read from the id of any of its alarms."""
    for number in (1, 9, 10, 10**15):
        alarm_id = alarm_id_of(DeviceId(device_id), number)
        assert f"{device_id}.{number}" == alarm_id
        assert re.match(ALARM_ID_PATTERN, alarm_id)
        assert device_id == device_id_of(alarm_id)


@pytest.mark.parametrize(
    "text", ["", "-a", "_a", "a.b", "a/b", "a+b", "a#", "a b", "x" * 65, "é", "a\n", "a\x00", "٣"]
)
def test_device_id_pattern_refuses(text: str) -> None:
    """A device id is safe inside a topic and splits from an alarm number in one way."""
    assert not re.match(DEVICE_ID_PATTERN, text)


@pytest.mark.parametrize(
    "text", ["", "a", "a.", ".1", "a.0", "a.01", "a.-1", "a.1.2", "a.1\n", "a." + "9" * 17, "a.x"]
)
def test_alarm_id_pattern_refuses(text: str) -> None:
    """An alarm id is a device id, one dot, and a number from 1 without leading zeros."""
    assert not re.match(ALARM_ID_PATTERN, text)


@pytest.mark.parametrize("text", ["", "x" * 65, "a.b", "a b", "a\n", "é"])
def test_token_pattern_refuses(text: str) -> None:
    """Press and action ids are 1 to 64 letters, digits, dashes or underscores."""
    assert not re.match(TOKEN_PATTERN, text)


def test_token_pattern_takes_the_usual_ids() -> None:
    """ULIDs and UUIDs fit as press and action ids."""
    assert re.match(TOKEN_PATTERN, "01KAV3Q4W8F6T9M2X7B5C1D0EH")
    assert re.match(TOKEN_PATTERN, "6a0bb2ff-5d1f-4a0f-8f0d-0123456789ab")
