"""The registry of households, read from a file."""

from pathlib import Path

import msgspec

from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.records import FLOOD
from alarm_protocol.errors import HouseholdFileError
from alarm_protocol.household_file import decode_households
from alarm_protocol.households import SECTION_BYTES_MAX, Household
from alarm_protocol.units import DeviceId


def read_registry(path: Path) -> dict[DeviceId, Household]:
    """Read every household, by its device.

    Raises:
        SettingsError: The file is missing or wrong; the message names the place in it.
    """
    try:
        file = decode_households(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"registry {path} cannot be read ({error.strerror}); make one with "
            "`alarm-simulator households --count 20 --seed 1 --out FILE`"
        ) from error
    except HouseholdFileError as error:
        raise SettingsError(
            f"registry {path} is not a household file: {error}; mend it, or make one with "
            "`alarm-simulator households`"
        ) from error
    registry: dict[DeviceId, Household] = {}
    for household in file.households:
        device_id = household.device_id
        if device_id in registry:
            raise SettingsError(f"registry {path}: device {device_id} is in it twice")
        fault = fault_of(household)
        if fault is not None:
            raise SettingsError(f"registry {path}: {fault}")
        registry[device_id] = household
    return registry


def fault_of(household: Household) -> str | None:
    """Say why a household that can be read cannot be registered; None: it can."""
    device_id = household.device_id
    if device_id == FLOOD:
        return f"the name {FLOOD} is the gateway's own"
    for section in (household.police, household.veilig_thuis):
        size = len(msgspec.json.encode(section))
        if size > SECTION_BYTES_MAX:
            return (
                f"device {device_id}: the section for {section.__struct_config__.tag} takes "
                f"{size} bytes, at most {SECTION_BYTES_MAX}: shorten its notes"
            )
    return None
