"""What a session is told, and what it tells."""

import enum
import functools
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import mqtt5

from alarm_protocol.runtime.broker_url import BrokerUrl


class Will(NamedTuple):
    """What the broker says for us when the connection is lost."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


SUBSCRIBE_PACKET_ID = 65_535
"""The outbox never uses this one, so no publish in flight shares its id."""
_QOS_MAX = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How to connect. Times in seconds; `receive_max` bounds the unacknowledged messages.

    `packet_bytes_max` leaves room for topic and properties above the 2 MiB of payload that our
    brokers let through: a packet above it ends the connection, and a broker that does not mind
    the limit would send it again after every reconnect. An `mqtts://` broker without `tls` is
    checked against the certificates of this machine.
    """

    broker: BrokerUrl
    client_id: str
    subscriptions: Sequence[tuple[str, int]] = ()
    will: Will | None = None
    keep_alive_s: int = 20
    clean_start: bool = False
    session_expiry_s: int = 3_600
    receive_max: int = 1_000
    packet_bytes_max: int = 3 * 1024 * 1024
    outbox_max: int = 50_000
    connect_s_max: float = 10.0
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.keep_alive_s < 1:
            raise ValueError("keep_alive_s must be at least 1: without it a dead link stays unseen")
        if self.tls is not None and not self.broker.tls:
            raise ValueError(f"tls is given, but {self.broker} is not an mqtts:// address")
        if any(qos > _QOS_MAX for _, qos in self.subscriptions):
            raise ValueError("subscriptions have QoS 0 or 1; there is no handshake for QoS 2 here")


class Received(NamedTuple):
    """An incoming message. `receipt` is what `ack` takes; None at QoS 0. `trace`: see `trace`."""

    topic: str
    payload: bytes
    retain: bool
    receipt: int | None
    trace: str | None = None


class SessionState(NamedTuple):
    """Connected or not, and why, in words for a person."""

    connected: bool
    session_present: bool
    detail: str


class Refusal(NamedTuple):
    """A message that the broker did not take: the first of its reason on this connection."""

    topic: str
    reason: str
    not_authorized: bool


NOT_AUTHORIZED = 135
"""The reason code of a broker whose access list does not let this name write there."""
TAKEN_OVER = 142
"""The reason code of a broker that gave this client's session to another."""
ANOTHER_CAME = "another client came with the same name"
"""The same in words."""


def spoken(code: enum.IntEnum) -> str:
    """Return what a reason code of MQTT means, in words."""
    return code.name.lower().replace("_", " ")


OnBatch = Callable[[list[Received]], None]
OnState = Callable[[SessionState], None]
OnRefusal = Callable[[Refusal], None]


@functools.cache
def _trust_of_this_machine() -> ssl.SSLContext:
    return ssl.create_default_context()


def tls_of(settings: SessionSettings) -> ssl.SSLContext | None:
    """Return how to encrypt: never in the clear towards an `mqtts://` address."""
    if settings.tls is None and settings.broker.tls:
        return _trust_of_this_machine()
    return settings.tls


def connect_packet(settings: SessionSettings) -> mqtt5.ConnectPacket:
    """Build the CONNECT of a session."""
    will = settings.will
    broker = settings.broker
    return mqtt5.ConnectPacket(
        settings.client_id,
        username=broker.username,
        password=(broker.password or "").encode() if broker.username else None,
        clean_start=settings.clean_start,
        keep_alive=settings.keep_alive_s,
        session_expiry_interval=settings.session_expiry_s,
        receive_max=settings.receive_max,
        max_packet_size=settings.packet_bytes_max,
        will=mqtt5.Will(
            will.topic, payload=will.payload, qos=mqtt5.QoS(will.qos), retain=will.retain
        )
        if will
        else None,
    )


def subscribe_packet(settings: SessionSettings) -> mqtt5.SubscribePacket:
    """Build the SUBSCRIBE of a session; what is retained comes with a new subscription only."""
    return mqtt5.SubscribePacket(
        SUBSCRIBE_PACKET_ID,
        [
            mqtt5.TopicFilter(
                pattern,
                max_qos=mqtt5.QoS(qos),
                retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
            )
            for pattern, qos in settings.subscriptions
        ],
    )
