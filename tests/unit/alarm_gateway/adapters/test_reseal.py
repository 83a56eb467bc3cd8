"""Another key for the registry: all of it at once, told once, and the old key opens nothing."""

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from alarm_gateway.adapters.device_feed import Feed
from alarm_gateway.adapters.devices import FILE_NAME, Devices, Who
from alarm_gateway.adapters.vault import Vault
from alarm_gateway.core.errors import SettingsError
from alarm_protocol.units import DeviceId
from tests.helpers.gateway import DEVICE, NOW_MS, OTHER_DEVICE, household

TOM = Who("Tom", "the key was on a screen", NOW_MS)
OLD, NEW, NEWEST = (Vault(letter * 32) for letter in (b"o", b"n", b"x"))
HOMES = (household(), household(OTHER_DEVICE))


def registry(folder: Path) -> Devices:
    """Return a new registry with two devices, sealed with the old key."""
    devices = Devices(folder, OLD, make=True)
    devices.take(HOMES, TOM)
    return devices


def sealed_in(folder: Path) -> list[bytes]:
    """Return everything that is sealed, as it is on disk."""
    with sqlite3.connect(folder / FILE_NAME) as connection:
        queries = ("sealed_check", "digest_key", "devices")
        rows = [row for name in queries for row in connection.execute(f"SELECT sealed FROM {name}")]  # noqa: S608 - names of ours
    connection.close()
    return [sealed for (sealed,) in rows]


def test_the_new_key_opens_all_and_the_old_one_nothing(tmp_path: Path) -> None:
    """Every device is as before, and of what the old key opens not a byte is left in the file."""
    devices = registry(tmp_path)
    devices._connection.execute("PRAGMA secure_delete=OFF")  # the default differs by system
    many = [household(DeviceId(f"aware-1{number:05}")) for number in range(20)]
    before = []
    for text in ("x" * 300, "", "x" * 150):
        thuis = replace(HOMES[0].veilig_thuis, safety_plan=text)
        devices.take([replace(one, veilig_thuis=thuis) for one in many], TOM)
        before += sealed_in(tmp_path)
    homes = devices.households()
    assert 22 == devices.reseal(NEW, TOM)
    assert homes == devices.households()
    devices.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE_NAME}*"))
    assert [] == [one for one in before if one in stored or one[-48:] in stored]
    assert homes == Devices(tmp_path, NEW).households()
    with pytest.raises(SettingsError, match="sealed with another key"):
        Devices(tmp_path, OLD)


def test_it_is_an_act_of_its_own(tmp_path: Path) -> None:
    """The next gateway is told who did it and why, and that no device is another now."""
    devices = registry(tmp_path)
    devices.reseal(NEW, TOM)
    act = devices.acts_after(1)
    assert act is not None
    told = (act.number, act.act, act.by, act.reason, act.households)
    assert (2, "resealed", "Tom", "the key was on a screen", ()) == told
    assert devices.acts_after(2) is None


def test_the_file_of_before_undoes_nothing_afterwards(tmp_path: Path) -> None:
    """What was imported is told from news under each key that follows, so a revocation holds."""
    devices = registry(tmp_path)
    devices.put(replace(HOMES[0], in_service=False), "revoked", TOM)
    for vault in (NEW, NEWEST):
        devices.reseal(vault, TOM)
        devices.close()
        devices = Devices(tmp_path, vault)
        assert (0, 0, 2, 0, 0) == devices.take(HOMES, TOM)
        assert not devices.get(DEVICE).in_service
    assert 1 == devices.take([replace(HOMES[0], category="DP3")], TOM).changed


def test_where_a_row_does_not_open_nothing_is_changed(tmp_path: Path) -> None:
    """The old key goes on to open what it opened before, and nobody is told of anything."""
    devices = registry(tmp_path)
    devices._connection.execute(
        "UPDATE devices SET sealed = x'00' WHERE device_id = ?", (OTHER_DEVICE,)
    )
    before = sealed_in(tmp_path)
    with pytest.raises(SettingsError, match=f"{OTHER_DEVICE} was changed by somebody without"):
        devices.reseal(NEW, TOM)
    assert before == sealed_in(tmp_path)
    assert devices.acts_after(1) is None
    assert HOMES[0] == devices.get(DEVICE)
    devices.close()
    assert HOMES[0] == Devices(tmp_path, OLD).get(DEVICE)


def test_the_same_key_again_is_refused(tmp_path: Path) -> None:
    """Somebody who believes to have a new key now has to learn that it is the old one."""
    devices = registry(tmp_path)
    before = sealed_in(tmp_path)
    with pytest.raises(SettingsError, match="sealed with this key already"):
        devices.reseal(Vault(b"o" * 32), TOM)
    assert before == sealed_in(tmp_path)


def test_who_opened_it_before_writes_nothing_any_more(tmp_path: Path) -> None:
    """A command that was begun with the old key leaves no row that the new one does not open."""
    late = registry(tmp_path)
    late_feed = Feed(late)
    resealing = Devices(tmp_path, OLD)
    resealing.reseal(NEW, TOM)
    newcomer = replace(household(), device_id="aware-000003")
    with pytest.raises(SettingsError, match="sealed with another key"):
        late.put(newcomer, "added", TOM)
    with pytest.raises(SettingsError, match="sealed with another key"):
        late_feed.start(0)
    assert {DEVICE, OTHER_DEVICE} == set(resealing.households())


def test_a_program_that_knows_no_reseal_refuses_the_file(tmp_path: Path) -> None:
    """It would take the file of last year for news: the format says that it must not."""
    devices = registry(tmp_path)
    devices.reseal(NEW, TOM)
    assert (2,) == devices._connection.execute("PRAGMA user_version").fetchone()
    devices._connection.execute("PRAGMA user_version=3")
    devices.close()
    with pytest.raises(SettingsError, match="has format 3; this program knows 2"):
        Devices(tmp_path, NEW)
