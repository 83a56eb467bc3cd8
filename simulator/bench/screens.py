"""A WebSocket client as light as can be: it stands for a console's page."""

import base64
import os
import socket
import struct
from collections.abc import Callable

from simulator.bench.errors import BenchError

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_LONG, _LONGER = 126, 127
_ANSWER_BYTES_MAX = 16_384


def open_screen(port: int, cookie: str) -> tuple[socket.socket, bytes]:
    """Open a console's live WebSocket; return the socket, and what came after the handshake.

    Raises:
        BenchError: The console does not open one.
    """
    key = base64.b64encode(os.urandom(16)).decode()
    try:
        link = socket.create_connection(("127.0.0.1", port), 10)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(
            (
                f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                f"Origin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
                "Sec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < _ANSWER_BYTES_MAX:
            got = link.recv(4_096)
            if not got:
                break
            answer += got
    except OSError as error:
        raise BenchError(f"no console answers on port {port}: {error}") from None
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n", 1)[0] + b" ":
        raise BenchError(f"the console on port {port} opens no WebSocket: {head[:100]!r}")
    return link, rest


class FrameCutter:
    """Cuts a server's stream into frames; hands on texts and answers pings."""

    def __init__(self, on_text: Callable[[bytes], None]) -> None:
        self.to_send: list[bytes] = []
        self._on_text = on_text
        self._rest = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            BenchError: The console says goodbye.
        """
        rest = self._rest
        rest += data
        position, end = 0, len(rest)
        while end - position > 1:
            length, at = rest[position + 1] & 0x7F, position + 2
            wide = {_LONG: 2, _LONGER: 8}.get(length, 0)
            if end < at + wide:
                break
            if wide:
                length = int.from_bytes(rest[at : at + wide], "big")
                at += wide
            if end < at + length:
                break
            self._frame(rest[position] & 0x0F, bytes(rest[at : at + length]))
            position = at + length
        del rest[:position]

    def _frame(self, kind: int, content: bytes) -> None:
        if kind == _TEXT:
            self._on_text(content)
        elif kind == _PING:
            # A client masks what it sends; a mask of zeros leaves it as it is.
            self.to_send.append(struct.pack("!BB4x", 0x80 | _PONG, 0x80 | len(content)) + content)
        elif kind == _CLOSE:
            raise BenchError("a console closed a WebSocket of the measuring stand")
