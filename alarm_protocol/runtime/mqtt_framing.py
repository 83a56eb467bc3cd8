"""From a stream of bytes to MQTT 5 packets, however the stream is cut.

The codec (`mqtt5`) reads one packet from a buffer; this keeps what is left over until the
rest has come, holds the size limit, and turns every complaint into a named error.
"""

import mqtt5

from alarm_protocol.errors import MalformedPacketError, PacketTooLargeError

_LENGTH_BYTES_MAX = 4
_PUBACK_BYTES = 5
_PUBACK_HEADER = b"\x40\x03"
"""A PUBACK of a packet id and a reason, without properties."""
_REFUSED_FROM = 128


class PacketReader:
    """Collects bytes and yields whole packets.

    The first malformed packet ends the stream: packets before it are still given out, then
    `error` is set and everything after it is ignored. So the packets that come out depend on
    the bytes alone, never on how they were cut.

    Args:
        packet_bytes_max: The limit stated to the peer; a longer packet is an error.
    """

    def __init__(self, packet_bytes_max: int) -> None:
        self.error: MalformedPacketError | None = None
        self._packet_bytes_max = packet_bytes_max
        self._chunks: list[bytes] = []
        self._held = 0
        self._needed = 0

    def feed(self, data: bytes) -> list[mqtt5.Packet]:
        """Take the next bytes; return the packets that are whole now."""
        if self.error is not None:
            return []
        if self._chunks:
            self._chunks.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return []
            data = b"".join(self._chunks)
            self._chunks.clear()
        return self._read(data)

    def _read(self, data: bytes) -> list[mqtt5.Packet]:
        packets: list[mqtt5.Packet] = []
        view = memoryview(data)
        position = 0
        end = len(data)
        while position < end:
            try:
                packet, size = mqtt5.read(view[position:])
            except IndexError:
                self._keep(data[position:])
                break
            except BaseException as error:  # noqa: BLE001 - a panic of the codec; others go on
                malformed = _malformed(error)
                unlisted = _refusal_with_unlisted_reason(data, position)
                if unlisted is None:
                    self.error = malformed
                    break
                packet, size = unlisted
            if size > self._packet_bytes_max:
                self.error = self._too_large(size)
                break
            packets.append(packet)
            position += size
        return packets

    def _keep(self, rest: bytes) -> None:
        """Hold an unfinished packet, if its own header says that it is one."""
        size = _packet_size(rest)
        if size is not None:
            if size > self._packet_bytes_max:
                self.error = self._too_large(size)
                return
            if size <= len(rest):
                self.error = MalformedPacketError("a packet ends before its fields do")
                return
        self._chunks.append(rest)
        self._held = len(rest)
        self._needed = size or 0

    def _too_large(self, size: int) -> PacketTooLargeError:
        return PacketTooLargeError(f"a packet of {size} bytes, at most {self._packet_bytes_max}")


def _malformed(error: BaseException) -> MalformedPacketError:
    """Name what the codec complains of; anything else is a defect and goes on as it is."""
    if isinstance(error, ValueError):
        return MalformedPacketError(f"not MQTT 5: {error}")
    if type(error).__name__ == "PanicException":
        # How mqtt5 0.8 answers text that is not UTF-8. The class is made by Rust, derives from
        # BaseException and cannot be imported.
        return MalformedPacketError("not MQTT 5: a text is not UTF-8")
    raise error


def _refusal_with_unlisted_reason(data: bytes, position: int) -> tuple[mqtt5.Packet, int] | None:
    """Read a short PUBACK that refuses for a reason which MQTT does not list for PUBACK.

    Mosquitto answers a message above its `message_size_limit` so ("packet too large"). Taken
    as malformed it would end the connection, and the message would come round for ever.
    """
    packet = data[position : position + _PUBACK_BYTES]
    if len(packet) < _PUBACK_BYTES or packet[:2] != _PUBACK_HEADER or packet[4] < _REFUSED_FROM:
        return None
    reason = mqtt5.PubAckReasonCode.UNSPECIFIED_ERROR
    packet_id = int.from_bytes(packet[2:4], "big")
    return mqtt5.PubAckPacket(packet_id, reason_code=reason), _PUBACK_BYTES


def _packet_size(data: bytes) -> int | None:
    """Whole size of the packet that starts here, or None while its header is not complete."""
    remaining = 0
    for index in range(1, min(len(data), 1 + _LENGTH_BYTES_MAX)):
        remaining |= (data[index] & 0x7F) << (7 * (index - 1))
        if data[index] < 0x80:  # noqa: PLR2004 - the continuation bit of MQTT's varint
            return 1 + index + remaining
    return None
