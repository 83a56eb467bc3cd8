"""The identifiers and units that every part agrees on."""

from typing import Annotated, Literal, NewType

from msgspec import Meta

DeviceId = NewType("DeviceId", str)
AlarmId = NewType("AlarmId", str)
PressId = NewType("PressId", str)
ActionId = NewType("ActionId", str)
TimestampMs = NewType("TimestampMs", int)
"""Milliseconds since the epoch, UTC."""
DurationMs = NewType("DurationMs", int)
"""A length of time in milliseconds."""

ConsoleId = Literal["police", "veilig_thuis"]
"""The two control rooms. Both get every alarm, each with its own legal view."""

POLICE: ConsoleId = "police"
VEILIG_THUIS: ConsoleId = "veilig_thuis"
CONSOLES: tuple[ConsoleId, ConsoleId] = (POLICE, VEILIG_THUIS)

DEVICE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z"
"""No dot, so that an alarm id (`device.number`) always splits in one way."""
ALARM_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.[1-9][0-9]{0,15}\Z"
TOKEN_PATTERN = r"^[A-Za-z0-9_-]{1,64}\Z"  # noqa: S105 - a pattern, not a secret

WireDeviceId = Annotated[DeviceId, Meta(pattern=DEVICE_ID_PATTERN, max_length=64)]
WireAlarmId = Annotated[AlarmId, Meta(pattern=ALARM_ID_PATTERN, max_length=81)]
WirePressId = Annotated[PressId, Meta(pattern=TOKEN_PATTERN, max_length=64)]
WireActionId = Annotated[ActionId, Meta(pattern=TOKEN_PATTERN, max_length=64)]
WireTimestampMs = Annotated[TimestampMs, Meta(ge=0, le=253_402_300_799_000)]
"""Up to the end of the year 9999."""
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Priority = Annotated[int, Meta(ge=1, le=4)]
ShortText = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
"""One line without control characters."""
NoteText = Annotated[
    str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]+\Z")
]
"""Lines of text without other control characters."""


def other_console(console: ConsoleId) -> ConsoleId:
    """Return the other control room."""
    return VEILIG_THUIS if console == POLICE else POLICE


def alarm_id_of(device_id: DeviceId, number: int) -> AlarmId:
    """Name the `number`-th alarm of a device (1 is the first)."""
    return AlarmId(f"{device_id}.{number}")


def device_id_of(alarm_id: AlarmId) -> DeviceId:
    """Return the device whose alarm this is."""
    return DeviceId(alarm_id.rpartition(".")[0])
