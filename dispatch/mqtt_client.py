"""How a console speaks MQTT: aiomqtt, set up, read without its queue, and closed for good."""

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Callable
from typing import Any

import aiomqtt
import structlog
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import Presence
from alarm_protocol.runtime.mqtt_settings import ANOTHER_CAME, NOT_AUTHORIZED, TAKEN_OVER
from alarm_protocol.runtime.tls import LastError, in_words, unanswered
from dispatch.core.pauses import Pauses
from dispatch.settings import Settings

ACTIONS_MAX = 64
"""Actions that may wait for the gateway's answer at one time."""
KEEP_ALIVE_S = 10
BROKER_WITHIN_S = 5.0
DIALLED_EVERY_S = 0.01
PACKET_BYTES_MAX = 8_192
"""A message is at most 4 KiB; the broker does not even send what is far above it."""
RECONNECT_MIN_S = 0.5
RECONNECT_MAX_S = 10.0
PUSHED_OUT_FROM = 3
"""Connections in a row that did not last, at which it is said what is probably the matter."""
FAILURE_CODE_MIN = 0x80
_UNSPECIFIED = 128

log = structlog.get_logger("dispatch.mqtt")

Read = Callable[[aiomqtt.Message], None]
"""Takes a message, at once. What it raises ends the connection."""


class DialledClient(aiomqtt.Client):
    """Knows while the thread that makes its connection is at work."""

    dialling = False

    def _client_connect(self) -> None:
        self.dialling = True
        try:
            super()._client_connect()
        finally:
            self.dialling = False


async def dialled(client: DialledClient) -> None:
    """Wait for that thread: it knows no cancelling, and would leave its connection open."""
    while client.dialling:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(DIALLED_EVERY_S)


def make_client(
    settings: Settings, identifier: str, read: Read, logger: logging.Logger
) -> DialledClient:
    """Make the client of one connection; its last will takes the console's presence back."""
    broker = settings.broker
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = PACKET_BYTES_MAX
    client = DialledClient(
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


def _why_lost(error: Exception, *, tls: bool) -> str:
    """Return why a connection ended, as far as the broker or the network told."""
    cause = error.__cause__
    code = cause.rc if isinstance(cause, aiomqtt.MqttCodeError) else None
    if not isinstance(code, ReasonCode):
        return in_words(str(error))
    if code.value == TAKEN_OVER:
        return ANOTHER_CAME
    if code.value == _UNSPECIFIED:
        hint = "; did another client come with the same certificate?" if tls else ""
        return f"the connection was lost{hint}"
    return f"the connection was lost: {str(code).lower()}"


class Line:
    """How the broker treats a console, over its connections: what it refuses, and if it stays.

    Args:
        settings: Whose console it is, and the name in its certificate.
    """

    def __init__(self, settings: Settings) -> None:
        # aiomqtt and paho speak through the standard library's logging; what matters of it is
        # logged here, once, in this project's form. A refused certificate is found there only.
        self._paho = LastError("dispatch.mqtt")
        self.logger = self._paho.logger
        self._settings = settings
        self._refused: set[str] = set()
        self._told = False
        self._pauses = Pauses(RECONNECT_MIN_S, RECONNECT_MAX_S)
        self._attached_s: float | None = None

    def attached(self) -> None:
        """Count the time of a connection from now."""
        self._paho.take()  # of an attempt before this one
        self._attached_s = asyncio.get_running_loop().time()

    def why_lost(self, error: Exception) -> str:
        """Return why an attempt or a connection ended, in words."""
        tls = self._settings.broker.tls
        why = self._paho.take() or _why_lost(error, tls=tls)
        return unanswered(why, tls=tls) if self._attached_s is None else why

    def pause_s(self) -> float:
        """Return how long to wait before the next connection, at random.

        So that consoles which lost one broker do not come back as one.
        """
        began_s, self._attached_s = self._attached_s, None
        now_s = asyncio.get_running_loop().time()
        wait_s = self._pauses.after(None if began_s is None else now_s - began_s)
        if began_s is not None and self._pauses.short_lived == PUSHED_OUT_FROM:
            log.error(
                "this console loses the broker as soon as it has it",
                certificate=self._settings.certificate_name or "none",
                detail="if the broker itself is well, another client came with the same name: look"
                " whether a second console runs with this certificate",
            )
        return random.uniform(wait_s / 2, wait_s)  # noqa: S311 - no secret

    @property
    def lets_us(self) -> bool:
        """Whether the last answer on each topic was no refusal."""
        return not self._refused

    def watch(self, client: aiomqtt.Client) -> None:
        """Look at the answers on a new connection, and say the first refusal."""
        self._refused.clear()
        self._told = False
        paho = client._client  # noqa: SLF001 - aiomqtt has no public way
        publish: Any = paho.publish
        on_publish: Any = paho.on_publish
        sent: dict[int, str] = {}

        def noting(topic: str, *args: Any, **options: Any) -> MQTTMessageInfo:
            info: MQTTMessageInfo = publish(topic, *args, **options)
            sent[info.mid] = topic
            return info

        def answered(one: Client, data: Any, mid: int, code: ReasonCode, more: Any) -> None:
            topic = sent.pop(mid, None)
            if topic is not None:
                self._answered(topic, code)
            on_publish(one, data, mid, code, more)

        paho.publish = noting  # type: ignore[method-assign]
        paho.on_publish = answered

    def _answered(self, topic: str, code: ReasonCode) -> None:
        if not is_failure(code):
            self._refused.discard(topic)
            return
        self._refused.add(topic)
        if self._told:
            return
        self._told = True
        wrong_name = (
            "its access list does not let this name write there, and may give it no alarms to"
            f" read; give --tls-cert and --tls-key those of {self._settings.console}, and compare"
            " the list"
        )
        log.error(
            "the broker refuses what this console publishes",
            topic=topic,
            reason=str(code).lower(),
            certificate=self._settings.certificate_name or "none",
            detail=wrong_name if code.value == NOT_AUTHORIZED else "its log says why",
        )


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
