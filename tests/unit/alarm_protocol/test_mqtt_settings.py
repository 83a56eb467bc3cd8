"""What a session refuses to be told, and what it tells the broker."""

import ssl
from typing import Any

import mqtt5
import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_outbox import PACKET_ID_MAX
from alarm_protocol.runtime.mqtt_settings import (
    SessionSettings,
    Will,
    connect_packet,
    subscribe_packet,
    tls_of,
)

PLAIN = BrokerUrl("127.0.0.1", 1883, tls=False)
SECURE = BrokerUrl("127.0.0.1", 8883, tls=True)


def settings(**changes: Any) -> SessionSettings:
    """Return settings with some changed."""
    return SessionSettings(**{"broker": PLAIN, "client_id": "tester", **changes})


@pytest.mark.parametrize("keep_alive_s", [0, -1])
def test_a_session_without_keep_alive_is_refused(keep_alive_s: int) -> None:
    """Without keep-alive a dead link would stay unseen."""
    with pytest.raises(ValueError, match="at least 1"):
        settings(keep_alive_s=keep_alive_s)


def test_tls_for_an_address_in_the_clear_is_refused() -> None:
    """Whoever gives a TLS context meant `mqtts://`."""
    with pytest.raises(ValueError, match="mqtts://"):
        settings(tls=ssl.create_default_context())


def test_a_subscription_with_qos_2_is_refused() -> None:
    """The session knows PUBACK only."""
    with pytest.raises(ValueError, match="QoS 2"):
        settings(subscriptions=(("a", 2),))


def test_an_mqtts_address_is_never_dialled_in_the_clear() -> None:
    """Without a context of its own the broker's certificate is checked as usual."""
    context = tls_of(settings(broker=SECURE))
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def test_an_mqtt_address_is_dialled_in_the_clear() -> None:
    """No TLS where none was asked for."""
    assert tls_of(settings()) is None


def test_connect_says_everything_the_broker_has_to_know() -> None:
    """Limits, session, credentials and will are in CONNECT."""
    packet = connect_packet(
        settings(
            broker=PLAIN._replace(username="anna", password="geheim"),  # noqa: S106 - made up
            will=Will("t/down", b"gone"),
            keep_alive_s=7,
            receive_max=50,
            packet_bytes_max=9_999,
            session_expiry_s=60,
        )
    )
    (read, _) = mqtt5.read(memoryview(packet.write()))
    assert isinstance(read, mqtt5.ConnectPacket)
    assert ("tester", "anna", b"geheim") == (read.client_id, read.username, read.password)
    assert (7, 50, 9_999, 60) == (
        read.keep_alive,
        read.receive_max,
        read.max_packet_size,
        read.session_expiry_interval,
    )
    assert not read.clean_start
    assert read.will is not None
    assert ("t/down", b"gone", True, 1) == (
        read.will.topic,
        read.will.payload,
        read.will.retain,
        int(read.will.qos),
    )


def test_without_a_user_no_password_is_sent() -> None:
    """An anonymous client sends no credentials at all."""
    packet = connect_packet(settings())
    assert (None, None, None) == (packet.username, packet.password, packet.will)


def test_subscribe_shares_no_packet_id_with_a_publish() -> None:
    """A kept session may have any publish id in flight while we subscribe anew."""
    packet = subscribe_packet(settings(subscriptions=(("a", 1), ("b", 0))))
    assert packet.packet_id > PACKET_ID_MAX
    assert [("a", 1), ("b", 0)] == [(one.pattern, int(one.max_qos)) for one in packet.topic_filters]
