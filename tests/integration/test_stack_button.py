"""The hand-held button on a real broker, with the test answering as the gateway."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from alarm_protocol import topics
from alarm_protocol.codec import SignedPress, decode_press, encode
from alarm_protocol.messages import Feedback
from alarm_protocol.signing import signature_fits
from alarm_protocol.units import AlarmId, DeviceId, TimestampMs
from simulator import households
from tests.integration.conftest import Mosquitto

pytestmark = pytest.mark.broker

DEVICE = DeviceId("aware-000001")
DEADLINE_S = 20.0
Answerer = Callable[[aiomqtt.Client, SignedPress], Awaitable[None]]


class Hand:
    """A running button: type lines, read what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[str] = []

    async def type(self, text: str) -> None:
        """Type on its keyboard."""
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        await self._process.stdin.drain()

    async def hears(self, words: str) -> str:
        """Wait until it says a line with these words."""
        assert self._process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            while True:
                line = (await self._process.stdout.readline()).decode()
                assert line, f"ended without saying {words!r}: {self.said}"
                self.said.append(line.strip())
                if words in line:
                    return line.strip()

    async def ends(self) -> int:
        """Close the keyboard and return the exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        async with asyncio.timeout(DEADLINE_S):
            self.said += (await self._process.stdout.read()).decode().splitlines()
            return await self._process.wait()


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A file of three households."""
    path = tmp_path / "households.json"
    households.write(households.generate(3, 1), path)
    return path


@asynccontextmanager
async def hand(url: str, *options: str) -> AsyncIterator[Hand]:
    """Run a button until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "button", "--broker", url, *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Hand(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def gateway(port: int, answer: Answerer) -> AsyncIterator[list[SignedPress]]:
    """Play the gateway: collect presses, and answer each as told."""
    presses: list[SignedPress] = []

    async def serve(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            press = decode_press(message.payload)
            presses.append(press)
            await answer(client, press)

    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(topics.ALL_PRESSES, qos=1)
        serving = asyncio.create_task(serve(client))
        try:
            yield presses
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def feedback(press: SignedPress, status: str = "received") -> bytes:
    """Write feedback on a press."""
    return encode(
        Feedback(
            press_id=press.press.press_id,
            alarm_id=AlarmId(f"{DEVICE}.1"),
            status=status,  # type: ignore[arg-type] # one of the statuses, by the tests below
            at_ms=TimestampMs(0),
        )
    )


async def answer_received(client: aiomqtt.Client, press: SignedPress) -> None:
    """Answer every press at once."""
    await client.publish(topics.feedback(DEVICE), feedback(press), qos=1)


async def say_nothing(_client: aiomqtt.Client, _press: SignedPress) -> None:
    """Answer nothing."""


async def test_presses_from_a_pipe_are_answered(mosquitto: Mosquitto, registry: Path) -> None:
    """Each line is one signed press with its trigger; all answered means exit code 0."""
    async with (
        gateway(mosquitto.port, answer_received) as presses,
        hand(mosquitto.url, "--device", DEVICE, "--registry", str(registry)) as button,
    ):
        await button.type("\nh\nd\nt\nc\n")
        assert await button.ends() == 0
    assert [press.press.trigger for press in presses] == [
        "press",
        "hold",
        "duress",
        "test",
        "cancel",
    ]
    key = bytes.fromhex(households.generate(1, 1).households[0].device_key_hex)
    for press in presses:
        assert press.signature is not None
        line, signature = press.line.encode(), press.signature.encode()
        assert signature_fits(key, topics.press(DEVICE), line, signature)
    assert button.said[-1].endswith("all 5 presses were answered")


async def test_more_presses_than_may_wait_are_all_made(
    mosquitto: Mosquitto, registry: Path
) -> None:
    """A pipe that presses faster than answers come is slowed down, and loses nothing."""
    async with (
        gateway(mosquitto.port, answer_received) as presses,
        hand(mosquitto.url, "--device", DEVICE, "--registry", str(registry)) as button,
    ):
        await button.type("\n" * 100)
        assert await button.ends() == 0
    assert len({press.press.press_id for press in presses}) == 100


async def test_an_unanswered_press_is_repeated_and_told(
    mosquitto: Mosquitto, registry: Path
) -> None:
    """Without an answer the press comes again, attempt 2, and the exit code says so."""
    options = ("--device", DEVICE, "--registry", str(registry), "--wait", "1.5")
    async with (
        gateway(mosquitto.port, say_nothing) as presses,
        hand(mosquitto.url, *options) as button,
    ):
        await button.type("\n")
        assert await button.ends() == 1
    assert [press.press.attempt for press in presses] == [1, 2]
    assert len({press.press.press_id for press in presses}) == 1
    assert button.said[-1].endswith("NOT answered: 1 of 1 presses")


async def test_feedback_is_shown_silently_and_once(mosquitto: Mosquitto, registry: Path) -> None:
    """Each step is one line without a bell; a repeated or overtaken step is none."""

    async def answer(client: aiomqtt.Client, press: SignedPress) -> None:
        for status in ("received", "accepted", "received", "accepted", "on_scene"):
            await client.publish(topics.feedback(DEVICE), feedback(press, status), qos=1)

    async with (
        gateway(mosquitto.port, answer),
        hand(mosquitto.url, "--device", DEVICE, "--registry", str(registry)) as button,
    ):
        await button.type("\n")
        await button.hears("on scene: help is there")
        await button.type("q\n")
        assert await button.ends() == 0
    told = [line.split()[1] for line in button.said if "[aware-" in line]
    assert told == ["received:", "accepted:", "on"]
    assert not any("\a" in line for line in button.said)


async def test_a_broker_that_is_away_is_waited_for(mosquitto: Mosquitto, registry: Path) -> None:
    """The button says that it retries, keeps the press, and sends it when the broker is there."""
    mosquitto.stop()
    async with hand(mosquitto.url, "--device", DEVICE, "--registry", str(registry)) as button:
        await button.type("\n")
        await button.hears("trying again")
        mosquitto.start()
        async with gateway(mosquitto.port, answer_received):
            await button.hears("received: ")
            await button.type("q\n")
            assert await button.ends() == 0


async def test_a_lost_broker_is_told_and_found_again(mosquitto: Mosquitto, registry: Path) -> None:
    """When the broker is killed and comes back, the button carries on by itself."""
    async with hand(mosquitto.url, "--device", DEVICE, "--registry", str(registry)) as button:
        await button.hears("connected to")
        mosquitto.kill()
        await button.hears("no connection to")
        mosquitto.start()
        await button.hears("connected to")
        async with gateway(mosquitto.port, answer_received):
            await button.type("\n")
            assert await button.ends() == 0


async def test_the_goodbye_is_retained(mosquitto: Mosquitto, registry: Path) -> None:
    """Leaving on purpose says `link down`, retained, for whoever comes later."""
    async with hand(mosquitto.url, "--device", DEVICE, "--registry", str(registry)) as button:
        await button.hears("connected to")
        await button.ends()
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
        await client.subscribe(topics.link(DEVICE))
        async with asyncio.timeout(DEADLINE_S):
            message = await anext(aiter(client.messages))
    assert (message.payload, message.retain) == (b'{"link":"down"}', True)


async def test_an_unknown_device_is_one_line(mosquitto: Mosquitto, registry: Path) -> None:
    """A device that is not in the file ends with exit code 2 and says what to do."""
    options = ("--device", "nobody", "--registry", str(registry))
    async with hand(mosquitto.url, *options) as button:
        assert await button.ends() == 2
    (line,) = button.said
    assert line.startswith("alarm-simulator: device nobody is not in ")


async def test_a_key_of_ones_own_needs_no_file(mosquitto: Mosquitto) -> None:
    """With --key-hex a device presses that is in no household file."""
    async with (
        gateway(mosquitto.port, answer_received) as presses,
        hand(mosquitto.url, "--device", DEVICE, "--key-hex", "ab" * 32) as button,
    ):
        await button.type("\n")
        assert await button.ends() == 0
    (press,) = presses
    assert press.signature is not None
    line, signature = press.line.encode(), press.signature.encode()
    assert signature_fits(b"\xab" * 32, topics.press(DEVICE), line, signature)
