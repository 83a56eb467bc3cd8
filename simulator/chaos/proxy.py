"""A TCP proxy on the loopback that can cut, stall and throttle what goes through it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Coroutine
from typing import Any

import structlog

from alarm_protocol.runtime.broker_url import BrokerUrl

CONNECT_S_MAX = 5.0
BACKLOG = 4_096
_LINGER_NONE = struct.pack("ii", 1, 0)
"""Closing then sends a reset instead of waiting for what is still to be sent."""

log = structlog.get_logger()


class Proxy:
    """One listening port that leads to one broker.

    Attributes:
        url: Where its clients connect; fixed once it is started.
    """

    def __init__(self, name: str, target: BrokerUrl) -> None:
        self.name = name
        self.url = target
        self.stalled = False
        self.bytes_per_s: int | None = None
        self.target = target
        self.tasks: set[asyncio.Task[None]] = set()
        self.sides: set[_Side] = set()
        self._socket: socket.socket | None = None

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._socket.setblocking(False)
        port = int(self._socket.getsockname()[1])
        self.url = BrokerUrl("127.0.0.1", port, tls=False)
        asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def _accept(self, listening: socket.socket) -> None:
        """Take every connection that waits.

        Not with `create_server`: uvloop's takes one in each turn of the loop. Under a storm of
        clients, who give up and come again, it then never catches up with those that have left.
        """
        for _ in range(BACKLOG):
            try:
                taken, _address = listening.accept()
            except OSError:
                return
            taken.setblocking(False)
            self.spawn(self._begin(taken), "proxy-begin")

    async def _begin(self, taken: socket.socket) -> None:
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: _Side(self, None), taken
                )
        except (OSError, TimeoutError) as error:
            log.debug("a client left at once", proxy=self.name, error=str(error))
            taken.close()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Let something be done beside everything else, until `stop` at the latest."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def stop(self) -> None:
        """Listen no more and drop every connection."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        self.cut()
        for task in tuple(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=CONNECT_S_MAX)

    def cut(self) -> int:
        """Reset every connection at both ends; return how many there were."""
        sides = tuple(self.sides)
        for side in sides:
            side.reset()
        return len(sides) // 2

    def stall(self, *, on: bool) -> None:
        """Let nothing through, connections staying open; or go on."""
        self.stalled = on
        for side in tuple(self.sides):
            side.set_held()

    def throttle(self, bytes_per_s: int | None) -> None:
        """Let so many bytes a second through each way of each connection; None is no limit."""
        self.bytes_per_s = bytes_per_s


class _Side(asyncio.Protocol):
    """One end of a connection; `peer` is the other."""

    def __init__(self, proxy: Proxy, peer: "_Side | None") -> None:
        self._proxy = proxy
        self._peer = peer
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        """What came while there was no other end yet."""
        self._peer_full = False
        self._resting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # a stream in both directions
        self._proxy.sides.add(self)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Only after this turn does the transport begin to read, and can be told not to.
        asyncio.get_running_loop().call_soon(self.set_held)
        if self._peer is None:
            self._proxy.spawn(self._reach(), "proxy-connect")
        else:
            self._peer.joined(self)

    def joined(self, peer: "_Side") -> None:
        """Pass on what came early: there is somewhere to write to."""
        self._peer = peer
        if self._transport is None or self._transport.is_closing():
            # Its client left meanwhile, and its CONNECT must not displace the client's next one.
            peer.reset()
            return
        for data in self._early:
            peer.write(data)
        self._early.clear()
        self.set_held()

    async def _reach(self) -> None:
        target = self._proxy.target
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                await asyncio.get_running_loop().create_connection(
                    lambda: _Side(self._proxy, self), target.host, target.port
                )
        except (OSError, TimeoutError) as error:
            log.debug("proxy cannot reach the broker", proxy=self._proxy.name, error=str(error))
            self.reset()

    def data_received(self, data: bytes) -> None:
        if self._peer is None:
            self._early.append(data)
            return
        self._peer.write(data)
        rate = self._proxy.bytes_per_s
        if rate is not None and self._resting is None:
            loop = asyncio.get_running_loop()
            self._resting = loop.call_later(len(data) / rate, self._rested)
            self.set_held()

    def _rested(self) -> None:
        self._resting = None
        self.set_held()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause_writing(self) -> None:
        if self._peer is not None:
            self._peer.peer_is_full(full=True)

    def resume_writing(self) -> None:
        if self._peer is not None:
            self._peer.peer_is_full(full=False)

    def peer_is_full(self, *, full: bool) -> None:
        """Read nothing more while it cannot be passed on."""
        self._peer_full = full
        self.set_held()

    def set_held(self) -> None:
        """Read, or do not, as everything together says."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        held = (
            self._peer is None
            or self._peer_full
            or self._proxy.stalled
            or self._resting is not None
        )
        if held == transport.is_reading():
            (transport.pause_reading if held else transport.resume_reading)()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._proxy.sides.discard(self)
        if self._resting is not None:
            self._resting.cancel()
        if self._peer is not None:
            self._peer.finish()

    def finish(self) -> None:
        """Close after what is still to be written: the other end closed."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def reset(self) -> None:
        """Close with a reset, as a router that forgot the connection would."""
        if self._transport is None or self._transport.is_closing():
            return
        sock = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self._transport.abort()
