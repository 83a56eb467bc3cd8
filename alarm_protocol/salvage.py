"""What can still be read of a press with a field that breaks the contract.

A cry for help does not become less of one because a battery says 101 %. Whatever field cannot
be read gets the value that says least, and its name is told, so that people can see the doubt.
"""

import json
from hashlib import sha256
from typing import Any, TypeVar, get_args

import msgspec

from alarm_protocol.messages import Location, Press, Trigger
from alarm_protocol.units import (
    DeviceId,
    PressId,
    TimestampMs,
)

NO_DEVICE = DeviceId("")
"""The payload names no device that can be read. The topic does."""
NO_TIME = TimestampMs(-1)
"""The payload has no time that can be read; on the wire no time is below 0."""
MARKS = frozenset({"press_id", "trigger", "sequence", "pressed_at_ms"})
"""An object with none of these is no press at all."""

_FIELDS = {field.name: field for field in msgspec.structs.fields(Press)}

T = TypeVar("T")


def salvage(text: str) -> tuple[Press, tuple[str, ...]] | None:
    """Read a press whose fields are not all in order.

    Returns:
        The press and the names of the fields that were missing or wrong, in the order of the
        contract; None for what is no JSON object or has nothing of a press in it.
    """
    try:
        raw = json.loads(text)  # takes NaN, 1e999 and half a surrogate, which cost their field only
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict) or MARKS.isdisjoint(raw):
        return None
    reader = _Reader(raw)
    press_id = reader.field("press_id", None) or _made_id(raw)
    device_id = reader.field("device_id", NO_DEVICE)
    sequence = reader.field("sequence", 0)
    pressed_at_ms = reader.field("pressed_at_ms", None)
    trigger: Trigger = reader.field("trigger", get_args(Trigger)[0])
    attempt = reader.field("attempt", 1)
    sent_at_ms = reader.field("sent_at_ms", None)
    if pressed_at_ms is None:
        pressed_at_ms = NO_TIME if sent_at_ms is None else sent_at_ms
    press = Press(
        press_id=press_id,
        device_id=device_id,
        sequence=sequence,
        pressed_at_ms=pressed_at_ms,
        trigger=trigger,
        attempt=attempt,
        sent_at_ms=sent_at_ms,
        battery_pct=reader.field("battery_pct", None),
        location=reader.location(),
    )
    return press, tuple(reader.wrong)


class _Reader:
    """Reads one field at a time, and remembers which ones it could not."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self.wrong: list[str] = []

    def field(self, name: str, otherwise: T) -> T:
        """Return a field; one of another type as what it surely means, or else `otherwise`."""
        kind = _FIELDS[name].type
        if name not in self._raw:
            if _FIELDS[name].required:
                self.wrong.append(name)
            return otherwise
        value: T
        try:
            value = msgspec.convert(self._raw[name], kind)
        except (msgspec.ValidationError, ValueError):
            self.wrong.append(name)
            try:
                value = msgspec.convert(self._raw[name], kind, strict=False)
            except (msgspec.ValidationError, ValueError):
                value = otherwise
        return value

    def location(self) -> Location | None:
        """Return the place; without what was wrong beside it, where only that was wrong."""
        found: Location | None = self.field("location", None)
        place = self._raw.get("location")
        if found is not None or not isinstance(place, dict):
            return found
        bare = {name: place.get(name) for name in ("latitude", "longitude")}
        try:
            return msgspec.convert(bare, Location)
        except (msgspec.ValidationError, ValueError):
            return None


def _made_id(raw: dict[str, Any]) -> PressId:
    """Name a press without a usable id, so that its repeats have the same name."""
    same = {name: raw.get(name) for name in MARKS}
    digest = sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
    return PressId(f"unreadable-{digest[:32]}")
