"""A fleet on a real broker: link states, heartbeats, presses, and what happens to it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from alarm_protocol import topics
from alarm_protocol.codec import decode_heartbeat, decode_press
from simulator import households
from tests.integration.conftest import Mosquitto

pytestmark = pytest.mark.broker

DEADLINE_S = 20.0


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A file of six households."""
    path = tmp_path / "households.json"
    households.write(households.generate(6, 1), path)
    return path


@asynccontextmanager
async def fleet(
    url: str, registry: Path, *options: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a fleet until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "fleet", "--broker", url),
        *("--registry", str(registry), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ready_line(process: asyncio.subprocess.Process) -> str:
    """Wait for the line that says that all devices are connected."""
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        return (await process.stdout.readline()).decode().strip()


async def links(port: int, wanted: bytes, count: int) -> set[str]:
    """Wait until so many devices' retained link is as wanted, and return their topics."""
    found: set[str] = set()
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(topics.ALL_LINKS, qos=1)
        async with asyncio.timeout(DEADLINE_S):
            async for message in client.messages:
                if message.payload == wanted:
                    found.add(message.topic.value)
                if len(found) == count:
                    break
    return found


async def test_ready_means_connected(mosquitto: Mosquitto, registry: Path) -> None:
    """The ready line comes when every device is up, and each said so with a retained message."""
    async with fleet(mosquitto.url, registry) as process:
        assert await ready_line(process) == "ready fleet devices=6"
        assert len(await links(mosquitto.port, b'{"link":"up"}', 6)) == 6


async def test_a_part_of_the_file_can_be_run(mosquitto: Mosquitto, registry: Path) -> None:
    """--first and --count choose devices, so that others are left for other hands."""
    async with fleet(mosquitto.url, registry, "--first", "3", "--count", "2") as process:
        assert await ready_line(process) == "ready fleet devices=2"
        expected = {"aware/v1/devices/aware-000003/link", "aware/v1/devices/aware-000004/link"}
        assert await links(mosquitto.port, b'{"link":"up"}', 2) == expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_clean_stop_says_link_down(
    mosquitto: Mosquitto, registry: Path, number: signal.Signals
) -> None:
    """Asked to end, a fleet takes its links down on purpose and exits with 0."""
    async with fleet(mosquitto.url, registry) as process:
        await ready_line(process)
        process.send_signal(number)
        async with asyncio.timeout(DEADLINE_S):
            assert await process.wait() == 0
    assert len(await links(mosquitto.port, b'{"link":"down"}', 6)) == 6


async def test_a_killed_fleet_leaves_its_last_wills(mosquitto: Mosquitto, registry: Path) -> None:
    """When the process dies, the broker says `link down` for every device."""
    async with fleet(mosquitto.url, registry) as process:
        await ready_line(process)
        process.kill()
    assert len(await links(mosquitto.port, b'{"link":"down"}', 6)) == 6


async def test_a_fleet_comes_back_after_the_broker(mosquitto: Mosquitto, registry: Path) -> None:
    """When the broker is killed and returns empty, every link is up again by itself."""
    async with fleet(mosquitto.url, registry) as process:
        await ready_line(process)
        mosquitto.kill()
        mosquitto.start()
        assert len(await links(mosquitto.port, b'{"link":"up"}', 6)) == 6


async def test_a_fleet_waits_for_its_broker(mosquitto: Mosquitto, registry: Path) -> None:
    """Without a broker a fleet keeps trying, and is ready once there is one."""
    mosquitto.stop()
    async with fleet(mosquitto.url, registry) as process:
        mosquitto.start()
        assert await ready_line(process) == "ready fleet devices=6"


async def test_heartbeats_and_presses_come(mosquitto: Mosquitto, registry: Path) -> None:
    """Devices beat and press as often as asked, each press readable and signed."""
    options = ("--heartbeat-every", "0.3", "--press-every", "0.3")
    beating: set[str] = set()
    pressing: set[str] = set()
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
        await client.subscribe([(topics.ALL_HEARTBEATS, 0), (topics.ALL_PRESSES, 1)])
        async with fleet(mosquitto.url, registry, *options):
            async with asyncio.timeout(DEADLINE_S):
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    if message.topic.matches(topics.ALL_HEARTBEATS):
                        beating.add(decode_heartbeat(message.payload).device_id)
                    else:
                        press = decode_press(message.payload)
                        assert press.signature is not None
                        pressing.add(press.press.device_id)
                    if len(beating) == len(pressing) == 6:
                        break
    assert beating == pressing


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--broker", "http://x"), "broker address 'http://x' is not of the form mqtt://host:port"),
        (("--registry", "none.json"), "household file none.json does not exist"),
        (("--count", "7"), "holds 6 households, but numbers 1 to 7 were asked for"),
    ],
)
async def test_a_wrong_setting_is_one_line(
    registry: Path, options: tuple[str, ...], says: str
) -> None:
    """A wrong address, file or number ends with exit code 2 and one line that names it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "fleet", "--registry", str(registry), *options),
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await process.communicate()
    assert process.returncode == 2
    (line,) = stderr.decode().splitlines()
    assert line.startswith("alarm-simulator: ")
    assert says in line
