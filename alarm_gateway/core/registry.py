"""What a change of the registry leaves in the journal: who changed which devices, and why.

Keys and households never get there; they are in the registry, under a key of its own.
"""

from msgspec import Struct

from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.inputs import RegistryChanged
from alarm_gateway.core.records import DevicesChanged, RegistryAct


class HomeTouched(Struct, frozen=True, gc=False):
    """What is registered of this device is another from now on."""

    act: RegistryAct


def registry_event(state: DeviceState, changed: RegistryChanged) -> DevicesChanged | None:
    """Return what to write of a change; None where the journal has it already.

    Args:
        state: The registry's own aggregate.
        changed: The change, with its number.
    """
    if changed.number <= state.registry_number:
        return None
    overlaps = [home.previous_key_until_ms for home in changed.households]
    return DevicesChanged(
        number=changed.number,
        act=changed.act,
        by=changed.by,
        reason=changed.reason,
        devices=tuple(home.device_id for home in changed.households),
        key_overlap_until_ms=max(overlaps) if changed.act == "key_rotated" else None,
        kept_keys=changed.kept_keys,
        kept_services=changed.kept_services,
    )
