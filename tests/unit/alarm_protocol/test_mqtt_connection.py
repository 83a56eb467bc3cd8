"""One connection, packet by packet, without a network and without waiting."""

import asyncio

import mqtt5
import pytest

from alarm_protocol.errors import (
    ConnectionRefusedByBrokerError,
    MalformedPacketError,
    SubscriptionRefusedError,
)
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_connection import RECEIPTS_PER_CONNECTION, Connection
from alarm_protocol.runtime.mqtt_outbox import Outbox, OutgoingPublish
from alarm_protocol.runtime.mqtt_settings import Received, SessionSettings
from tests.helpers.mqtt_memory import Link, on_virtual_time, settings, suback, turn, until


class Setup:
    """A connection on a link in memory, and the batches it gave."""

    def __init__(self, given: SessionSettings | None = None) -> None:
        self.outbox = Outbox(1_000)
        self.batches: list[list[Received]] = []
        self.connection = Connection(given or settings(), 3, self.outbox, self.batches.append)
        self.link = Link(self.connection)
        self.connection.connection_made(self.link)

    async def accept(self, *, receive_max: int = 10, keep_alive: int | None = None) -> None:
        """Take the connection as far as being ready."""
        await turn()
        self.link.give(mqtt5.ConnAckPacket(receive_max=receive_max, server_keep_alive=keep_alive))
        await turn()
        self.link.give(suback(self.link))
        await turn()

    def offer(self, *payloads: str) -> None:
        """Offer messages for sending."""
        for payload in payloads:
            self.outbox.offer(OutgoingPublish("out", payload.encode(), retain=False, on_done=None))


def publish(packet_id: int, payload: bytes = b"x") -> mqtt5.PublishPacket:
    """Return a message from the broker."""
    return mqtt5.PublishPacket("in/a", payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id)


@on_virtual_time
async def test_connect_comes_first_and_nothing_else_before_the_answer() -> None:
    """CONNECT, then silence until CONNACK; SUBSCRIBE, then no publish until SUBACK."""
    one = Setup()
    one.offer("1")
    one.connection.pump_soon()
    await turn()
    assert one.link.kinds() == ["Connect"]
    one.link.give(mqtt5.ConnAckPacket(receive_max=10))
    one.connection.pump_soon()
    await turn()
    assert one.link.kinds() == ["Connect", "Subscribe"]
    assert not one.connection.ready.done()
    one.link.give(suback(one.link))
    assert one.link.kinds() == ["Connect", "Subscribe", "Publish"]
    assert one.connection.ready.result() is False
    one.connection.abort()


@on_virtual_time
async def test_without_subscriptions_the_broker_s_yes_is_enough() -> None:
    """A session that only sends does not subscribe."""
    one = Setup(settings(subscriptions=()))
    one.offer("1")
    await turn()
    one.link.give(mqtt5.ConnAckPacket(session_present=True))
    assert one.link.kinds() == ["Connect", "Publish"]
    assert one.connection.ready.result() is True
    one.connection.abort()


@on_virtual_time
async def test_all_messages_of_one_read_come_as_one_batch() -> None:
    """A batch holds them in order; the receipt tells connection and packet, none at QoS 0."""
    one = Setup()
    await one.accept()
    one.link.give(publish(7, b"1"), mqtt5.PublishPacket("in/b", b"2", retain=True))
    base = 3 * RECEIPTS_PER_CONNECTION
    expected = [Received("in/a", b"1", False, base + 7), Received("in/b", b"2", True, None)]
    assert [expected] == one.batches
    one.connection.abort()


@on_virtual_time
async def test_the_window_of_the_broker_is_honoured() -> None:
    """No more unacknowledged publishes than CONNACK allowed; each PUBACK lets one follow."""
    one = Setup()
    one.offer(*"12345")
    await one.accept(receive_max=2)
    assert len(one.link.publishes()) == 2
    one.link.give(mqtt5.PubAckPacket(1))
    assert [b"1", b"2", b"3"] == [packet.payload for packet in one.link.publishes()]
    one.connection.abort()


@on_virtual_time
async def test_a_full_transport_leaves_messages_in_the_outbox() -> None:
    """While the transport is full nothing more is taken; afterwards it goes on by itself."""
    one = Setup()
    await one.accept(receive_max=2_000)
    one.link.full_after_writes = 1
    one.offer(*["x"] * 1_000)
    one.connection.pump()
    assert len(one.link.publishes()) == 512
    assert not one.connection.writable
    one.connection.pump_soon()
    await turn()
    assert len(one.link.publishes()) == 512
    one.connection.resume_writing()
    assert len(one.link.publishes()) == 1_000
    one.connection.abort()


@on_virtual_time
async def test_a_quiet_link_is_pinged_and_lives() -> None:
    """A ping goes out at half the keep-alive, and its answer keeps the connection."""
    one = Setup(settings(keep_alive_s=20))
    await one.accept()
    for pings in (1, 2, 3, 4, 5, 6):
        await until(lambda: one.link.kinds().count("PingReq") >= pings)  # noqa: B023 - awaited here
        one.link.give(mqtt5.PingRespPacket())
    assert not one.connection.ended.done()
    one.connection.abort()


@on_virtual_time
async def test_a_client_that_only_receives_still_pings() -> None:
    """The broker counts what we send: receiving alone does not keep us alive there."""
    one = Setup(settings(keep_alive_s=20))
    await one.accept()
    for _ in range(30):
        one.link.give(mqtt5.PublishPacket("in/a", b"x"))
        await asyncio.sleep(1)
    assert one.link.kinds().count("PingReq") >= 2
    one.connection.abort()


@on_virtual_time
async def test_a_dead_link_is_noticed() -> None:
    """Silence beyond one and a half keep-alives ends the connection and says so."""
    one = Setup(settings(keep_alive_s=20))
    await one.accept()
    started_s = asyncio.get_running_loop().time()
    await one.connection.ended
    passed_s = asyncio.get_running_loop().time() - started_s
    assert 30 <= passed_s <= 36
    assert one.connection.why.startswith("no sign of life for 3")
    assert one.link.is_closing()


@on_virtual_time
async def test_the_broker_s_keep_alive_replaces_ours() -> None:
    """A broker may demand pings more often (MQTT 5 section 3.2.2.3.14)."""
    one = Setup(settings(keep_alive_s=1_000))
    await one.accept(keep_alive=4)
    await asyncio.sleep(3)
    assert "PingReq" in one.link.kinds()
    one.connection.abort()


@on_virtual_time
async def test_who_does_not_read_does_not_call_the_link_dead() -> None:
    """While reading is paused silence says nothing; resuming starts the count anew."""
    one = Setup(settings(keep_alive_s=20))
    await one.accept()
    one.connection.set_reading(on=False)
    assert not one.link.is_reading()
    await asyncio.sleep(100)
    one.connection.set_reading(on=True)
    assert one.link.is_reading()
    await asyncio.sleep(20)
    assert not one.connection.ended.done()
    one.connection.abort()


@on_virtual_time
async def test_a_refused_connect_is_named() -> None:
    """The reason code of CONNACK is what a person reads."""
    one = Setup()
    await turn()
    one.link.give(
        mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD)
    )
    with pytest.raises(ConnectionRefusedByBrokerError, match="bad user name or password"):
        await one.connection.ready
    assert one.link.is_closing()


@on_virtual_time
async def test_a_refused_subscription_is_named_with_its_filter() -> None:
    """A session that cannot hear is no session, and the detail says which filter it was."""
    one = Setup(settings(subscriptions=(("in/#", 1), ("secret/#", 1))))
    await turn()
    one.link.give(mqtt5.ConnAckPacket())
    await turn()
    codes = [
        mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,
        mqtt5.SubAckReasonCode.NOT_AUTHORIZED,
    ]
    one.link.give(mqtt5.SubAckPacket(65_535, codes))
    with pytest.raises(SubscriptionRefusedError, match="secret/#: not authorized"):
        await one.connection.ready


@on_virtual_time
@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (
            mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER),
            "the broker said goodbye: another client came with the same name",
        ),
        (
            mqtt5.DisconnectPacket(
                reason_code=mqtt5.DisconnectReasonCode.SERVER_BUSY, reason_str="try later"
            ),
            "the broker said goodbye: try later",
        ),
    ],
)
async def test_a_goodbye_of_the_broker_is_named(packet: mqtt5.DisconnectPacket, why: str) -> None:
    """DISCONNECT from the broker ends the connection for a reason in words."""
    one = Setup()
    await one.accept()
    one.link.give(publish(1), packet, publish(2))
    assert one.connection.why == why
    assert one.connection.ended.done()
    assert one.link.is_closing()


@on_virtual_time
@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(mqtt5.ConnAckPacket(), id="a second CONNACK"),
        pytest.param(mqtt5.SubAckPacket(65_535, []), id="a second SUBACK"),
        pytest.param(mqtt5.PingReqPacket(), id="what only clients send"),
        pytest.param(mqtt5.PubRelPacket(1), id="a QoS 2 handshake"),
    ],
)
async def test_a_packet_that_does_not_belong_here_ends_the_connection(packet: mqtt5.Packet) -> None:
    """A broker out of step is not guessed at, and its publishes are not sent twice."""
    one = Setup()
    await one.accept()
    one.offer("1")
    one.connection.pump()
    one.link.give(packet)
    assert "unexpected" in one.connection.why
    assert one.link.is_closing()
    assert len(one.link.publishes()) == 1


@on_virtual_time
async def test_the_first_reason_for_an_end_stays() -> None:
    """What comes after a goodbye in the same read does not cover it up."""
    one = Setup()
    await one.accept()
    busy = mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SERVER_BUSY)
    one.link.give(busy, mqtt5.PubRelPacket(1))
    assert one.connection.why == "the broker said goodbye: server busy"


@on_virtual_time
async def test_suback_before_connack_does_not_open_the_gate() -> None:
    """Without CONNACK there is no window, and nothing is live."""
    one = Setup()
    await turn()
    one.link.give(mqtt5.SubAckPacket(65_535, []))
    with pytest.raises(MalformedPacketError, match="unexpected SubAckPacket"):
        await one.connection.ready


@on_virtual_time
async def test_messages_before_malformed_bytes_are_handed_on() -> None:
    """What came whole counts, then the connection ends for a named reason."""
    one = Setup()
    await one.accept()
    one.link.give_bytes(publish(1).write() + b"\x00\x00")
    assert len(one.batches) == 1
    assert one.connection.why.startswith("not MQTT 5")
    assert one.link.is_closing()


@on_virtual_time
async def test_goodbye_is_said_before_the_broker_has_answered_too() -> None:
    """The broker may have accepted CONNECT already, and must not publish the will."""
    one = Setup()
    one.connection.say_goodbye()
    await turn()
    assert one.link.kinds() == ["Connect", "Disconnect"]
    assert one.connection.ended.done()


@on_virtual_time
async def test_after_goodbye_the_reason_is_our_own() -> None:
    """A broker that resets the connection on our DISCONNECT is no news."""
    one = Setup()
    await one.accept()
    one.connection.say_goodbye()
    one.connection.connection_lost(ConnectionResetError("reset by peer"))
    assert one.connection.why == "closed"


@on_virtual_time
async def test_a_message_that_cannot_be_written_is_a_fault_of_ours() -> None:
    """A topic with a wildcard is a defect of the caller; it is not tried for ever."""
    one = Setup()
    await one.accept()
    one.outbox.offer(OutgoingPublish("a/#", b"", retain=False, on_done=None))
    one.connection.pump_soon()
    await turn()
    assert isinstance(one.connection.fault, ValueError)
    assert one.connection.ended.done()


@on_virtual_time
async def test_a_loss_without_words_still_has_a_name() -> None:
    """Errors that say nothing are shown by their kind."""
    one = Setup()
    await one.accept()
    one.connection.connection_lost(ConnectionResetError())
    assert one.connection.why == "ConnectionResetError"


@on_virtual_time
async def test_an_end_without_a_word_has_its_likely_cause() -> None:
    """A broker that hangs up is told apart: before its first word, after it, and in the clear."""
    for tls, accepted, means in (
        (True, False, "hung up before it answered; it may have refused our certificate"),
        (False, False, "hung up before it answered; does it want mqtts://?"),
        (True, True, "lost; did another client come with the same certificate?"),
        (False, True, "the connection was lost"),
    ):
        one = Setup(settings(broker=BrokerUrl("broker.test", 1, tls=tls)))
        if accepted:
            await one.accept()
        one.connection.connection_lost(None)
        assert means in one.connection.why
