"""The other side of a console, over the wire: a scripted gateway, and the console in process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from alarm_protocol import topics
from alarm_protocol.codec import decode_action, decode_presence, encode
from alarm_protocol.messages import (
    AlarmView,
    ConfirmDelivery,
    Delivery,
    GatewayStatus,
    Painted,
    Presence,
    TimelineEntry,
    TrackAction,
)
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import AlarmId, ConsoleId
from dispatch.feed import Feed, end_tasks
from dispatch.history import History
from dispatch.settings import Settings
from dispatch.web.server import make_app
from tests.helpers.accounts import make_desk, signed_in

DEADLINE_S = 15.0
STATUS_EVERY_S = 2.0

Client = TestClient[web.Request, web.Application]


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition, and fail with what was waited for."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {DEADLINE_S} s: {what}") from None


class Gateway:
    """Publishes views as told, and keeps what the consoles say."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.confirmed: list[Delivery] = []
        self.batches: list[int] = []
        self.painted: list[Painted] = []
        self.actions: list[TrackAction] = []
        self.presence: list[Presence] = []
        self.on_action: Callable[[TrackAction], AlarmView | None] = lambda _: None

    async def status(self, *, up: bool = True) -> None:
        """Say that this gateway lives, or does not."""
        status = GatewayStatus(status="up" if up else "down", at_ms=now_ms())
        await self.client.publish(topics.GATEWAY_STATUS, encode(status), qos=1, retain=True)

    async def live(self) -> None:
        """Say so again and again, as a gateway does, until cancelled."""
        while True:
            await self.status()
            await asyncio.sleep(STATUS_EVERY_S)

    async def view(self, view: AlarmView) -> None:
        """Publish a view where it belongs."""
        await self.raw(topics.alarm_view(view.console, view.alarm_id), encode(view))

    async def gone(self, alarm_id: str, console: ConsoleId = "police") -> None:
        """Clear the topic of an alarm."""
        await self.raw(topics.alarm_view(console, AlarmId(alarm_id)), b"")

    async def raw(self, topic: str, payload: bytes) -> None:
        """Publish anything, retained."""
        await self.client.publish(topic, payload, qos=1, retain=True)

    async def listen(self) -> None:
        """Keep what consoles say, and answer their actions as scripted."""
        async for message in self.client.messages:
            payload = message.payload
            assert isinstance(payload, bytes)
            if str(message.topic).endswith("/presence"):
                self.presence.append(decode_presence(payload))
                continue
            action = decode_action(payload)
            if isinstance(action, ConfirmDelivery):
                self.confirmed.extend(action.deliveries)
                self.batches.append(len(action.deliveries))
                continue
            if isinstance(action, Painted):
                self.painted.append(action)
                continue
            self.actions.append(action)
            answer = self.on_action(action)
            if answer is not None:
                await self.view(answer)


@asynccontextmanager
async def gateway_on(url: str) -> AsyncIterator[Gateway]:
    """Connect a scripted gateway; when it ends, the topics keep what it said."""
    broker = parse_broker_url(url)
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        protocol=aiomqtt.ProtocolVersion.V5,
        socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
    )
    async with client:
        gateway = Gateway(client)
        await client.subscribe(topics.ALL_ACTIONS, qos=1)
        await client.subscribe(topics.ALL_PRESENCE, qos=1)
        await gateway.status()
        listening = asyncio.create_task(gateway.listen())
        try:
            yield gateway
        finally:
            await end_tasks((listening,))


@asynccontextmanager
async def console_on(
    url: str, console: ConsoleId = "police", history: Path | None = None
) -> AsyncIterator[tuple[Feed, Client]]:
    """Run a whole console against a broker; give its feed and a client of its web interface."""
    settings = Settings(console=console, broker=parse_broker_url(url), host="127.0.0.1", port=0)
    feed = Feed(settings, History(history))
    desk, book = make_desk(console)
    async with TestClient(TestServer(make_app(feed, desk))) as client:
        client.session.headers.update(signed_in(desk, book, str(client.make_url("/"))))
        yield feed, client


def answered(view: AlarmView, action: TrackAction, **entry: Any) -> AlarmView:
    """Make the next version of a view, whose timeline answers an action."""
    line = TimelineEntry(
        at_ms=now_ms(),
        kind=str(msgspec.to_builtins(action)["kind"]),
        operator=action.operator,
        action_id=action.action_id,
        **entry,
    )
    return msgspec.structs.replace(view, version=view.version + 1, timeline=(*view.timeline, line))
