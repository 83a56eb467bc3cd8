"""The registry of a gateway that runs: changed by commands, without a restart."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from alarm_gateway.adapters.journal import read_rows
from alarm_protocol import topics
from alarm_protocol.codec import encode_press
from alarm_protocol.households import Household, HouseholdFile
from alarm_protocol.messages import AlarmView, Press
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import AlarmId, DeviceId, PressId
from simulator.core.errors import StackError
from tests.helpers.gateway import DEVICE, OTHER_DEVICE, household, key_of
from tests.helpers.gateway_process import Broker, Gateway, answered
from tests.helpers.wire import Witness, witness

NEWCOMER = DeviceId("aware-000003")
REGISTRY_KEY = "5e" * 32
WHO = ("--by", "Tom", "--reason", "delivery 7")
pytestmark = pytest.mark.broker


def signed(number: int, device_id: DeviceId, key: bytes) -> bytes:
    """Return a press that this key signed."""
    message = Press(
        press_id=PressId(f"press-{number}"),
        device_id=device_id,
        sequence=number,
        pressed_at_ms=now_ms(),
        trigger="press",
        attempt=1,
    )
    return encode_press(message, key)


def corrected() -> tuple[Household, ...]:
    """Return two homes with another resident's name, as a file of before has them otherwise."""
    homes = (household(), household(OTHER_DEVICE))
    return tuple(
        replace(home, police=replace(home.police, resident="Synthetische Ander")) for home in homes
    )


class Desk:
    """Somebody at a command line, and a witness of what comes of it."""

    def __init__(self, gateway: Gateway, key_file: Path, someone: Witness) -> None:
        self._options = ("--data-dir", str(gateway.data_dir), "--registry-key-file", str(key_file))
        self._someone = someone
        self.said = ""
        """All that was ever printed."""

    async def run(self, *words: str) -> str:
        """Run a command; return what it printed."""
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "alarm_gateway", "devices", *words, *self._options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(30):
            output, _ = await command.communicate()
        self.said += output.decode()
        assert 0 == command.returncode, output.decode()
        return output.decode()

    async def press(self, number: int, device_id: DeviceId, key: bytes) -> AlarmView:
        """Press, wait for the answer, and return what the police see then."""
        await self._someone.publish(topics.press(device_id), signed(number, device_id, key))
        await answered(self._someone, number, device_id)
        alarm_id = AlarmId(f"{device_id}.1")

        def pressed() -> bool:
            shown = self._someone.views("police", alarm_id)
            return bool(shown) and f"press-{number}" in [p.press_id for p in shown[-1].presses]

        await self._someone.until(pressed, f"press-{number} on the console")
        return self._someone.views("police", alarm_id)[-1]


async def test_devices_come_change_and_go_while_the_gateway_runs(
    mosquitto: Broker, gateway: Gateway, tmp_path: Path
) -> None:
    """Added, given a new key, revoked: each in force at once, in the journal, and without a key."""
    key_file, new_key_file = tmp_path / "registry.key", tmp_path / "new.key"
    key_file.write_text(REGISTRY_KEY)
    part = gateway.with_options("--registry-key-file", str(key_file))
    await part.start()
    newcomers = tmp_path / "newcomers.json"
    file = HouseholdFile(
        format="aware-households", version=1, synthetic=True, households=(household(NEWCOMER),)
    )
    newcomers.write_bytes(msgspec.json.encode(file))
    async with witness(mosquitto.port) as someone:
        desk = Desk(gateway, key_file, someone)
        stranger = await desk.press(1, NEWCOMER, key_of(NEWCOMER))
        assert ("unknown_device",) == stranger.doubts
        assert "in force, and in the journal" in await desk.run("import", str(newcomers), *WHO)
        known = await desk.press(2, NEWCOMER, key_of(NEWCOMER))
        assert (1, ()) == (known.priority, known.presses[-1].doubts)
        assert household(NEWCOMER).police == known.household

        rotate = ("rotate-key", DEVICE, "--overlap", "1h", "--key-out", str(new_key_file), *WHO)
        assert "in force" in await desk.run(*rotate)
        new_key = bytes.fromhex(new_key_file.read_text())
        for number, key in ((1, key_of(DEVICE)), (2, new_key)):
            assert () == (await desk.press(number, DEVICE, key)).presses[-1].doubts
        assert "in force" in await desk.run("revoke", OTHER_DEVICE, *WHO)
        gone = await desk.press(1, OTHER_DEVICE, key_of(OTHER_DEVICE))
        assert (2, ("device_out_of_service",)) == (gone.priority, gone.doubts)

        shown = await desk.run("show", DEVICE)
        assert ["imported", "key_rotated"] == [
            word for word in shown.split() if word in ("imported", "key_rotated", "revoked")
        ]
        assert "Tom" in shown
        assert "revoked" in await desk.run("list")
    assert 0 == await part.stop()

    # Started again with the file of before: what was changed since stays so.
    await part.start()
    async with witness(mosquitto.port) as someone:
        again = Desk(gateway, key_file, someone)
        assert () == (await again.press(3, DEVICE, new_key)).presses[-1].doubts
        revoked = await again.press(2, OTHER_DEVICE, key_of(OTHER_DEVICE))
        assert ("device_out_of_service",) == revoked.doubts
    assert 0 == await part.stop()
    told = desk.said + (tmp_path / "gateway.log").read_text()
    stored = b"".join(path.read_bytes() for path in gateway.data_dir.rglob("*") if path.is_file())
    keys = [key_of(one).hex() for one in (DEVICE, OTHER_DEVICE, NEWCOMER)]
    for secret in (*keys, new_key.hex(), REGISTRY_KEY):
        assert secret not in told
        assert secret.encode() not in stored
    acts = [row for row in read_rows(gateway.data_dir) if row.kind == "devices_changed"]
    assert 4 == len(acts)
    assert gateway.kinds()


async def test_a_corrected_home_brings_back_no_key_and_no_button(
    mosquitto: Broker, gateway: Gateway, tmp_path: Path
) -> None:
    """The name is in force at once; the old key stays away, and the button until it is restored."""
    key_file, new_key_file, edited = (tmp_path / name for name in ("a.key", "b.key", "edited.json"))
    key_file.write_text(REGISTRY_KEY)
    file = HouseholdFile(
        format="aware-households", version=1, synthetic=True, households=corrected()
    )
    edited.write_bytes(msgspec.json.encode(file))
    part = gateway.with_options("--registry-key-file", str(key_file))
    await part.start()
    async with witness(mosquitto.port) as someone:
        desk = Desk(gateway, key_file, someone)
        await desk.run("rotate-key", DEVICE, "--overlap", "0", "--key-out", str(new_key_file), *WHO)
        await desk.run("revoke", OTHER_DEVICE, *WHO)
        said = await desk.run("import", str(edited), *WHO)
        assert "0 added, 2 changed" in said
        assert f"`devices rotate-key` changes it): {DEVICE}\n" in said
        assert f"`devices restore` changes it): {OTHER_DEVICE}\n" in said
        leaked = await desk.press(1, DEVICE, key_of(DEVICE))
        assert (("bad_signature",), corrected()[0].police) == (leaked.doubts, leaked.household)
        new_key = bytes.fromhex(new_key_file.read_text())
        assert () == (await desk.press(2, DEVICE, new_key)).presses[-1].doubts
        revoked = await desk.press(1, OTHER_DEVICE, key_of(OTHER_DEVICE))
        assert ("device_out_of_service",) == revoked.doubts
        assert "kept)" in await desk.run("show", OTHER_DEVICE)
        assert "in force" in await desk.run("restore", OTHER_DEVICE, *WHO)
        restored = await desk.press(2, OTHER_DEVICE, key_of(OTHER_DEVICE))
        assert () == restored.presses[-1].doubts
        assert "restored" in await desk.run("show", OTHER_DEVICE)
    assert 0 == await part.stop()


async def test_another_key_for_the_registry(
    mosquitto: Broker, gateway: Gateway, tmp_path: Path
) -> None:
    """Refused while the gateway runs; then the new key alone opens it, and the journal says who."""
    old, new = tmp_path / "registry.key", tmp_path / "new.key"
    old.write_text(REGISTRY_KEY)
    new.write_text("6f" * 32)
    part = gateway.with_options("--registry-key-file", str(old))
    await part.start()
    reseal = ("reseal", "--new-key-file", str(new), *WHO)
    async with witness(mosquitto.port) as someone:
        desk = Desk(gateway, old, someone)
        with pytest.raises(AssertionError, match="in use by another gateway; stop it"):
            await desk.run(*reseal)
        assert "in force" in await desk.run("revoke", OTHER_DEVICE, *WHO)
        assert 0 == await part.stop()
        assert "2 devices are sealed with the key in" in await desk.run(*reseal)
        with pytest.raises(StackError, match="sealed with another key than the one given"):
            await part.start()
        part.use_option("--registry-key-file", str(new))
        await part.start()
        desk = Desk(gateway, new, someone)
        assert () == (await desk.press(1, DEVICE, key_of(DEVICE))).doubts
        revoked = await desk.press(1, OTHER_DEVICE, key_of(OTHER_DEVICE))
        assert ("device_out_of_service",) == revoked.doubts
        rotate = ("rotate-key", DEVICE, "--key-file", str(new), *WHO)
        with pytest.raises(AssertionError, match="a key of one byte again and again is no secret"):
            await desk.run(*rotate)
        devices_key = tmp_path / "device.key"
        devices_key.write_text("1f2e" * 16)
        rotate = ("rotate-key", DEVICE, "--key-file", str(devices_key), *WHO)
        assert "in force" in await desk.run(*rotate)
        shown = await desk.run("show", DEVICE)
    assert 0 == await part.stop()
    # The last one twice: for the device, and for its open alarm.
    assert ["imported", "resealed", "key_rotated", "key_rotated"] == [
        word for word in shown.split() if word in ("imported", "resealed", "key_rotated", "revoked")
    ]


def test_a_wrong_row_imports_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each mistake has a line, the last one counts them, and the registry is as before."""
    from alarm_gateway.app import main  # noqa: PLC0415 - the program, called as its command is

    path, key_file = tmp_path / "homes.json", tmp_path / "key"
    key_file.write_text(REGISTRY_KEY)
    homes = (household(), replace(household(OTHER_DEVICE), device_key_hex="x"))
    file = HouseholdFile(format="aware-households", version=1, synthetic=True, households=homes)
    path.write_bytes(msgspec.json.encode(file))
    words = ["alarm-gateway", "devices", "import", str(path), *WHO]
    words += ["--data-dir", str(tmp_path / "data"), "--registry-key-file", str(key_file)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as caught:
        main()
    lines = capsys.readouterr().err.splitlines()
    assert (2, 2) == (caught.value.code, len(lines))
    assert lines[0].startswith(
        f"alarm-gateway: {path}: household 2: device_key_hex: it has to be a key: "
    )
    assert lines[1].endswith("1 mistakes in 1 of 2 rows; nothing was imported")
    assert not (tmp_path / "data").exists()
