"""Reading the household file on the devices' side: who has which key, and where."""

from pathlib import Path

from alarm_protocol.errors import HouseholdFileError
from alarm_protocol.household_file import decode_households
from alarm_protocol.households import Household, HouseholdFile
from alarm_protocol.units import DeviceId
from simulator.core.errors import RegistryError

FILE_BYTES_MAX = 512 * 1024 * 1024
_MAKE_ONE = "make one with: alarm-simulator households --count 1000 --seed 1 --out FILE"


class Registry:
    """The households of one file, in its order, and by device."""

    def __init__(self, path: Path, file: HouseholdFile) -> None:
        self.path = path
        self.households = households = file.households
        self.seed = file.seed
        self._by_device = {household.device_id: household for household in households}

    def get(self, device_id: DeviceId) -> Household:
        """Return the household of a device.

        Raises:
            RegistryError: The device is in no household of the file.
        """
        household = self._by_device.get(device_id)
        if household is None:
            first = self.households[0].device_id if self.households else "none"
            raise RegistryError(
                f"device {device_id} is not in {self.path} "
                f"({len(self.households)} devices, the first is {first}); "
                "choose one of those, or give --key-hex for a device of your own"
            )
        return household

    def take(self, first: int, count: int) -> tuple[Household, ...]:
        """Return `count` households, beginning at number `first` (1 is the first).

        Raises:
            RegistryError: The file holds fewer.
        """
        chosen = self.households[first - 1 : first - 1 + count]
        if len(chosen) < count:
            raise RegistryError(
                f"{self.path} holds {len(self.households)} households, "
                f"but numbers {first} to {first - 1 + count} were asked for; "
                "ask for fewer, or make a larger file with: alarm-simulator households"
            )
        return chosen


def load(path: Path) -> Registry:
    """Read a household file.

    Raises:
        RegistryError: The file is missing, broken, or about real people.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise RegistryError(f"household file {path} is above {FILE_BYTES_MAX} bytes")
        content = path.read_bytes()
    except FileNotFoundError:
        raise RegistryError(f"household file {path} does not exist; {_MAKE_ONE}") from None
    except OSError as error:
        raise RegistryError(
            f"household file {path} cannot be read: {error.strerror}; {_MAKE_ONE}"
        ) from None
    try:
        file = decode_households(content)
    except HouseholdFileError as error:
        raise RegistryError(
            f"household file {path} is not a household file: {error}; {_MAKE_ONE}"
        ) from None
    if not file.synthetic:
        raise RegistryError(
            f"household file {path} is not marked synthetic; "
            "the simulator never presses buttons of real people"
        )
    return Registry(path, file)
