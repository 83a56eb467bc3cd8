"""Packets out of a stream of bytes: cut anywhere, too large, and broken."""

import mqtt5
import pytest

from alarm_protocol.errors import MalformedPacketError, PacketTooLargeError, ProtocolError
from alarm_protocol.runtime.mqtt_framing import PacketReader

LIMIT = 1_000
PUBLISH = mqtt5.PublishPacket(
    "a/b", b"x" * 300, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=7, retain=True
)
PING = mqtt5.PingRespPacket()


def reader() -> PacketReader:
    """Return a reader with a small limit."""
    return PacketReader(LIMIT)


def written(packets: list[mqtt5.Packet]) -> list[bytes]:
    """Return packets as bytes: the codec's packets do not compare."""
    return [packet.write() for packet in packets]


def test_a_whole_packet_comes_out_at_once() -> None:
    """Bytes of one packet give that packet, with everything in it."""
    (packet,) = reader().feed(PUBLISH.write())
    assert isinstance(packet, mqtt5.PublishPacket)
    assert ("a/b", b"x" * 300, True, 7) == (
        packet.topic,
        packet.payload,
        packet.retain,
        packet.packet_id,
    )


def test_many_packets_in_one_read_come_out_in_order() -> None:
    """One read may hold many packets; none is lost or turned round."""
    stream = PUBLISH.write() + PING.write() + PUBLISH.write()
    expected = [PUBLISH.write(), PING.write(), PUBLISH.write()]
    assert expected == written(reader().feed(stream))


def test_bytes_one_by_one_give_the_packets() -> None:
    """However slowly the bytes come, the packets are the same."""
    one_by_one = reader()
    stream = PUBLISH.write() + PING.write()
    packets = [packet for byte in stream for packet in one_by_one.feed(bytes([byte]))]
    assert [PUBLISH.write(), PING.write()] == written(packets)
    assert one_by_one.error is None


def test_pieces_of_a_large_packet_are_joined_once() -> None:
    """A packet of many reads costs no more than its bytes: it is read when it is whole."""
    patient = PacketReader(1 << 20)
    stream = mqtt5.PublishPacket("a", b"x" * 100_000).write()
    for start in range(0, 90_000, 1_000):
        assert patient.feed(stream[start : start + 1_000]) == []
    assert len(patient._chunks) == 90
    assert [stream] == written(patient.feed(stream[90_000:]))


def test_a_packet_of_exactly_the_limit_is_read() -> None:
    """The limit itself is allowed."""
    empty = len(mqtt5.PublishPacket("a", b"x" * 200).write()) - 200
    packet = mqtt5.PublishPacket("a", b"x" * (LIMIT - empty))
    limited = reader()
    assert len(packet.write()) == LIMIT
    assert [packet.write()] == written(limited.feed(packet.write()))
    assert limited.error is None


def test_a_packet_above_the_limit_is_an_error() -> None:
    """A whole packet above the limit is refused, and what came before it is given."""
    limited = reader()
    packets = limited.feed(PING.write() + mqtt5.PublishPacket("a", b"x" * LIMIT).write())
    assert [PING.write()] == written(packets)
    assert isinstance(limited.error, PacketTooLargeError)
    assert "at most 1000" in str(limited.error)


@pytest.mark.parametrize("cut", [3, 4, 20])
def test_too_large_is_known_from_the_header(cut: int) -> None:
    """A reader does not collect a packet that it will refuse."""
    limited = reader()
    assert limited.feed(mqtt5.PublishPacket("a", b"x" * LIMIT).write()[:cut]) == []
    assert isinstance(limited.error, PacketTooLargeError)


MALFORMED = [
    pytest.param(b"\x00\x00", id="packet type 0"),
    pytest.param(b"\x30\xff\xff\xff\xff", id="a length of five bytes"),
    pytest.param(b"\x36\x06\x00\x01a\x00\x01\x00", id="QoS 3"),
    pytest.param(b"\xd0\x01\x00", id="PINGRESP with a body"),
    pytest.param(b"\x30\x02\x00\x05", id="a text longer than its packet"),
    pytest.param(b"\x20\x03\x00\x07\x00", id="an unknown reason"),
    pytest.param(b"\x40\x03\x00\x01\x07", id="a PUBACK with an unknown success"),
    pytest.param(b"HTTP/1.1 400 Bad Request" + b" " * 99, id="another protocol"),
]


@pytest.mark.parametrize("garbage", MALFORMED)
def test_malformed_bytes_end_the_stream_after_the_good_packets(garbage: bytes) -> None:
    """Good packets first, then the named error, then nothing any more."""
    broken = reader()
    assert [PING.write()] == written(broken.feed(PING.write() + garbage + PING.write()))
    assert isinstance(broken.error, MalformedPacketError)
    assert isinstance(broken.error, ProtocolError)
    assert broken.feed(PING.write()) == []


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"\x30\x05\x00\x02a\xff\x00", id="topic"),
        pytest.param(b"\x30\x06\x00\x03\xed\xa0\x80\x00", id="surrogate in a topic"),
        pytest.param(b"\xe0\x06\x00\x04\x1f\x00\x01\xff", id="reason"),
    ],
)
# The codec reports its panic on standard error and to the unraisable hook besides raising it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_text_that_is_not_utf8_is_a_named_error(packet: bytes) -> None:
    """The codec panics on such text; that must not break out of the reader."""
    broken = reader()
    assert broken.feed(packet) == []
    assert isinstance(broken.error, MalformedPacketError)
    assert "UTF-8" in str(broken.error)


def test_the_refusal_mosquitto_gives_to_a_large_message_is_read() -> None:
    """Mosquitto's PUBACK 149 is in no list of MQTT; it is a refusal all the same."""
    (packet,) = reader().feed(b"\x40\x03\x01\x02\x95")
    assert isinstance(packet, mqtt5.PubAckPacket)
    assert (0x0102, 128) == (packet.packet_id, int(packet.reason_code))
