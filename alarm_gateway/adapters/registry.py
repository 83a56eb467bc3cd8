"""The registry of households, read from a file."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.records import FLOOD
from alarm_protocol.errors import HouseholdFileError
from alarm_protocol.household_file import decode_households
from alarm_protocol.households import SECTION_BYTES_MAX, Household
from alarm_protocol.units import DeviceId

NAMES_TAKEN = frozenset({FLOOD, "gateway", "gateway-supervision", "police", "veilig_thuis"})
"""The gateway's flood alarm, and the parts that the broker's access list names."""
WEAK = "a key of one byte again and again is no secret; make one with `openssl rand -hex 32`"


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
    others = Others("household")
    for number, household in enumerate(file.households, 1):
        for field, wrong in (
            *others.faults(number, household.device_id, household.device_key_hex),
            *faults_of(household),
        ):
            raise SettingsError(f"registry {path}: household {number}: {field}: {wrong}")
        registry[household.device_id] = household
    return registry


class Others:
    """The devices of a file so far: no id and no key is there twice.

    Args:
        what: What the file calls a place: `line`, `household`.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._places: dict[tuple[str, str], int] = {}

    def faults(self, place: int, device_id: object, key: object) -> Iterator[tuple[str, str]]:
        """Say where the same was before, field by field; never what it is."""
        for field, value, says in (
            ("device_id", device_id, "the same device as in"),
            ("device_key_hex", key, "each device has a key of its own, and this one is in"),
        ):
            if not isinstance(value, str):
                continue
            first = self._places.setdefault((field, value), place)
            if first != place:
                yield field, f"{says} {self._what} {first}"
                return


def faults_of(household: Household) -> Iterator[tuple[str, str]]:
    """Say field by field why a household that can be read cannot be registered."""
    if household.device_id in NAMES_TAKEN:
        taken = ", ".join(sorted(NAMES_TAKEN))
        yield "device_id", f"a part's own name, which the broker lets no device use: {taken}"
    for field in ("device_key_hex", "previous_key_hex"):
        if is_weak(getattr(household, field) or ""):
            yield field, WEAK
    for section in (household.police, household.veilig_thuis):
        size = len(msgspec.json.encode(section))
        if size > SECTION_BYTES_MAX:
            name = section.__struct_config__.tag
            yield (
                str(name),
                f"the section takes {size} bytes, at most {SECTION_BYTES_MAX}: shorten its notes",
            )


def is_weak(key_hex: str) -> bool:
    """Tell whether a key is one byte again and again: somebody's placeholder, not a secret."""
    return bool(key_hex) and key_hex == key_hex[:2] * (len(key_hex) // 2)
