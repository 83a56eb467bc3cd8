"""Reading a household file: what is wrong with it is one line that says what to do."""

from pathlib import Path

import msgspec
import pytest

from alarm_protocol.units import DeviceId
from simulator import households, registry
from simulator.core.errors import RegistryError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of ten households."""
    path = tmp_path / "h.json"
    households.write(households.generate(10, 1), path)
    return path


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The message names the file and the command."""
    with pytest.raises(RegistryError, match=r"none\.json does not exist; make one with: alarm-sim"):
        registry.load(tmp_path / "none.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format":"x"}', b"\xff", b"[" * 5_000])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    """Whatever the bytes are, the answer is one line with the file's name."""
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(RegistryError, match=r"broken\.json is not a household file") as caught:
        registry.load(path)
    assert "\n" not in str(caught.value)


def test_real_people_are_refused(tmp_path: Path) -> None:
    """A file that is not marked synthetic is not simulated with."""
    file = msgspec.structs.replace(households.generate(1, 1), synthetic=False)
    households.write(file, tmp_path / "real.json")
    with pytest.raises(RegistryError, match="not marked synthetic"):
        registry.load(tmp_path / "real.json")


def test_a_device_is_found(path: Path) -> None:
    """A device of the file comes with its household."""
    home = registry.load(path).get(DeviceId("aware-000004"))
    assert home.device_id == "aware-000004"


def test_an_unknown_device_is_named(path: Path) -> None:
    """The message names the device, the file, and a device that is in it."""
    with pytest.raises(RegistryError, match=r"device nobody is not in .*the first is aware-000001"):
        registry.load(path).get(DeviceId("nobody"))


def test_a_range_is_taken(path: Path) -> None:
    """Numbers begin at 1, and asking for more than there are is refused."""
    homes = registry.load(path)
    assert [home.device_id for home in homes.take(9, 2)] == ["aware-000009", "aware-000010"]
    with pytest.raises(RegistryError, match="holds 10 households, but numbers 9 to 11"):
        homes.take(9, 3)
