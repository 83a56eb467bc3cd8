"""What a session is told, and what it tells."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How to connect. Times in seconds; `receive_max` bounds the unacknowledged messages."""

    broker: BrokerUrl
    client_id: str
    subscriptions: Sequence[tuple[str, int]] = ()
    will: Will | None = None
    keep_alive_s: int = 20
    clean_start: bool = False
    session_expiry_s: int = 3_600
    receive_max: int = 1_000
    packet_bytes_max: int = 2 * 1024 * 1024
    outbox_max: int = 50_000
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.keep_alive_s < 1:
            raise ValueError("keep_alive_s must be at least 1: without it a dead link stays unseen")


class Received(NamedTuple):
    """An incoming message. `receipt` is what `ack` takes; None at QoS 0."""

    topic: str
    payload: bytes
    retain: bool
    receipt: int | None


class SessionState(NamedTuple):
    """Connected or not, and why, in words for a person."""

    connected: bool
    session_present: bool
    detail: str


OnBatch = Callable[[list[Received]], None]
OnState = Callable[[SessionState], None]


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
        1,
        [
            mqtt5.TopicFilter(
                pattern,
                max_qos=mqtt5.QoS(qos),
                retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
            )
            for pattern, qos in settings.subscriptions
        ],
    )
