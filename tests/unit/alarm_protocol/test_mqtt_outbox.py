"""Outgoing QoS 1 messages: ids, window, order, repeats, and what replaces what."""

import mqtt5
import pytest

from alarm_protocol.runtime.mqtt_outbox import (
    PACKET_ID_MAX,
    OnDone,
    Outbox,
    OutboxFullError,
    OutgoingPublish,
)

ALL = 100_000
SUCCESS = 0
NO_SUBSCRIBERS = 16
NOT_AUTHORIZED = 135


def event(payload: str, topic: str = "e", on_done: OnDone | None = None) -> OutgoingPublish:
    """Return a message that nothing replaces."""
    return OutgoingPublish(topic, payload.encode(), retain=False, on_done=on_done)


def state(payload: str, topic: str = "s", on_done: OnDone | None = None) -> OutgoingPublish:
    """Return a retained message."""
    return OutgoingPublish(topic, payload.encode(), retain=True, on_done=on_done)


def taken(outbox: Outbox, count_max: int = ALL) -> list[tuple[str, int, bool]]:
    """Take packets; return payload, id and DUP of each."""
    found = []
    for packet in outbox.take(count_max):
        (read, size) = mqtt5.read(memoryview(packet))
        assert isinstance(read, mqtt5.PublishPacket)
        assert size == len(packet)
        assert read.packet_id is not None
        found.append((read.payload.decode(), read.packet_id, read.duplicate))
    return found


def payloads(outbox: Outbox, count_max: int = ALL) -> list[str]:
    """Take packets; return their payloads."""
    return [payload for payload, _, _ in taken(outbox, count_max)]


def live(window: int = 100, messages_max: int = 1_000) -> Outbox:
    """Return an outbox on a first connection."""
    outbox = Outbox(messages_max)
    outbox.connected(session_present=False, window=window)
    return outbox


def filled(*messages: str) -> Outbox:
    """Return an outbox with these events in flight."""
    outbox = live()
    for message in messages:
        outbox.offer(event(message))
    assert payloads(outbox) == list(messages)
    return outbox


def test_nothing_leaves_before_a_connection_and_after_it() -> None:
    """Without a broker's window there is nothing to send."""
    outbox = Outbox(10)
    outbox.offer(event("1"))
    assert taken(outbox) == []
    outbox.connected(session_present=False, window=5)
    outbox.disconnected()
    assert taken(outbox) == []
    assert len(outbox) == 1


def test_messages_leave_in_order_with_ids_from_one() -> None:
    """First offered, first sent."""
    outbox = live()
    for number in "123":
        outbox.offer(event(number))
    assert [("1", 1, False), ("2", 2, False), ("3", 3, False)] == taken(outbox)


def test_take_gives_no_more_than_asked_for_and_loses_none() -> None:
    """The transport's limit holds, and the next call goes on where the last stopped."""
    outbox = live()
    for number in "12345":
        outbox.offer(event(number))
    assert [["1", "2"], ["3", "4"], ["5"], []] == [payloads(outbox, 2) for _ in range(4)]


def test_the_window_bounds_what_is_in_flight() -> None:
    """A message leaves only when the broker has room for it."""
    outbox = live(window=2)
    for number in "1234":
        outbox.offer(event(number))
    assert payloads(outbox) == ["1", "2"]
    assert payloads(outbox) == []
    outbox.acknowledged(2, SUCCESS)
    assert [("3", 3, False)] == taken(outbox)
    assert len(outbox) == 3


def test_ids_wrap_and_skip_those_in_use() -> None:
    """After the last id comes the first one that nothing in flight has."""
    outbox = live()
    for number in "123":
        outbox.offer(event(number))
    taken(outbox)
    outbox.acknowledged(2, SUCCESS)
    outbox._next_id = PACKET_ID_MAX
    for number in "456":
        outbox.offer(event(number))
    assert [PACKET_ID_MAX, 2, 4] == [packet_id for _, packet_id, _ in taken(outbox)]


def test_a_new_id_is_none_that_waits_to_be_repeated() -> None:
    """An id that the broker knows from before is not given to another message."""
    outbox = filled("1", "2", "3")
    outbox.connected(session_present=True, window=1)
    assert [("1", 1, True)] == taken(outbox)
    outbox._next_id = 2
    assert outbox._free_id() == 4


def test_every_id_can_be_in_flight_but_one() -> None:
    """The largest window leaves one id free, so that the search for one ends."""
    outbox = live(window=65_535, messages_max=70_000)
    for _ in range(66_000):
        outbox.offer(event("x"))
    ids = {packet_id for _, packet_id, _ in taken(outbox)}
    assert len(ids) == PACKET_ID_MAX - 1
    assert 65_535 not in ids


def test_a_kept_session_gets_everything_again_with_dup_and_the_same_ids() -> None:
    """MQTT 5 section 4.4: repeated in order, before anything new."""
    outbox = filled("1", "2", "3")
    outbox.acknowledged(2, SUCCESS)
    outbox.disconnected()
    outbox.offer(event("4"))
    outbox.connected(session_present=True, window=100)
    assert [("1", 1, True), ("3", 3, True), ("4", 4, False)] == taken(outbox)


def test_a_lost_session_gets_everything_again_as_new() -> None:
    """A broker that knows nothing gets new ids, and no DUP."""
    outbox = filled("1", "2", "3")
    outbox.acknowledged(2, SUCCESS)
    outbox.connected(session_present=False, window=100)
    assert [("1", 4, False), ("3", 5, False)] == taken(outbox)


def test_repeats_survive_a_second_loss_half_way() -> None:
    """What was repeated and what still waited to be keep their order and ids."""
    outbox = filled("1", "2", "3", "4")
    outbox.connected(session_present=True, window=2)
    assert payloads(outbox) == ["1", "2"]
    outbox.connected(session_present=True, window=100)
    assert [("1", 1, True), ("2", 2, True), ("3", 3, True), ("4", 4, True)] == taken(outbox)


def test_repeating_many_after_a_lost_session_does_not_stall() -> None:
    """New ids for 50,000 repeats cost no search through the others."""
    outbox = live(window=60_000, messages_max=60_000)
    for _ in range(50_000):
        outbox.offer(event("x"))
    assert len(list(outbox.take(ALL))) == 50_000
    outbox.connected(session_present=False, window=60_000)
    assert len(list(outbox.take(ALL))) == 50_000


def test_a_newer_state_takes_the_place_of_a_waiting_one() -> None:
    """Of a topic's retained messages only the newest leaves, where the first stood."""
    outbox = live(window=0)
    for message in (state("a1", "a"), state("b1", "b"), event("e"), state("a2", "a")):
        outbox.offer(message)
    assert len(outbox) == 3
    outbox.connected(session_present=False, window=10)
    assert payloads(outbox) == ["a2", "b1", "e"]


def test_a_state_in_flight_is_not_replaced() -> None:
    """What is on the wire stays; the newer one follows it."""
    outbox = live()
    outbox.offer(state("1"))
    assert payloads(outbox) == ["1"]
    outbox.offer(state("2"))
    assert payloads(outbox) == ["2"]
    outbox.connected(session_present=True, window=10)
    assert [("1", 1, True), ("2", 2, True)] == taken(outbox)


def test_a_state_whose_fate_is_asked_for_is_not_replaced() -> None:
    """Each `on_done` is called for the very message it was given with."""
    outbox = live(window=0)
    for number in "12":
        outbox.offer(state(number, on_done=lambda _taken: None))
    outbox.connected(session_present=False, window=10)
    assert payloads(outbox) == ["1", "2"]


@pytest.mark.parametrize("retain", [True, False])
def test_replacing_never_overtakes_another_message_of_the_topic(retain: bool) -> None:
    """A state offered after a message that stays is also sent after it."""
    outbox = live(window=0)
    outbox.offer(state("1"))
    outbox.offer(OutgoingPublish("s", b"2", retain, lambda _taken: None))
    outbox.offer(state("3"))
    outbox.offer(state("4"))
    outbox.connected(session_present=False, window=10)
    assert payloads(outbox) == ["1", "2", "4"]


def test_a_full_outbox_refuses_and_keeps_what_it_has() -> None:
    """The limit counts what waits, what is in flight and what will be repeated."""
    outbox = live(window=1, messages_max=3)
    for number in "12":
        outbox.offer(event(number))
    taken(outbox)
    outbox.offer(state("3"))
    with pytest.raises(OutboxFullError, match="3 messages"):
        outbox.offer(event("4"))
    outbox.connected(session_present=True, window=0)
    with pytest.raises(OutboxFullError):
        outbox.offer(state("5", "t"))
    outbox.offer(state("6"))
    assert len(outbox) == 3


def test_a_state_that_was_sent_gives_no_right_to_a_place() -> None:
    """Only a waiting state makes room for a newer one; the limit holds for all others."""
    outbox = live(messages_max=2)
    outbox.offer(state("1"))
    taken(outbox)
    outbox.offer(event("2"))
    with pytest.raises(OutboxFullError):
        outbox.offer(state("3"))
    assert len(outbox) == 2


@pytest.mark.parametrize(
    ("reason_code", "expected"), [(SUCCESS, True), (NO_SUBSCRIBERS, True), (NOT_AUTHORIZED, False)]
)
def test_on_done_says_whether_the_broker_took_it(reason_code: int, expected: bool) -> None:
    """A refusal is an answer: the message is over, counted, and its owner knows."""
    outbox, done = live(), list[bool]()
    outbox.offer(event("1", on_done=done.append))
    taken(outbox)
    outbox.acknowledged(1, reason_code)
    outbox.acknowledged(1, reason_code)
    assert [expected] == done
    assert (0, 0 if expected else 1) == (len(outbox), outbox.refused)


def test_an_unknown_acknowledgement_is_ignored() -> None:
    """A broker that acknowledges what was never sent changes nothing."""
    outbox = filled("1")
    outbox.acknowledged(9, SUCCESS)
    assert len(outbox) == 1


def test_a_message_above_the_brokers_limit_is_refused_here() -> None:
    """Sent, it would end this connection and every later one; so it is not sent."""
    outbox, done = Outbox(10), list[bool]()
    outbox.offer(event("x" * 100, on_done=done.append))
    outbox.offer(event("small", on_done=done.append))
    outbox.connected(session_present=False, window=10, packet_bytes_max=50)
    assert payloads(outbox) == ["small"]
    assert [False] == done
    assert (1, 1) == (len(outbox), outbox.refused)


def test_each_refusal_is_told_with_topic_and_reason() -> None:
    """What the broker does not let us say, and what is too large; nothing of what it took."""
    told = list[tuple[str, int]]()
    outbox = Outbox(10, lambda topic, reason: told.append((topic, reason)))
    outbox.connected(session_present=False, window=10, packet_bytes_max=50)
    for payload in ("taken", "refused", "x" * 100):
        outbox.offer(event(payload))
    assert ["taken", "refused"] == payloads(outbox)
    outbox.acknowledged(1, SUCCESS)
    outbox.acknowledged(2, 135)
    topic = event("").topic
    assert [(topic, 149), (topic, 135)] == told


def test_a_repeat_above_the_brokers_limit_is_refused_too() -> None:
    """The broker's limit may be another one after a reconnect."""
    outbox = filled("x" * 100, "small")
    outbox.connected(session_present=True, window=10, packet_bytes_max=50)
    assert [("small", 2, True)] == taken(outbox)
    assert outbox.refused == 1


def test_a_message_offered_by_on_done_is_sent() -> None:
    """Whoever hears of an end may send the next message at once."""
    outbox = live(window=1)
    outbox.offer(event("1", on_done=lambda _taken: outbox.offer(event("2"))))
    assert payloads(outbox) == ["1"]
    outbox.acknowledged(1, SUCCESS)
    assert payloads(outbox) == ["2"]
