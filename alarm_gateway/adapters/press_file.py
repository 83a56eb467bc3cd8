"""One press in a file, with the bytes that were on the wire."""

import sys
from pathlib import Path

from alarm_gateway.core.errors import SettingsError
from alarm_protocol.codec import SignedPress, decode_press
from alarm_protocol.errors import WireError
from alarm_protocol.topics import parse_device_topic
from alarm_protocol.units import DeviceId


def read_press(path: Path, topic: str | None) -> tuple[SignedPress, DeviceId]:
    """Read a press, and the device whose topic it came on.

    Args:
        path: The file; `-` is standard input.
        topic: The topic; None takes the one of the device that the press names.

    Raises:
        SettingsError: The file or topic cannot be read; for a press that the gateway would
            quarantine the message holds the reason.
    """
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise SettingsError(f"press {path} cannot be read ({error.strerror})") from error
    # An editor ends the last line; a device does not.
    content = content.removesuffix(b"\n")
    try:
        signed = decode_press(content)
    except WireError as error:
        raise SettingsError(
            f"press {path} cannot be read as a press; the gateway would quarantine it: {error}"
        ) from error
    if topic is None:
        return signed, signed.press.device_id
    try:
        parsed = parse_device_topic(topic)
    except WireError as error:
        raise SettingsError(f"topic {topic!r} is none of a device: {error}") from error
    return signed, parsed.device_id
