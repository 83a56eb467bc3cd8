"""What the runs stand on: synthetic homes with keys, made once, and journals of any length."""

import hashlib
from pathlib import Path

import msgspec

from alarm_protocol.households import HouseholdFile
from alarm_protocol.units import DeviceId
from simulator import households
from simulator.bench.errors import BenchError

DOSSIERS = 2_000
"""Different dossiers; further devices share them under ids and keys of their own."""
DEVICES_MAX = 400_000
_STEP = 5_000


def device_id(number: int) -> DeviceId:
    """Name a device of the benchmark, from 0 on."""
    return DeviceId(f"bench-{number:06d}")


def key_hex(number: int) -> str:
    """Return its key: known to everybody who reads this, so only good for a benchmark."""
    return hashlib.sha256(f"bench {number}".encode()).hexdigest()


class Ground:
    """Files for the runs, in a folder of their own.

    Args:
        folder: Where they are made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._dossiers: list[bytes] = []
        self._keys = 0

    @property
    def keys(self) -> Path:
        """The file with each device's key."""
        return self.folder / "devices.txt"

    def registry(self, devices: int) -> Path:
        """Return a household file with at least so many devices.

        Raises:
            BenchError: That is more than a benchmark can have.
        """
        count = -(-devices // _STEP) * _STEP
        if count > DEVICES_MAX:
            raise BenchError(f"{devices} devices are more than the benchmark's {DEVICES_MAX}")
        path = self.folder / f"households-{count}.json"
        if not path.exists():
            self._write(path, count)
        if self._keys < count:
            lines = (f"{device_id(number)} {key_hex(number)}\n" for number in range(count))
            self.keys.write_text("".join(lines), encoding="ascii")
            self._keys = count
        return path

    def _write(self, path: Path, count: int) -> None:
        if not self._dossiers:
            made = households.generate(DOSSIERS, seed=1).households
            self._dossiers = [
                msgspec.json.encode(one)
                .replace(f'"{one.device_id}"'.encode(), b'"%s"')
                .replace(f'"{one.device_key_hex}"'.encode(), b'"%s"')
                if b"%" not in msgspec.json.encode(one)
                else b""
                for one in made
            ]
            self._dossiers = [one for one in self._dossiers if one.count(b"%s") == 2]  # noqa: PLR2004 - id and key
        empty = msgspec.json.encode(
            HouseholdFile(
                format="aware-households", version=1, synthetic=True, households=(), seed=1
            )
        )
        head, _, tail = empty.partition(b"[]")
        with path.open("wb") as file:
            file.write(head + b"[")
            for number in range(count):
                dossier = self._dossiers[number % len(self._dossiers)]
                if number:
                    file.write(b",")
                file.write(dossier % (device_id(number).encode(), key_hex(number).encode()))
            file.write(b"]" + tail)
