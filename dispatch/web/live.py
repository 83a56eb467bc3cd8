"""The live WebSocket: the snapshot first, then changes, and a tick every 2 s.

Each page has its own task and a set of alarm ids that changed. What is sent is always an
alarm's state at that moment, so a slow page gets fewer, newer states: nothing is buffered for
it beyond one id per alarm, and it never holds up another page.
"""

import asyncio
from typing import Annotated, Final

import msgspec
import structlog
from aiohttp import WSMsgType, web
from msgspec import Meta, Struct

from alarm_protocol.runtime.clock import monotonic_s, now_ms
from alarm_protocol.units import AlarmId
from dispatch.core.access import Kind
from dispatch.core.accounts import allowed_kinds
from dispatch.core.sessions import Session
from dispatch.feed import Feed, end_tasks
from dispatch.looks import LookBook
from dispatch.web.connections import Pace
from dispatch.web.desk import Desk
from dispatch.web.rows import Changes, Row, Tick, find_row, named_in, snapshot_of, to_json
from dispatch.web.session import SIGNED

TICK_EVERY_S: Final = 2.0
SEND_WITHIN_S: Final = 10.0
"""A page that takes no bytes for so long is cut off; it comes back and gets a snapshot."""
GOODBYE_S: Final = 1.0
ROWS_MAX: Final = 100
"""Alarms in one message; at most 4 KiB each."""
PAGES_MAX: Final = 200
INCOMING_BYTES_MAX: Final = 4_096
PAINTED_ROWS_MAX: Final = 64
TOO_MUCH: Final = 1_008
"""The close code (policy violation) of a page that sends more than any page does."""
SIGNED_OUT: Final = 4_401
"""The close code of a page whose session is over."""

log = structlog.get_logger("dispatch.web")


class Active(Struct, frozen=True, tag="active", tag_field="type"):
    """Somebody is at this page."""


class PaintedRows(Struct, frozen=True, tag="painted", tag_field="type"):
    """These alarms, in these versions, were drawn and in sight."""

    rows: Annotated[list[tuple[AlarmId, int]], Meta(max_length=PAINTED_ROWS_MAX)]


class Opened(Struct, frozen=True, tag="opened", tag_field="type"):
    """Somebody chose this alarm and sees all of it."""

    alarm_id: AlarmId


_read = msgspec.json.Decoder(Active | PaintedRows | Opened).decode


class Page:
    """One connected page: what it has still to be told."""

    def __init__(self, feed: Feed, kinds: tuple[Kind, ...] = ()) -> None:
        self._feed = feed
        self._kinds = kinds
        self._pending: dict[AlarmId, None] = {}
        self._tick_due = False
        self._wake = asyncio.Event()

    def note(self, alarm_id: AlarmId | None) -> None:
        """Remember that an alarm (or, for None, the connection) changed."""
        if alarm_id is None:
            self._tick_due = True
        else:
            self._pending[alarm_id] = None
        self._wake.set()

    def first(self) -> Struct:
        """Return the opening snapshot; what does not fit in it follows as changes."""
        snapshot = snapshot_of(self._feed, self._kinds, alarms_max=ROWS_MAX)
        self._pending = dict.fromkeys(
            held.view.alarm_id for held in self._feed.board.queue()[ROWS_MAX:]
        )
        self._tick_due = False
        if self._pending:
            self._wake.set()
        return snapshot

    async def next(self) -> Struct:
        """Wait for what has to be sent next: changes first, and a tick at least every 2 s."""
        if not self._pending and not self._tick_due:
            self._wake.clear()
            try:
                async with asyncio.timeout(TICK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                self._tick_due = True
        if self._tick_due:
            self._tick_due = False
            return Tick(server_time_ms=now_ms(), connection=self._feed.connection())
        return self._changes()

    def _changes(self) -> Changes:
        rows: list[Row] = []
        gone: list[AlarmId] = []
        while self._pending and len(rows) + len(gone) < ROWS_MAX:
            alarm_id = next(iter(self._pending))
            del self._pending[alarm_id]
            row = find_row(self._feed, alarm_id)
            if row is None:
                gone.append(alarm_id)
            else:
                rows.append(row)
        return Changes(alarms=rows, gone=gone)


class Pages:
    """All connected pages of one console."""

    def __init__(self, feed: Feed, desk: Desk, looks: LookBook | None = None) -> None:
        self._looks = looks
        self.sent = 0
        """Messages sent, to all pages since the start."""
        self.cut_off = 0
        """Pages that took nothing any more."""
        self._feed = feed
        self._desk = desk
        self._sockets: dict[web.WebSocketResponse, str] = {}
        self._leaving: set[asyncio.Task[bool]] = set()
        desk.on_end(self._send_away)

    @property
    def count(self) -> int:
        """Pages that are open."""
        return len(self._sockets)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one page's WebSocket until it leaves."""
        if len(self._sockets) >= PAGES_MAX:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(
            heartbeat=TICK_EVERY_S * 5, max_msg_size=INCOMING_BYTES_MAX, compress=False
        )
        await socket.prepare(request)
        session = request[SIGNED].session
        page = Page(self._feed, request[SIGNED].kinds)
        stop_listening = self._feed.listen(page.note)
        self._sockets[socket] = session.key
        self._feed.set_operators(len(self._sockets))
        writer = asyncio.create_task(self._write(socket, page, session), name="page writer")
        pace = Pace()
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
                if not pace.takes(monotonic_s()):
                    log.warning("page sends too much", operator=session.name)
                    await self._part(socket, TOO_MUCH, b"too much")
                    break
                if message.type is WSMsgType.TEXT:
                    await self._hear(session, message.data)
        finally:
            # First what needs no waiting: this handler may itself be cancelled while it waits.
            stop_listening()
            self._sockets.pop(socket, None)
            self._feed.set_operators(len(self._sockets))
            await end_tasks((writer,))
        return socket

    async def _hear(self, session: Session, text: str) -> None:
        """Take what a page says: that somebody is there, what it has painted, what was opened.

        Painting is no sign of a hand, and does not keep a session alive.
        """
        try:
            said = _read(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            log.debug("page says what cannot be read")
            return
        if isinstance(said, Active):
            self._desk.seen(session)
            return
        if isinstance(said, Opened):
            if self._looks is not None and self._feed.board.get(said.alarm_id) is not None:
                await self._looks.before(session, [said.alarm_id], "opened")
            return
        holder = self._desk.holds(session.key)
        if holder is None or not allowed_kinds(self._feed.console, holder[1].role):
            return  # in front of the screen is nobody who could act
        for alarm_id, version in said.rows:
            held = self._feed.board.get(alarm_id)
            if held is not None:
                self._feed.sightings.note(held.view, version, holder[1].name, now_ms())

    async def _write(self, socket: web.WebSocketResponse, page: Page, session: Session) -> None:
        """Send until the page leaves, takes nothing any more, or its session is over."""
        message = page.first()
        try:
            while self._desk.holds(session.key) is not None:
                if self._looks is not None:
                    await self._looks.before(session, named_in(message), "shown")
                async with asyncio.timeout(SEND_WITHIN_S):
                    await socket.send_frame(to_json(message), WSMsgType.TEXT)
                self.sent += 1
                message = await page.next()
            await self._part(socket)
        except TimeoutError:
            self.cut_off += 1
            log.warning("page takes nothing", seconds=SEND_WITHIN_S)
            _abort(socket)
        except ConnectionError as error:
            log.debug("page left", error=str(error))

    def _send_away(self, key: str) -> None:
        """Close the pages of a session that somebody ended."""
        for socket, its_key in tuple(self._sockets.items()):
            if its_key == key:
                task = asyncio.create_task(self._part(socket), name="page sent away")
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    async def _part(
        self, socket: web.WebSocketResponse, code: int = SIGNED_OUT, why: bytes = b"signed out"
    ) -> bool:
        asyncio.get_running_loop().call_later(GOODBYE_S, _abort, socket)
        return await socket.close(code=code, message=why)

    async def close(self) -> None:
        """Send every page away, since the server ends."""
        pages = tuple(self._sockets)
        loop = asyncio.get_running_loop()
        # A page that reads nothing would never say goodbye in return.
        timers = [loop.call_later(GOODBYE_S, _abort, socket) for socket in pages]
        closing = (socket.close(code=1001, message=b"server ends") for socket in pages)
        await asyncio.gather(*closing, return_exceptions=True)
        for timer in timers:
            timer.cancel()


def _abort(socket: web.WebSocketResponse) -> None:
    """Cut the connection without waiting for a peer that does not read."""
    request = socket._req  # noqa: SLF001 - aiohttp has no public way to drop a WebSocket at once
    if request is not None and request.transport is not None:
        request.transport.abort()
