"""A witness on the wire: publishes as a device or console would, and keeps what it hears."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import aiomqtt

from alarm_protocol import topics
from alarm_protocol.codec import decode_alarm_view, decode_feedback
from alarm_protocol.messages import AlarmView, Feedback
from alarm_protocol.units import AlarmId, ConsoleId, DeviceId

WAIT_S = 20.0


class Witness:
    """Hears every topic below `aware/v1`."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.heard: dict[str, list[bytes]] = defaultdict(list)
        self._client = client
        self._changed = asyncio.Condition()

    async def listen(self) -> None:
        """Collect until cancelled."""
        async for message in self._client.messages:
            async with self._changed:
                payload = message.payload
                self.heard[str(message.topic)].append(
                    payload if isinstance(payload, bytes) else b""
                )
                self._changed.notify_all()

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1
    ) -> None:
        """Publish, and wait for the broker's acknowledgement."""
        await self._client.publish(topic, payload, qos=qos, retain=retain)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds; `what` says what was waited for."""
        try:
            async with asyncio.timeout(WAIT_S), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            heard = {topic: len(payloads) for topic, payloads in self.heard.items()}
            raise AssertionError(f"never saw {what}; heard {heard}") from None

    def feedback(self, device_id: DeviceId) -> list[Feedback]:
        """Return what a device was told."""
        return [decode_feedback(payload) for payload in self.heard[topics.feedback(device_id)]]

    def views(self, console: ConsoleId, alarm_id: AlarmId) -> list[AlarmView]:
        """Return the views of one alarm that a console was sent."""
        payloads = self.heard[topics.alarm_view(console, alarm_id)]
        return [decode_alarm_view(payload) for payload in payloads if payload]


@asynccontextmanager
async def witness(port: int) -> AsyncIterator[Witness]:
    """Connect a witness to a broker on this machine."""
    async with aiomqtt.Client(
        "127.0.0.1", port, max_inflight_messages=1_000, timeout=WAIT_S
    ) as client:
        await client.subscribe("aware/v1/#", qos=1)
        someone = Witness(client)
        task = asyncio.create_task(someone.listen())
        try:
            yield someone
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await task
