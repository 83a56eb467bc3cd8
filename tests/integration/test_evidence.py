"""Evidence, norms and purge beside a real gateway, on its own journal."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.retention import verify_journal
from alarm_protocol import topics
from alarm_protocol.codec import encode, encode_press
from alarm_protocol.messages import Accept
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import ActionId, AlarmId
from tests.helpers.evidence import LATITUDE, PLACE, YEAR_MS, Story, written
from tests.helpers.gateway import DEVICE, OTHER_DEVICE, key_of
from tests.helpers.gateway import press as input_of
from tests.helpers.gateway_process import Broker, Gateway, answered, press
from tests.helpers.wire import witness

ALARM = AlarmId(f"{DEVICE}.1")


def command(gateway: Gateway, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the gateway as a process of its own."""
    registry = gateway.data_dir.parent / "households.json"
    words = [str(registry) if one is None else str(one) for one in arguments]
    return subprocess.run(
        [sys.executable, "-m", "alarm_gateway", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def unpacked_and_verified(file: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Unpack evidence and run its own check, isolated from every installed package."""
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py")],
        capture_output=True,
        text=True,
        check=False,
    )


def placed(number: int, at_ms: int = 0) -> bytes:
    """Return a signed press with its location."""
    pressed_at_ms = at_ms or now_ms()
    one = input_of(number, pressed_at_ms=pressed_at_ms, location=PLACE)
    return encode_press(one.press, key_of(one.press.device_id))


async def test_evidence_is_taken_while_the_gateway_writes(
    mosquitto: Broker, gateway: Gateway, tmp_path: Path
) -> None:
    """Both agencies' files prove themselves, each without the other's; a purge is refused."""
    await gateway.start()
    data = ("--data-dir", gateway.data_dir)
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), placed(1))
        await answered(someone, 1)
        for console, operator in (("police", "POLICE-Ans"), ("veilig_thuis", "THUIS-Bea")):
            accept = Accept(
                action_id=ActionId(f"a-{console}"),
                alarm_id=ALARM,
                seen_version=1,
                operator=operator,
                at_ms=now_ms(),
            )
            await someone.publish(topics.actions(console), encode(accept))  # type: ignore[arg-type]
        await someone.until(
            lambda: "accepted" in [one.status for one in someone.feedback(DEVICE)], "accepted"
        )
        await someone.publish(topics.press(OTHER_DEVICE), press(2, OTHER_DEVICE))
        await answered(someone, 2, OTHER_DEVICE)
        for console, foreign in (("police", "THUIS-"), ("veilig_thuis", "POLICE-")):
            out = tmp_path / f"{console}.zip"
            done = command(
                gateway, "export", ALARM, *data, "--registry", None,
                "--console", console, "--out", out,
            )  # fmt: skip
            assert 0 == done.returncode, done.stderr
            checked = unpacked_and_verified(out, tmp_path / console)
            assert (0, "") == (checked.returncode, checked.stderr)
            text = "".join(path.read_text() for path in (tmp_path / console).iterdir())
            assert foreign not in text
            assert (console == "police") == (str(LATITUDE) in text)
        report = json.loads(command(gateway, "norms", *data, "--json").stdout)
        assert 2 == report["alarms"]
        refused = command(gateway, "purge", *data, "--older-than", "1d")
        assert 2 == refused.returncode
        assert "in use by another gateway" in refused.stderr
        dry = command(gateway, "purge", *data, "--older-than", "1d", "--dry-run")
        assert (0, True) == (dry.returncode, dry.stdout.startswith("would purge 0 rows"))
        (tmp_path / "press").write_bytes(placed(1, at_ms=now_ms()))
        told = command(gateway, "explain", "--press", tmp_path / "press", "--registry", None, *data)
        assert "joins the open alarm" in told.stdout
    assert 0 == await gateway.part.stop()
    assert None is verify_journal(gateway.data_dir).fault


async def test_a_gateway_goes_on_after_a_purge(mosquitto: Broker, gateway: Gateway) -> None:
    """A replay of a purged press is answered as a repeat; the next alarm has the next number."""
    long_ago_ms = now_ms() - 7 * YEAR_MS
    story = Story(long_ago_ms)
    story.whole()
    story.whole(OTHER_DEVICE)
    written(gateway.data_dir, story.records)
    done = command(gateway, "purge", "--data-dir", gateway.data_dir, "--older-than", "5y")
    assert (0, True) == (done.returncode, done.stdout.startswith("purged 44 rows of 2 alarms"))
    for number, killed in ((11, True), (12, False)):
        await gateway.start()
        async with witness(mosquitto.port) as someone:
            await someone.publish(topics.press(DEVICE), placed(1, at_ms=long_ago_ms))
            await answered(someone, 1)
            assert [ALARM] == [one.alarm_id for one in someone.feedback(DEVICE)]
            await someone.publish(topics.press(DEVICE), placed(number))
            await answered(someone, number)
            assert f"{DEVICE}.2" == someone.feedback(DEVICE)[-1].alarm_id
        if killed:
            gateway.part.kill()
        else:
            assert 0 == await gateway.part.stop()
    report = verify_journal(gateway.data_dir)
    assert (None, 44) == (report.fault, report.purged)
    assert 2 == sum(row.kind == "pressed" for row in read_rows(gateway.data_dir))
