"""Connections that ask nothing: cut off, so that those of operators always find room.

Somebody who opens connections and sends a request letter by letter, or never, would else hold
them for as long as they like. A proxy in front cuts those too; this holds without one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from alarm_protocol.runtime.clock import monotonic_s
from dispatch.feed import end_tasks

ASK_WITHIN_S: Final = 15.0
"""How long a connection may be open without a whole request under way: a new one, one between two
requests, and one whose peer takes no answer."""
BODY_WITHIN_S: Final = 10.0
"""How long the rest of a request may take; it is 16 KiB at most."""
IDLE_MAX: Final = 256
"""Connections without a request; with more, the oldest are cut off at once."""
SWEEP_EVERY_S: Final = 0.5
INCOMING_MAX: Final = 300
"""Messages that a page may send in `INCOMING_WITHIN_S`; one at work sends some in a second."""
INCOMING_WITHIN_S: Final = 10.0

log = structlog.get_logger("dispatch.web")


class Connections:
    """Knows which connections have a request under way, and since when the others have none."""

    def __init__(self) -> None:
        self.cut_off = 0
        """Connections that were cut off since the start."""
        self._ask_within_s = ASK_WITHIN_S
        self._busy: set[web.RequestHandler] = set()
        self._idle_since_s: dict[web.RequestHandler, float] = {}

    def begin(self, request: web.BaseRequest) -> None:
        """Note that a whole request came."""
        self._busy.add(request.protocol)

    def end(self, request: web.BaseRequest) -> None:
        """Note that it was answered."""
        self._busy.discard(request.protocol)

    def sweep(self, server: web.Server) -> None:
        """Cut off what asks nothing for too long, and the oldest of too many."""
        at_s = monotonic_s()
        idle = [one for one in server.connections if one not in self._busy]
        # In the order in which they became idle: the oldest first.
        since_s = {one: self._idle_since_s.get(one, at_s) for one in idle}
        self._idle_since_s = dict(sorted(since_s.items(), key=lambda item: item[1]))
        too_many = len(idle) - IDLE_MAX
        before = self.cut_off
        for number, (one, idle_s) in enumerate(tuple(self._idle_since_s.items())):
            if number < too_many or at_s - idle_s >= self._ask_within_s:
                _cut(one.transport)
                del self._idle_since_s[one]
                self.cut_off += 1
        if self.cut_off > before and too_many > 0:
            log.warning("many connections that ask nothing", cut_off=self.cut_off - before)


class Pace:
    """How much a page sends."""

    def __init__(self) -> None:
        self._count = 0
        self._until_s = 0.0

    def takes(self, at_s: float) -> bool:
        """Count a message; tell whether it is one that a page may send."""
        if at_s >= self._until_s:
            self._count, self._until_s = 0, at_s + INCOMING_WITHIN_S
        self._count += 1
        return self._count <= INCOMING_MAX


CONNECTIONS = web.AppKey("connections", Connections)


def _cut(transport: asyncio.Transport | None) -> None:
    """End a connection: so that a browser may open another, or, where it takes nothing, at once."""
    if transport is None:
        return
    if transport.get_write_buffer_size():
        transport.abort()
    else:
        transport.close()


@web.middleware
async def tended(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note that a connection has a request, for as long as it is worked on."""
    connections = request.app[CONNECTIONS]
    connections.begin(request)
    try:
        return await handler(request)
    finally:
        connections.end(request)


async def body_of(request: web.Request) -> bytes:
    """Read the rest of a request; whoever sends it letter by letter is refused."""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


@asynccontextmanager
async def sweeping(connections: Connections, server: web.Server | None) -> AsyncIterator[None]:
    """Sweep for the length of a `with` block."""

    async def sweep() -> None:
        while server is not None:
            connections.sweep(server)
            await asyncio.sleep(SWEEP_EVERY_S)

    task = asyncio.create_task(sweep(), name="connections")
    try:
        yield
    finally:
        await end_tasks((task,))
