"""Which presses are genuine, found out without the gateway's help."""

from collections.abc import Mapping
from typing import Any

import msgspec

from alarm_gateway.adapters.chain import Row
from alarm_protocol import topics
from alarm_protocol.codec import decode_press_line
from alarm_protocol.households import Household
from alarm_protocol.messages import Press
from alarm_protocol.signing import signature_fits
from alarm_protocol.units import DeviceId


class Judge:
    """Knows every device's key."""

    def __init__(self, registry: Mapping[DeviceId, Household]) -> None:
        self._registry = registry

    def row(self, row: Row) -> tuple[Press | None, bool]:
        """Return the press in a row, and whether it is genuine.

        Raises:
            WireError: What was written as a press cannot be read as one.
        """
        if row.kind != "pressed":
            return None, False
        body: dict[str, Any] = msgspec.json.decode(row.body)
        press = decode_press_line(body["line"])
        return press, self.verifies(row.device_id, press, body["line"], body["signature"])

    def verifies(self, device_id: str, press: Press, line: str, signature: str | None) -> bool:
        """Tell whether a press comes from the known device on whose topic it came."""
        household = self._registry.get(DeviceId(device_id))
        return (
            household is not None
            and household.in_service
            and signature is not None
            and press.device_id == device_id
            and signature_fits(
                bytes.fromhex(household.device_key_hex),
                topics.press(DeviceId(device_id)),
                line.encode(),
                signature.encode(),
            )
        )
