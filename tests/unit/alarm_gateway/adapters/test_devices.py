"""The registry in the data folder: sealed, whole or untouched, and each act told once."""

from pathlib import Path

import pytest
import structlog
from msgspec.structs import replace

from alarm_gateway.adapters.backup import back_up
from alarm_gateway.adapters.device_feed import Feed, open_registry
from alarm_gateway.adapters.devices import FILE_NAME, Devices, Who
from alarm_gateway.adapters.journal import Journal
from alarm_gateway.adapters.merge import Kept
from alarm_gateway.adapters.vault import FILE_VARIABLE, VARIABLE, Vault, needed_vault, read_vault
from alarm_gateway.core.errors import SettingsError
from alarm_protocol.households import Household
from alarm_protocol.runtime import logs
from alarm_protocol.units import DeviceId
from tests.helpers.gateway import DEVICE, NOW_MS, OTHER_DEVICE, household, key_of

TOM = Who("Tom", "first delivery", NOW_MS)
VAULT = Vault(b"v" * 32)
HOMES = (household(), household(OTHER_DEVICE))


def renamed(home: Household) -> Household:
    """Return a home whose resident's name is corrected."""
    return replace(home, police=replace(home.police, resident="Synthetische Ander"))


def registry(folder: Path) -> Devices:
    """Return a new registry with two devices."""
    devices = Devices(folder, VAULT, make=True)
    devices.take(HOMES, TOM)
    return devices


def test_what_was_imported_is_there(tmp_path: Path) -> None:
    """Every device, with all that was said of it, and the act that brought it."""
    devices = registry(tmp_path)
    assert {home.device_id: home for home in HOMES} == devices.households()
    act = devices.acts_after(0)
    assert act is not None
    assert (1, "imported", "Tom", HOMES) == (act.number, act.act, act.by, act.households)
    assert devices.acts_after(1) is None


def test_nothing_readable_is_on_disk(tmp_path: Path) -> None:
    """Neither keys nor homes: not in the database, and not in its log."""
    devices = registry(tmp_path)
    files = list(tmp_path.glob("devices.sqlite3*"))
    stored = b"".join(path.read_bytes() for path in files)
    secrets = (key_of(DEVICE).hex(), "POLICE", "THUIS", "Synthetische")
    assert [] == [secret for secret in secrets if secret.encode() in stored]
    assert DEVICE.encode() in stored
    assert {0o600} == {path.stat().st_mode & 0o777 for path in files}
    devices.close()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    """A wrong key is named at once, before anything is read or written."""
    registry(tmp_path).close()
    with pytest.raises(SettingsError, match="sealed with another key"):
        Devices(tmp_path, Vault(b"w" * 32))


def test_a_row_under_another_name_does_not_open(tmp_path: Path) -> None:
    """Nobody without the key gives a device the key of another."""
    devices = registry(tmp_path)
    devices._connection.execute(
        "UPDATE devices SET sealed = (SELECT sealed FROM devices WHERE device_id = ?)", (DEVICE,)
    )
    with pytest.raises(SettingsError, match=f"{OTHER_DEVICE} was changed by somebody without"):
        devices.get(OTHER_DEVICE)


def test_an_import_is_whole_or_not_there(tmp_path: Path) -> None:
    """Where it fails in the middle, nothing of it stays."""
    devices = registry(tmp_path)

    def breaking() -> object:
        yield household(OTHER_DEVICE, in_service=False)
        raise SettingsError("no more")

    with pytest.raises(SettingsError, match="no more"):
        devices.take(breaking(), TOM)  # type: ignore[arg-type]
    assert devices.get(OTHER_DEVICE).in_service
    assert devices.acts_after(1) is None


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    """The old file undoes no revocation, and neither does one with news, which count."""
    devices = registry(tmp_path)
    devices.put(replace(HOMES[0], in_service=False), "revoked", TOM)
    assert (0, 0, 2, 0, 0) == devices.take(HOMES, TOM)
    assert not devices.get(DEVICE).in_service
    again = replace(HOMES[0], category="DP3")
    assert (0, 1, 0, 1, 3) == devices.take([again], TOM)
    assert replace(again, in_service=False) == devices.get(DEVICE)


def test_a_corrected_home_brings_back_no_key_and_no_button(tmp_path: Path) -> None:
    """The name is corrected; the leaked key and the stolen button stay away, and that is told."""
    devices = registry(tmp_path)
    rotated = replace(HOMES[0], device_key_hex="1f" * 32)
    devices.put(rotated, "key_rotated", TOM)
    devices.put(replace(HOMES[1], in_service=False), "revoked", TOM)
    edited = [renamed(home) for home in HOMES]
    kept = Kept()
    assert (0, 2, 0, 0, 4) == devices.take(edited, TOM, kept)
    assert renamed(rotated) == devices.get(DEVICE)
    assert replace(edited[1], in_service=False) == devices.get(OTHER_DEVICE)
    assert ([DEVICE], [OTHER_DEVICE], []) == (kept.keys, kept.revoked, kept.serving)
    act = devices.acts_after(3)
    assert act is not None
    assert ((DEVICE,), (OTHER_DEVICE,)) == (act.kept_keys, act.kept_services)
    keys, services = kept.told().splitlines()
    assert f"stays (`devices rotate-key` changes it): {DEVICE}" in keys
    assert f"stays so (`devices restore` changes it): {OTHER_DEVICE}" in services


def test_the_file_at_the_start_undoes_no_correction(tmp_path: Path) -> None:
    """What was imported at any time is no news to a start; what was edited since is."""
    devices = registry(tmp_path)
    devices.take([renamed(HOMES[0])], TOM)
    devices.put(replace(HOMES[1], in_service=False), "revoked", TOM)
    file = {home.device_id: home for home in HOMES}
    before = structlog.get_config()
    logs.configure()  # another test may have set another level
    with structlog.testing.capture_logs() as told:
        opened = open_registry(tmp_path, VAULT, file, TOM).households
    structlog.configure(**before)
    assert renamed(HOMES[0]) == opened[DEVICE]
    assert "devices stay out of service" in str(told)
    file[DEVICE] = replace(HOMES[0], category="DP3")
    assert file[DEVICE] == open_registry(tmp_path, VAULT, file, TOM).households[DEVICE]


def test_of_many_that_were_kept_some_are_named() -> None:
    """A line stays a line, however many devices there are."""
    names = [DeviceId(f"aware-{number:06}") for number in range(25)]
    (line,) = Kept(keys=names).told().splitlines()
    assert line.startswith("25 with another key in the file")
    assert line.endswith("aware-000009 and 15 more")


def test_a_large_import_is_told_in_parts(tmp_path: Path) -> None:
    """A running gateway is never given more than it takes between two presses."""
    devices = Devices(tmp_path, VAULT, make=True)
    homes = [household(DeviceId(f"aware-{number:06}")) for number in range(250)]
    assert 3 == devices.take(homes, TOM).number
    feed, sizes, number = Feed(devices), [], 0
    while acts := feed.take(number):
        sizes.append(len(acts[0].households))
        number = acts[0].number
    assert [100, 100, 50] == sizes


def test_a_key_has_a_number(tmp_path: Path) -> None:
    """The list tells how often a key was changed, and never the key."""
    devices = registry(tmp_path)
    rotated = replace(HOMES[0], device_key_hex="ab" * 32, previous_key_until_ms=NOW_MS)
    devices.put(rotated, "key_rotated", TOM)
    listed = {one.device_id: one for one in devices.listed()}
    assert (2, 1) == (listed[DEVICE].key_number, listed[OTHER_DEVICE].key_number)
    assert NOW_MS == listed[DEVICE].overlap_until_ms


def test_a_device_is_added_once(tmp_path: Path) -> None:
    """What is there is changed by an import only, so that a typing error overwrites no home."""
    with pytest.raises(SettingsError, match=f"{DEVICE} is registered already"):
        registry(tmp_path).add(household(), TOM)


def test_two_devices_never_have_one_key(tmp_path: Path) -> None:
    """Imported, added or rotated: whose press it is has to be certain."""
    devices = registry(tmp_path)
    twin = replace(household(DeviceId("aware-000003")), device_key_hex=key_of(DEVICE).hex())
    rotated = replace(HOMES[1], device_key_hex=key_of(DEVICE).hex())
    for change in (
        lambda: devices.take([twin], TOM),
        lambda: devices.add(twin, TOM),
        lambda: devices.put(rotated, "key_rotated", TOM),
    ):
        with pytest.raises(SettingsError, match=f"a key is that of {DEVICE} in the registry"):
            change()
    assert {home.device_id: home for home in HOMES} == devices.households()
    assert devices.acts_after(1) is None


def test_numbers_go_on_after_the_journals(tmp_path: Path) -> None:
    """A registry from a backup, older than the journal: its next act is told all the same."""
    devices = registry(tmp_path)
    feed = Feed(devices)
    feed.start(41)
    assert [] == feed.take(41)
    assert 42 == devices.put(HOMES[0], "revoked", TOM)
    assert 42 == feed.take(41)[0].number


def test_a_broken_registry_stops_no_gateway(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes on with what it knows, and says so once."""
    devices = registry(tmp_path)
    devices._connection.execute("UPDATE devices SET sealed = x'00'")
    feed = Feed(devices)
    assert ([], []) == (feed.take(0), feed.take(0))
    assert 1 == "".join(capsys.readouterr()).count("cannot be read")


def test_a_running_gateway_waits_for_no_lock_of_its_registry(tmp_path: Path) -> None:
    """It reads between presses, on the same thread: what is locked now is read a beat later."""
    devices = registry(tmp_path)
    Feed(devices).start(0)
    assert (0,) == devices._connection.execute("PRAGMA busy_timeout").fetchone()


def test_a_gateway_without_a_key_needs_its_file(tmp_path: Path) -> None:
    """As before there was a registry: the file is all it knows, and nothing is written."""
    homes = {home.device_id: home for home in HOMES}
    assert (homes, None) == open_registry(tmp_path / "new", None, homes, TOM)
    assert not (tmp_path / "new").exists()
    with pytest.raises(SettingsError, match="no device is known: give --registry"):
        open_registry(tmp_path, None, None, TOM)
    registry(tmp_path)
    with pytest.raises(SettingsError, match="its key was not given"):
        open_registry(tmp_path, None, homes, TOM)


def test_a_gateway_with_a_key_needs_no_file(tmp_path: Path) -> None:
    """What was imported once is known at every start."""
    registry(tmp_path)
    assert {DEVICE, OTHER_DEVICE} == set(open_registry(tmp_path, VAULT, None, TOM).households)
    with pytest.raises(SettingsError, match=f"no registry in .*{FILE_NAME}"):
        open_registry(tmp_path / "new", VAULT, None, TOM)


def test_the_key_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option first, then the named file, then the variable itself; else none."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    assert read_vault(None) is None
    with pytest.raises(SettingsError, match="needs its key"):
        needed_vault(None)
    file = tmp_path / "key"
    file.write_text("ab" * 32 + "\n")
    sealed = Vault(b"\xab" * 32).seal("x", b"content")
    monkeypatch.setenv(VARIABLE, "cd" * 32)
    by_value, by_option = needed_vault(None), needed_vault(file)
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    opened = [one.open("x", sealed) for one in (by_value, by_option, needed_vault(None))]
    assert [None, b"content", b"content"] == opened


@pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "ab" * 33, "\xff"])
def test_a_wrong_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    """The line says where the key is, and nothing of what is in it."""
    file = tmp_path / "key"
    file.write_text(text, "latin-1")
    with pytest.raises(SettingsError, match="no key of 64 hexadecimal digits") as caught:
        read_vault(file)
    assert not text or text not in str(caught.value)


def test_a_backup_has_the_registry_sealed(tmp_path: Path) -> None:
    """It comes with the journal, opens with its key, and has none of it inside."""
    journal = Journal(tmp_path / "data", on_durable=lambda *_: None, on_failure=lambda _: None)
    journal.start()
    devices = registry(tmp_path / "data")
    back_up(tmp_path / "data", tmp_path / "copy")
    journal.close()
    assert devices.households() == Devices(tmp_path / "copy", VAULT).households()
    assert key_of(DEVICE).hex().encode() not in (tmp_path / "copy" / FILE_NAME).read_bytes()
