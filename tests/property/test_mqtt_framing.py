"""The packets depend on the bytes alone, not on how they were cut; garbage has one error."""

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarm_protocol.errors import MalformedPacketError
from alarm_protocol.runtime.mqtt_framing import PacketReader

LIMIT = 5_000

ids = st.integers(1, 65_535)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0#+"), min_size=1, max_size=12)
reason_texts = st.none() | words
user_properties = st.lists(st.tuples(words, words), max_size=2)
publishes_0 = st.builds(
    mqtt5.PublishPacket,
    words,
    st.binary(max_size=600),
    retain=st.booleans(),
    content_type=st.none() | words,
    message_expiry_interval=st.none() | st.integers(1, 2**32 - 1),
    user_properties=user_properties,
)
publishes_1 = st.builds(
    mqtt5.PublishPacket,
    words,
    st.binary(max_size=600),
    qos=st.just(mqtt5.QoS.AT_LEAST_ONCE),
    packet_id=ids,
    duplicate=st.booleans(),
    retain=st.booleans(),
    correlation_data=st.none() | st.binary(max_size=20),
)
connacks = st.builds(
    mqtt5.ConnAckPacket,
    session_present=st.booleans(),
    receive_max=st.integers(1, 65_535),
    server_keep_alive=st.none() | st.integers(1, 65_535),
    reason_str=reason_texts,
)
pubacks = st.builds(
    mqtt5.PubAckPacket,
    ids,
    reason_code=st.sampled_from(
        [mqtt5.PubAckReasonCode.SUCCESS, mqtt5.PubAckReasonCode.NOT_AUTHORIZED]
    ),
    reason_str=reason_texts,
    user_properties=user_properties,
)
subacks = st.builds(
    mqtt5.SubAckPacket,
    ids,
    st.lists(
        st.sampled_from(
            [
                mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,
                mqtt5.SubAckReasonCode.NOT_AUTHORIZED,
            ]
        ),
        min_size=1,
        max_size=4,
    ),
)
disconnects = st.builds(
    mqtt5.DisconnectPacket,
    reason_code=st.just(mqtt5.DisconnectReasonCode.SERVER_BUSY),
    reason_str=reason_texts,
)
packets = st.one_of(
    publishes_0,
    publishes_1,
    connacks,
    pubacks,
    subacks,
    disconnects,
    st.builds(mqtt5.PingRespPacket),
)
streams = st.lists(packets.map(lambda packet: packet.write()), max_size=8)
cuts = st.lists(st.integers(0, 5_000), max_size=20)

# The codec also reports its panic over text that is not UTF-8 to the unraisable hook.
panics_are_seen = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def fed(stream: bytes, places: list[int], limit: int = LIMIT) -> tuple[list[bytes], str | None]:
    """Feed a stream cut at these places; return the packets as bytes, and the kind of error."""
    reader = PacketReader(limit)
    found: list[bytes] = []
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    for start, stop in zip(edges, edges[1:], strict=False):  # noqa: RUF007 - one edge is no pair
        found += [packet.write() for packet in reader.feed(stream[start:stop])]
    if reader.error is not None and not isinstance(reader.error, MalformedPacketError):
        raise TypeError("only MalformedPacketError may be an error of the stream")
    return found, None if reader.error is None else type(reader.error).__name__


def frame_end(data: bytes) -> int | None:
    """Return where the first frame ends by MQTT's own rule, or None while that is open."""
    length = 0
    for index in range(1, min(5, len(data))):
        length |= (data[index] & 0x7F) << (7 * (index - 1))
        if data[index] < 0x80:
            return 1 + index + length
    return None


@given(streams, cuts)
def test_any_fragmentation_gives_the_same_packets(
    packets_as_bytes: list[bytes], places: list[int]
) -> None:
    """However a stream of packets is cut, the very same packets come out."""
    assert (packets_as_bytes, None) == fed(b"".join(packets_as_bytes), places)


@panics_are_seen
@given(streams, st.binary(max_size=40), cuts)
def test_any_fragmentation_of_garbage_gives_the_same(
    good: list[bytes], garbage: bytes, places: list[int]
) -> None:
    """Good packets before garbage come out, and the same whichever way it is cut."""
    stream = b"".join(good) + garbage
    found, error = fed(stream, places)
    assert good == found[: len(good)]
    assert (found, error) == fed(stream, [])


@panics_are_seen
@given(streams, st.data())
def test_a_flipped_byte_raises_nothing_and_cuts_do_not_matter(
    good: list[bytes], data: st.DataObject
) -> None:
    """Damage anywhere in a stream ends in packets, in waiting, or in the one named error."""
    stream = bytearray(b"".join(good) or b"\xd0\x00")
    stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    assert fed(bytes(stream), data.draw(cuts)) == fed(bytes(stream), [])


@panics_are_seen
@given(st.binary(min_size=1, max_size=60))
def test_a_whole_frame_is_never_waited_on(garbage: bytes) -> None:
    """A frame that is complete by its header is a packet or an error at once."""
    reader = PacketReader(LIMIT)
    found = reader.feed(garbage)
    end = frame_end(garbage)
    if (end is not None and end <= len(garbage)) or (end is None and len(garbage) >= 5):
        assert found or reader.error is not None


@given(st.integers(LIMIT + 1, 268_435_455), st.integers(0, 10))
def test_a_frame_above_the_limit_is_refused_by_its_header(length: int, more: int) -> None:
    """Not one byte of the body is needed to refuse a packet that is too large."""
    header = bytearray(b"\x30")
    while True:
        length, digit = length >> 7, length & 0x7F
        header.append(digit | (0x80 if length else 0))
        if not length:
            break
    # A topic of 5,000 bytes keeps the codec from finding fault with the body first.
    _, error = fed(bytes(header) + (b"\x13\x88" + b"a" * 8)[:more], [])
    assert error == "PacketTooLargeError"
