"""Just enough MQTT 5 for a measuring stand: packets made beforehand, and a light reader.

The stand must cost little next to what it measures, and must not share the gateway's code:
it cuts packets by hand and looks only at the bytes that it needs.
"""

import socket
from collections.abc import Callable, Sequence

import mqtt5

from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator.bench.errors import BenchError

READ_BYTES = 262_144
KEEP_ALIVE_S = 300
CONNECT_S_MAX = 10.0
RECEIVE_MAX = 65_535
PACKET_ID_MAX = 65_000
_PUBLISH = 3
_PUBACK = 4
_MORE = 0x80
_CONNACK_BYTES_MIN = 4
_REFUSED_FROM = 128

OnMessage = Callable[[bytes, bytes], None]
"""Gets the topic and the payload."""


def connect_packet(broker: BrokerUrl, client_id: str, *, will: mqtt5.Will | None = None) -> bytes:
    """Write the CONNECT of a session that leaves nothing behind."""
    return mqtt5.ConnectPacket(
        client_id,
        username=broker.username,
        password=(broker.password or "").encode() if broker.username else None,
        clean_start=True,
        keep_alive=KEEP_ALIVE_S,
        session_expiry_interval=0,
        receive_max=RECEIVE_MAX,
        will=will,
    ).write()


def subscribe_packet(patterns: Sequence[str], packet_id: int = PACKET_ID_MAX + 1) -> bytes:
    """Write a SUBSCRIBE at QoS 1."""
    filters = [mqtt5.TopicFilter(one, max_qos=mqtt5.QoS.AT_LEAST_ONCE) for one in patterns]
    return mqtt5.SubscribePacket(packet_id, filters).write()


def publish_packet(
    topic: str, payload: bytes, packet_id: int | None, *, retain: bool = False
) -> bytes:
    """Write a PUBLISH: at QoS 1 with a packet id, at QoS 0 without."""
    qos = mqtt5.QoS.AT_MOST_ONCE if packet_id is None else mqtt5.QoS.AT_LEAST_ONCE
    return mqtt5.PublishPacket(topic, payload, qos=qos, retain=retain, packet_id=packet_id).write()


def puback_packet(packet_id: bytes) -> bytes:
    """Write a PUBACK for the two bytes of a packet id."""
    return b"\x40\x02" + packet_id


def open_socket(broker: BrokerUrl, source: str | None = None) -> socket.socket:
    """Open a TCP connection without Nagle's delay.

    Raises:
        BenchError: Nobody answers there, or it wants TLS.
    """
    if broker.tls:
        raise BenchError(f"the benchmark speaks plain MQTT only, and {broker} wants TLS")
    try:
        link = socket.create_connection(
            (broker.host, broker.port),
            CONNECT_S_MAX,
            source_address=None if source is None else (source, 0),
        )
    except OSError as error:
        raise BenchError(f"no broker answers at {broker}: {error}") from None
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def read_connack(link: socket.socket) -> None:
    """Wait for the broker's CONNACK.

    Raises:
        BenchError: The broker refused the connection or closed it.
    """
    answer = b""
    while len(answer) < _CONNACK_BYTES_MIN or len(answer) < 2 + answer[1]:
        got = (
            link.recv(1)
            if len(answer) < _CONNACK_BYTES_MIN
            else link.recv(2 + answer[1] - len(answer))
        )
        if not got:
            raise BenchError("the broker closed a connection of the measuring stand")
        answer += got
    if answer[3] >= _REFUSED_FROM:
        raise BenchError(f"the broker refused a connection of the measuring stand ({answer[3]})")


def connected_socket(
    broker: BrokerUrl, client_id: str, *, will: mqtt5.Will | None = None, source: str | None = None
) -> socket.socket:
    """Open a connection and wait until the broker took it.

    Raises:
        BenchError: The broker is out of reach or refused.
    """
    link = open_socket(broker, source)
    link.sendall(connect_packet(broker, client_id, will=will))
    read_connack(link)
    return link


class PacketCutter:
    """Cuts a stream into packets; hands on messages, counts PUBACKs, gathers ours.

    Attributes:
        acknowledged: PUBACKs that came in.
        others: Types of the other packets that came in.
        to_send: PUBACKs that we owe.
    """

    def __init__(self, on_message: OnMessage) -> None:
        self.acknowledged = 0
        self.others: list[int] = []
        self.to_send: list[bytes] = []
        self._on_message = on_message
        self._rest = b""

    def wait(self, link: socket.socket, acknowledged: int) -> None:
        """Read until so many PUBACKs came in.

        Raises:
            ConnectionError: The broker closed the connection.
            TimeoutError: It says nothing any more.
        """
        while self.acknowledged < acknowledged:
            data = link.recv(READ_BYTES)
            if not data:
                raise ConnectionError("the broker closed the connection")
            self.feed(data)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._rest:
            data = self._rest + data
        position, end = 0, len(data)
        while end - position > 1:
            head = data[position]
            length, shift, body = 0, 0, position + 1
            while body < end:
                byte = data[body]
                body += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < _MORE:
                    break
            else:
                break
            after = body + length
            if after > end:
                break
            self._packet(head, data, body, after)
            position = after
        self._rest = data[position:]

    def _packet(self, head: int, data: bytes, body: int, after: int) -> None:
        kind = head >> 4
        if kind == _PUBLISH:
            topic_end = body + 2 + (data[body] << 8 | data[body + 1])
            at = topic_end
            if head & 0b110:
                at += 2
                self.to_send.append(b"\x40\x02" + data[topic_end:at])
            properties = data[at]
            at += 1
            if properties >= _MORE:  # longer than 127 bytes: none of ours, but to be survived
                properties = (properties & 0x7F) | data[at] << 7
                at += 1
            self._on_message(data[body + 2 : topic_end], data[at + properties : after])
        elif kind == _PUBACK:
            self.acknowledged += 1
        else:
            self.others.append(kind)
