"""The README's two ways to press, run word for word against a real broker."""

import asyncio
import contextlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import aiomqtt
import msgspec
import pytest

from alarm_protocol import codec, signing, topics
from alarm_protocol.households import (
    Address,
    Household,
    HouseholdFile,
    Offender,
    PoliceHousehold,
    VeiligThuisHousehold,
)
from alarm_protocol.units import DeviceId

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEVICE = DeviceId("aware-000001")
KEY = bytes(range(100, 132))
DEADLINE_S = 20.0


class Broker(Protocol):
    """What these tests need of the Mosquitto fixture."""

    port: int


def block(language: str, holding: str) -> str:
    """Return the one fenced block of a language that holds a text."""
    blocks = re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)
    (found,) = [one for one in blocks if holding in one]
    return str(found)


def at(port: int, example: str) -> str:
    """Point an example, which is written for port 1883, at this test's broker."""
    assert example.count("1883") == 1
    return example.replace("1883", str(port))


def write_households(folder: Path) -> None:
    """Write a household file where the demo has its own."""
    police = PoliceHousehold(
        resident="A. Voorbeeld (synthetisch)",
        municipality="Leiden",
        address=Address(street="Voorbeeldstraat", number="1", postcode="2312 AB", place="Leiden"),
        latitude=52.16,
        longitude=4.497,
        offender=Offender(name="B. Verzonnen (synthetisch)", description="synthetisch"),
        weapons="Geen bekend",
        route_notes="",
    )
    other = VeiligThuisHousehold(
        case_reference="VT-1",
        resident="A. Voorbeeld (synthetisch)",
        municipality="Leiden",
        members=(),
        children=0,
        relation_to_stalker="ex-partner",
    )
    homes = [
        Household(device_id=device_id, device_key_hex=key.hex(), police=police, veilig_thuis=other)
        for device_id, key in ((DeviceId("aware-000000"), bytes(32)), (DEVICE, KEY))
    ]
    file = HouseholdFile(
        format="aware-households", version=1, synthetic=True, households=tuple(homes)
    )
    (folder / ".demo").mkdir()
    (folder / ".demo" / "households.json").write_bytes(msgspec.json.encode(file))


async def run(folder: Path, *command: str) -> None:
    """Run an example in a folder; it must end well and say nothing about trouble."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert (process.returncode, errors.decode()) == (0, "")


async def published_by(folder: Path, port: int, *command: str) -> aiomqtt.Message:
    """Return the one message on the press topics while an example runs."""
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(topics.ALL_PRESSES, qos=1)
        await run(folder, *command)
        async with asyncio.timeout(DEADLINE_S):
            return await anext(client.messages)


def check(message: aiomqtt.Message) -> codec.SignedPress:
    """Read a message as the gateway does: decodable, of this device, and signed with its key."""
    assert isinstance(message.payload, bytes)
    topic = str(message.topic)
    assert topics.press(DEVICE) == topic
    assert (message.qos, message.retain) == (1, False)
    signed = codec.decode_press(message.payload)
    assert (
        signed.press.device_id, signed.press.trigger, signed.press.attempt,
    ) == (DEVICE, "press", 1)  # fmt: skip
    assert signed.signature is not None
    line, signature = signed.line.encode(), signed.signature.encode()
    assert signing.signature_fits(KEY, topic, line, signature)
    return signed


@pytest.mark.broker
async def test_the_shell_example_signs_correctly(
    mosquitto: Broker, program: Callable[[str], Path], tmp_path: Path
) -> None:
    """The lines for mosquitto_pub publish one press that verifies with the demo's key."""
    for name in ("mosquitto_pub", "openssl", "python3"):
        program(name)
    write_households(tmp_path)
    example = at(mosquitto.port, block("sh", "mosquitto_pub"))
    message = await published_by(tmp_path, mosquitto.port, "/bin/sh", "-euc", example)
    assert check(message).press.press_id.startswith("shell-")


@pytest.mark.broker
async def test_the_paho_example_signs_correctly(mosquitto: Broker, tmp_path: Path) -> None:
    """The Python lines publish one press that verifies, and end by themselves."""
    write_households(tmp_path)
    example = at(mosquitto.port, block("python", "paho"))
    message = await published_by(
        tmp_path, mosquitto.port, sys.executable, "-W", "error", "-c", example
    )
    signed = check(message)
    assert signed.press.press_id.startswith("paho-")
    assert signed.press.sequence == signed.press.sent_at_ms
