"""Many pages of one console as light WebSocket readers, and pages that take no byte."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from simulator.bench.errors import BenchError
from simulator.bench.screens import FrameCutter, open_screen

STALLED_S = 12
"""A console cuts a page off that takes nothing for 10 s."""
RECEIVE_BYTES = 65_536
RECEIVE_BYTES_MIN = 2_048


class Readers:
    """Readers of a console's live channel.

    Attributes:
        messages: What all of them were sent, pings left out.
    """

    def __init__(self, port: int, cookie: str) -> None:
        self.messages = 0
        self._port = port
        self._cookie = cookie

    @asynccontextmanager
    async def open(self, *, reading: int, stalled: int = 0) -> AsyncIterator[None]:
        """Hold so many connections open that read, and so many that never do."""
        loop = asyncio.get_running_loop()
        links: list[socket.socket] = []
        tasks = [asyncio.create_task(self._stall()) for _ in range(stalled)]
        try:
            for _ in range(reading):
                link, rest = await asyncio.to_thread(open_screen, self._port, self._cookie)
                links.append(link)
                link.setblocking(False)
                cutter = FrameCutter(self._note)
                cutter.feed(rest)
                loop.add_reader(link, partial(self._read, link, cutter))
            yield
        finally:
            for task in tasks:
                task.cancel()
            for link in links:
                loop.remove_reader(link)
                link.close()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _note(self, _content: bytes) -> None:
        self.messages += 1

    def _read(self, link: socket.socket, cutter: FrameCutter) -> None:
        data = link.recv(RECEIVE_BYTES)
        if not data:
            asyncio.get_running_loop().remove_reader(link)
            raise BenchError("a console closed the connection of a page that reads")
        cutter.feed(data)
        for answer in cutter.to_send:
            link.sendall(answer)
        cutter.to_send.clear()

    async def _stall(self) -> None:
        """Open a page and leave its bytes where they are, until the console has had enough of it.

        That cannot be seen from here, since the goodbye waits behind the bytes; so by the clock.
        """
        while True:
            link, _ = await asyncio.to_thread(open_screen, self._port, self._cookie)
            with contextlib.closing(link):
                # Or this machine's own buffers would take all that is sent in minutes.
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES_MIN)
                await asyncio.sleep(STALLED_S)
