"""How a console speaks MQTT: aiomqtt, set up, read without its queue, and closed for good."""

import asyncio
import logging
import socket
from collections.abc import Callable

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import Presence
from dispatch.settings import Settings

ACTIONS_MAX = 64
"""Actions that may wait for the gateway's answer at one time."""
KEEP_ALIVE_S = 10
BROKER_WITHIN_S = 5.0
PACKET_BYTES_MAX = 8_192
"""A message is at most 4 KiB; the broker does not even send what is far above it."""
FAILURE_CODE_MIN = 0x80

Read = Callable[[aiomqtt.Message], None]
"""Takes a message, at once. What it raises ends the connection."""


def make_client(
    settings: Settings, identifier: str, read: Read, logger: logging.Logger
) -> aiomqtt.Client:
    """Make the client of one connection; its last will takes the console's presence back."""
    broker = settings.broker
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = PACKET_BYTES_MAX
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V5,
        will=aiomqtt.Will(
            topics.presence(settings.console), encode(Presence(attached=False)), qos=1, retain=True
        ),
        timeout=BROKER_WITHIN_S,
        keepalive=KEEP_ALIVE_S,
        queue_type=_inbox(read),
        max_queued_outgoing_messages=2 * ACTIONS_MAX,
        properties=properties,
        tls_context=settings.tls,
        socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        logger=logger,
    )
    client.pending_calls_threshold = 2 * ACTIONS_MAX
    return client


def _inbox(read: Read) -> type[asyncio.Queue[aiomqtt.Message]]:
    """Make a queue for aiomqtt that holds nothing: what is put into it is read at once.

    Its iterator makes a task and a wait of every message, a quarter of a console's work.
    """

    class Inbox(asyncio.Queue[aiomqtt.Message]):
        def put_nowait(self, item: aiomqtt.Message) -> None:
            read(item)

    return Inbox


async def until_lost(client: aiomqtt.Client) -> None:
    """Wait for as long as the connection holds; the iterator says why it broke."""
    async for _ in client.messages:
        pass


def is_failure(code: ReasonCode | int) -> bool:
    """Tell whether the broker refused."""
    return (code if isinstance(code, int) else code.value) >= FAILURE_CODE_MIN


def release(client: aiomqtt.Client) -> None:
    """Close the socket of a connection that aiomqtt gave up without closing it.

    After a refused or unanswered CONNECT aiomqtt leaves paho's socket registered with the
    event loop, and each attempt would keep one more.
    """
    paho = client._client  # noqa: SLF001 - aiomqtt has no public way
    # aiomqtt's own callback fails where its connecting was cancelled, and paho then stops
    # half-way, before it closes the socket.
    paho.on_disconnect = None
    paho.disconnect()
