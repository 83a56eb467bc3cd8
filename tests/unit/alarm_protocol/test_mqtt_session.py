"""What a session carries: messages in and out, over many connections, without a network."""

import asyncio

import mqtt5
import pytest

from alarm_protocol.runtime.mqtt_session import (
    OutboxFullError,
)
from tests.helpers.mqtt_memory import (
    Link,
    Session,
    message,
    on_virtual_time,
    suback,
    turn,
    until,
)


@on_virtual_time
async def test_nothing_is_acknowledged_by_itself() -> None:
    """PUBACK goes out for the receipt that the owner gives back, and for no other."""
    one = Session()
    link = await one.connected()
    link.give(message(1), message(2))
    await asyncio.sleep(5)
    assert link.acks() == []
    assert one.received[1].receipt is not None
    one.session.ack(one.received[1].receipt)
    await turn()
    assert link.acks() == [2]
    await one.end()


@on_virtual_time
async def test_a_receipt_of_an_earlier_connection_is_ignored() -> None:
    """After a reconnect the same packet id may mean another message."""
    one = Session()
    first = await one.connected()
    first.give(message(1))
    first.lose(None)
    second = await one.connected(2, session_present=True)
    second.give(message(1))
    old, new = (received.receipt for received in one.received)
    assert old is not None
    assert new is not None
    one.session.ack(old)
    await turn()
    assert second.acks() == []
    one.session.ack(new)
    await turn()
    assert second.acks() == [1]
    await one.end()
    one.session.ack(new)


@on_virtual_time
async def test_a_message_that_comes_before_suback_can_be_acknowledged() -> None:
    """A broker with a kept session sends what it holds right after CONNACK."""
    one = Session()
    await until(lambda: one.dialer.links)
    (link,) = one.dialer.links
    await turn()
    link.give(mqtt5.ConnAckPacket(session_present=True), message(5))
    assert one.received[0].receipt is not None
    one.session.ack(one.received[0].receipt)
    await turn()
    assert link.acks() == [5]
    await one.end()


@on_virtual_time
async def test_unacknowledged_publishes_are_repeated() -> None:
    """With DUP and the same id where the session was kept, as new ones where it was not."""
    one = Session()
    one.session.publish("out", b"1")
    one.session.publish("out", b"2")
    first = await one.connected()
    first.give(mqtt5.PubAckPacket(1))
    first.lose(None)
    second = await one.connected(2, session_present=True)
    second.lose(None)
    third = await one.connected(3, session_present=False)
    assert [(b"1", 1, False), (b"2", 2, False)] == publishes(first)
    assert [(b"2", 2, True)] == publishes(second)
    assert [(b"2", 3, False)] == publishes(third)
    assert one.session.backlog == 1
    await one.end()


def publishes(link: Link) -> list[tuple[bytes, int | None, bool]]:
    """Return payload, id and DUP of what was published over a link."""
    return [(one.payload, one.packet_id, one.duplicate) for one in link.publishes()]


@on_virtual_time
async def test_a_message_offered_just_before_connected_goes_out() -> None:
    """Between SUBACK and the session's own notice of it nothing is forgotten."""
    one = Session()
    await until(lambda: one.dialer.links)
    (link,) = one.dialer.links
    await turn()
    link.give(mqtt5.ConnAckPacket())
    await turn()
    link.give(suback(link))
    assert not one.session.connected
    one.session.publish("out", b"1")
    await turn()
    assert [(b"1", 1, False)] == publishes(link)
    await one.end()


@on_virtual_time
async def test_publishing_from_within_a_batch_goes_out_in_order() -> None:
    """The owner answers where it hears; also before the session is called connected."""
    one = Session()
    one.on_batch = lambda batch: one.session.publish("out", batch[0].payload)
    await until(lambda: one.dialer.links)
    (link,) = one.dialer.links
    await turn()
    link.give(mqtt5.ConnAckPacket(session_present=True), message(1))
    await turn()
    assert link.publishes() == []
    link.give(suback(link), message(2))
    await turn()
    link.give(message(3))
    await turn()
    assert [1, 2, 3] == [packet.packet_id for packet in link.publishes()]
    await one.end()


@on_virtual_time
async def test_qos_0_is_sent_while_it_can_go_out_and_dropped_otherwise() -> None:
    """QoS 0 is never kept: not without a connection, and not for a full transport."""
    one = Session()
    one.session.publish("out", b"too early", qos=0)
    link = await one.connected()
    one.session.publish("out", b"now", qos=0)
    await turn()
    link.protocol.pause_writing()
    one.session.publish("out", b"full", qos=0)
    link.protocol.resume_writing()
    await turn()
    assert [b"now"] == [packet.payload for packet in link.publishes()]
    assert one.session.backlog == 0
    await one.end()


@on_virtual_time
async def test_a_full_outbox_says_so() -> None:
    """Back-pressure reaches the caller as an error of its own."""
    one = Session(outbox_max=2)
    one.session.publish("out", b"1")
    one.session.publish("out", b"2")
    with pytest.raises(OutboxFullError):
        one.session.publish("out", b"3")
    one.session.publish("out", b"3", qos=0)
    await one.end()


@on_virtual_time
async def test_a_pause_of_reading_holds_over_a_reconnect() -> None:
    """Who is full stays full: the new connection starts paused."""
    one = Session()
    first = await one.connected()
    one.session.pause_reading()
    assert not first.is_reading()
    first.lose(None)
    second = await one.connected(2)
    assert not second.is_reading()
    one.session.resume_reading()
    assert second.is_reading()
    await one.end()


@on_virtual_time
async def test_refusals_are_counted_while_connected() -> None:
    """The count is right at every moment, not only after the connection."""
    one = Session()
    done: list[bool] = []
    link = await one.connected()
    one.session.publish("out", b"", on_done=done.append)
    await turn()
    link.give(mqtt5.PubAckPacket(1, reason_code=mqtt5.PubAckReasonCode.NOT_AUTHORIZED))
    assert ([False], 1) == (done, one.session.refused)
    link.lose(None)
    await one.connected(2)
    assert one.session.refused == 1
    await one.end()
