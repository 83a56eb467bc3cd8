"""A `traceparent` on its way: from the button through the gateway to device and consoles."""

import asyncio
import sys
from pathlib import Path

from alarm_protocol import topics
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.mqtt_session import MqttSession, Received, SessionSettings
from alarm_protocol.trace import trace_id_of
from alarm_protocol.units import AlarmId
from simulator.processes import Part
from simulator.signin import make_accounts
from tests.helpers.gateway import DEVICE, key_of
from tests.helpers.gateway_process import Broker, Gateway, press

WAIT_S = 20.0
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
VIEW = topics.alarm_view("police", AlarmId(f"{DEVICE}.1"))
ANSWER = topics.feedback(DEVICE)


class Ear:
    """A session that hears everything, and publishes what it is told."""

    def __init__(self, broker: Broker) -> None:
        self.heard: list[Received] = []
        self._changed = asyncio.Event()
        settings = SessionSettings(
            broker=parse_broker_url(broker.url), client_id="ear",
            subscriptions=((f"{topics.ROOT}/#", 1),), clean_start=True, session_expiry_s=0,
        )  # fmt: skip
        self.session = MqttSession(settings, on_batch=self._take, on_state=lambda _: None)

    def _take(self, batch: list[Received]) -> None:
        self.heard += batch
        for message in batch:
            if message.receipt is not None:
                self.session.ack(message.receipt)
        self._changed.set()

    def traces(self, topic: str) -> list[str | None]:
        """Return the traces of what came on a topic, in order."""
        return [message.trace for message in self.heard if message.topic == topic]

    async def until_heard(self, topic: str, count: int) -> None:
        """Wait until so many messages came on a topic."""
        async with asyncio.timeout(WAIT_S):
            while len(self.traces(topic)) < count:
                self._changed.clear()
                await self._changed.wait()


async def test_a_trace_reaches_device_and_consoles(mosquitto: Broker, gateway: Gateway) -> None:
    """View, answer and log carry the press's trace; a press without one ends that."""
    await gateway.start()
    ear = Ear(mosquitto)
    running = asyncio.create_task(ear.session.run())
    try:
        ear.session.publish(topics.press(DEVICE), press(1), trace=TRACE)
        await ear.until_heard(ANSWER, 1)
        await ear.until_heard(VIEW, 1)
        assert [TRACE] == ear.traces(VIEW)
        assert [TRACE] == ear.traces(ANSWER)
        ear.session.publish(topics.press(DEVICE), press(2), trace="not a trace")
        await ear.until_heard(ANSWER, 2)
        await ear.until_heard(VIEW, 2)
        assert ear.traces(VIEW)[-1] is None
        assert ear.traces(ANSWER)[-1] is None
    finally:
        await ear.session.close(drain_s=0)
        await running
    assert 0 == await gateway.part.stop()
    assert trace_id_of(TRACE) in gateway.part.log.read_text()


async def test_the_button_shows_its_trace_and_the_console_logs_it(
    mosquitto: Broker, gateway: Gateway, tmp_path: Path
) -> None:
    """What the button says about its press is found again in the console's log."""
    await gateway.start()
    accounts = tmp_path / "accounts.json"
    await make_accounts(accounts, "police", ["trace"])
    console = Part(
        "console",
        [
            sys.executable, "-m", "dispatch", "run", "--console", "police", "--port", "0",
            "--broker", mosquitto.url, "--accounts", str(accounts),
        ],
        log=tmp_path / "console.log",
    )  # fmt: skip
    await console.start()
    try:
        button = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulator", "button", "--device", DEVICE, "--trace",
            "--key-hex", key_of(DEVICE).hex(), "--broker", mosquitto.url,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(WAIT_S):
            said, _ = await button.communicate(b"\n")
        assert 0 == button.returncode
        trace_id = said.decode().partition(", trace ")[2][:32]
        async with asyncio.timeout(WAIT_S):
            while trace_id not in console.log.read_text():
                await asyncio.sleep(0.02)
    finally:
        await console.stop()
    assert 32 == len(trace_id)
