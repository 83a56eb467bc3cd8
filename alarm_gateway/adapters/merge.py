"""What an import may say of a device that is known: its home, and neither its key nor its service.

A file of homes is written once and corrected for years; keys and service are changed by commands,
whose acts a file does not know. So a corrected name brings back no stolen button and no leaked key.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from alarm_protocol.households import Household
from alarm_protocol.units import DeviceId

KEPT_SHOWN_MAX = 10
"""Devices that are named where an import left something as it was; the others are counted."""


class Imported(NamedTuple):
    """What an import did; `number` is that of its last act, 0 where it changed nothing."""

    added: int
    changed: int
    same: int
    absent: int
    """Devices that are registered and not in the file; they stay."""
    number: int


@dataclass(slots=True)
class Kept:
    """Devices of which the file said something else, and the registry's word stayed."""

    keys: list[DeviceId] = field(default_factory=list)
    """The file has another key, or another older key with its overlap."""
    revoked: list[DeviceId] = field(default_factory=list)
    """Out of service, and in service by the file."""
    serving: list[DeviceId] = field(default_factory=list)
    """In service, and out of service by the file."""

    def merge(self, known: Household, given: Household) -> Household:
        """Return what is given, with the known key and service; note where that differs."""
        name = known.device_id
        if _keys_differ(known, given):
            self.keys.append(name)
        if known.in_service != given.in_service:
            (self.serving if known.in_service else self.revoked).append(name)
        return replace(
            given,
            device_key_hex=known.device_key_hex,
            previous_key_hex=known.previous_key_hex,
            previous_key_until_ms=known.previous_key_until_ms,
            in_service=known.in_service,
        )

    @property
    def services(self) -> list[DeviceId]:
        """Return those whose service is another than the file says."""
        return sorted([*self.revoked, *self.serving])

    def told(self) -> str:
        """Say in lines what stayed as it was, and how to change that."""
        said = ""
        for names, what, how in (
            (self.keys, "with another key in the file; the registry's stays", "rotate-key"),
            (self.revoked, "out of service, and not so in the file; it stays so", "restore"),
            (self.serving, "in service, and not so in the file; it stays so", "revoke"),
        ):
            if names:
                more = len(names) - KEPT_SHOWN_MAX
                shown = ", ".join(names[:KEPT_SHOWN_MAX]) + f" and {more} more" * (more > 0)
                said += f"{len(names)} {what} (`devices {how}` changes it): {shown}\n"
        return said


def _keys_differ(known: Household, given: Household) -> bool:
    """Tell whether the file names another key; one that is silent on an older key names none."""
    if given.device_key_hex != known.device_key_hex:
        return True
    older = (given.previous_key_hex, given.previous_key_until_ms)
    return given.previous_key_hex is not None and older != (
        known.previous_key_hex,
        known.previous_key_until_ms,
    )
