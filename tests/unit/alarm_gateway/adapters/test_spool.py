"""Commands laid into the data folder."""

from pathlib import Path

import pytest

from alarm_gateway.adapters.journal import FILE_NAME
from alarm_gateway.adapters.spool import FOLDER, MaintenanceCommand, Spool, lay
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.inputs import MaintenanceReceived
from tests.helpers.gateway import DEVICE, NOW_MS

COMMAND = MaintenanceCommand(device_id=DEVICE, until_ms=NOW_MS, by="Tom", reason="battery")


@pytest.fixture(autouse=True)
def _journal(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()


def test_a_command_is_taken_once_and_goes_when_it_is_durable(tmp_path: Path) -> None:
    """Its file stays until the journal has it, and it is not taken twice meanwhile."""
    path = lay(tmp_path, "c1", COMMAND)
    spool = Spool(tmp_path)
    assert [MaintenanceReceived(DEVICE, NOW_MS, "Tom", "battery")] == spool.take()
    assert [] == spool.take()
    assert path.exists()
    spool.done()
    assert not path.exists()


def test_a_gateway_that_died_takes_the_command_again(tmp_path: Path) -> None:
    """Until it is durable a command is still there for the next start."""
    lay(tmp_path, "c1", COMMAND)
    Spool(tmp_path).take()
    assert 1 == len(Spool(tmp_path).take())


@pytest.mark.parametrize("content", [b"", b"{", b'{"device_id":7}', b"x" * 100_000])
def test_what_is_no_command_is_put_aside(tmp_path: Path, content: bytes) -> None:
    """A broken file stops nothing and is not read again and again."""
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "a.json").write_bytes(content)
    lay(tmp_path, "b", COMMAND)
    spool = Spool(tmp_path)
    assert 1 == len(spool.take())
    assert ["a.json"] == spool.unreadable
    assert (tmp_path / FOLDER / "a.bad").exists()


def test_no_folder_is_no_command(tmp_path: Path) -> None:
    """A gateway that was never told anything has nothing to do."""
    assert [] == Spool(tmp_path).take()


def test_a_wrong_folder_is_named(tmp_path: Path) -> None:
    """Whoever mistypes the folder is told so."""
    with pytest.raises(SettingsError, match="data folder"):
        lay(tmp_path / "gone", "c1", COMMAND)
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(SettingsError, match="data folder"):
        lay(tmp_path, "c1", COMMAND)
    assert not list(tmp_path.iterdir())
