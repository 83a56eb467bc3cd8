"""Simulated operators, who work through the consoles' own HTTP and WebSocket interface."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from random import Random

import aiohttp
import msgspec
import structlog

from alarm_protocol.messages import AlarmView
from alarm_protocol.units import AlarmId, ConsoleId
from simulator.core.operator import Pace, Step, next_step, pause_s
from simulator.signin import CSRF_HEADER, Login, open_session, sign_in

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
ALARMS_AT_ONCE = 500
"""Alarms one team works on at a time; further ones wait until one is done."""
RECONNECT_S = 0.5
RETRY_S = 1.0
REQUEST_S_MAX = 15.0
SILENCE_S_MAX = 10.0
"""A console ticks every 2 s; one that is silent for so long is gone."""

DEFAULT_PACE = Pace()

OnView = Callable[[ConsoleId, AlarmView], None]

log = structlog.get_logger()


class _Row(msgspec.Struct, frozen=True):
    view: AlarmView


class _Message(msgspec.Struct, frozen=True):
    """What of a console's live messages matters here; every kind has this shape."""

    alarms: tuple[_Row, ...] = ()
    closed: tuple[_Row, ...] = ()
    gone: tuple[AlarmId, ...] = ()


class _Answer(msgspec.Struct, frozen=True):
    alarm: _Row | None = None
    error: str | None = None
    acted_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSettings:
    """One console's operators. The seed decides how long each step of each alarm takes."""

    console: ConsoleId
    url: str
    login: Login
    seed: int = 1
    pace: Pace = DEFAULT_PACE
    acts: bool = True
    """False: only watch."""
    step_of: Callable[[ConsoleId, AlarmView], Step | None] = next_step
    pace_of: Callable[[str], Pace] | None = None
    """How long each kind of step takes, where it is not `pace`."""


@dataclass(slots=True)
class TeamCounts:
    """What a team has done so far."""

    done: int = 0
    refused: int = 0
    failed: int = 0
    unreadable: int = 0


class Team:
    """The operators of one console: they see every alarm and take each through to its end."""

    def __init__(self, settings: TeamSettings, *, on_view: OnView | None = None) -> None:
        self.settings = settings
        self.counts = TeamCounts()
        self.attached = asyncio.Event()
        """Set once the first message of a connection came."""
        self._on_view = on_view
        self._decoder = msgspec.json.Decoder(_Message)
        self._answer_decoder = msgspec.json.Decoder(_Answer)
        self._views: dict[AlarmId, AlarmView] = {}
        self._waiting: dict[AlarmId, None] = {}
        self._working: dict[AlarmId, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Work until cancelled; a console that goes away is waited for."""
        async with (
            open_session(self.settings.url, timeout_s=REQUEST_S_MAX) as http,
            asyncio.TaskGroup() as group,
        ):
            self._group = group
            while True:
                try:
                    if CSRF_HEADER not in http.headers:
                        await sign_in(http, self.settings.login)
                    await self._watch(http)
                except aiohttp.WSServerHandshakeError as error:
                    if error.status == HTTPStatus.UNAUTHORIZED:
                        del http.headers[CSRF_HEADER]
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    log.warning(
                        "console out of reach, trying again",
                        console=self.settings.console,
                        url=self.settings.url,
                        error=str(error) or type(error).__name__,
                    )
                self.attached.clear()
                await asyncio.sleep(RECONNECT_S)

    async def _watch(self, http: aiohttp.ClientSession) -> None:
        async with http.ws_connect("/ws", max_msg_size=MESSAGE_BYTES_MAX) as socket:
            while True:
                message = await socket.receive(timeout=SILENCE_S_MAX)
                if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    return
                self._take(http, message.data)
                self.attached.set()

    def _take(self, http: aiohttp.ClientSession, data: str | bytes) -> None:
        try:
            message = self._decoder.decode(data)
        except msgspec.DecodeError as error:
            self.counts.unreadable += 1
            log.warning("message unreadable", console=self.settings.console, error=str(error))
            return
        for row in (*message.closed, *message.alarms):
            self._see(row.view)
        for alarm_id in message.gone:
            self._views.pop(alarm_id, None)
            self._waiting.pop(alarm_id, None)
        self._begin(http)

    def _see(self, view: AlarmView) -> None:
        if self._on_view is not None:
            self._on_view(self.settings.console, view)
        known = self._views.get(view.alarm_id)
        if known is not None and known.version > view.version:
            return
        self._views[view.alarm_id] = view
        if view.alarm_id not in self._working and self.settings.step_of(
            self.settings.console, view
        ):
            self._waiting[view.alarm_id] = None
        elif view.status == "closed" and view.alarm_id not in self._working:
            del self._views[view.alarm_id]

    def _begin(self, http: aiohttp.ClientSession) -> None:
        """Take up waiting alarms, oldest first, as far as there are hands."""
        if not self.settings.acts or self._group is None:
            self._waiting.clear()
            return
        while self._waiting and len(self._working) < ALARMS_AT_ONCE:
            alarm_id = next(iter(self._waiting))
            del self._waiting[alarm_id]
            task = self._group.create_task(self._work(http, alarm_id), name=f"work {alarm_id}")
            self._working[alarm_id] = task

    async def _work(self, http: aiohttp.ClientSession, alarm_id: AlarmId) -> None:
        console = self.settings.console
        try:
            while (view := self._views.get(alarm_id)) is not None:
                step = self.settings.step_of(console, view)
                if step is None:
                    break
                key = f"{self.settings.seed}/{console}/{alarm_id}/{view.status}"
                dice = Random(key)  # noqa: S311 - thinking times, no secret
                pace_of = self.settings.pace_of
                pace = self.settings.pace if pace_of is None else pace_of(step.kind)
                await asyncio.sleep(pause_s(pace, dice.gauss()))
                if not await self._act(http, view, step):
                    await asyncio.sleep(RETRY_S)
        finally:
            del self._working[alarm_id]
            latest = self._views.get(alarm_id)
            if latest is not None and latest.status == "closed":
                del self._views[alarm_id]
        self._begin(http)

    async def _act(self, http: aiohttp.ClientSession, view: AlarmView, step: Step) -> bool:
        """Post one action; tell whether the alarm moved on, or was moved on by another."""
        body = {
            "kind": step.kind,
            "seen_version": view.version,
            **step.details,
        }
        try:
            async with http.post(f"/api/alarms/{view.alarm_id}/actions", json=body) as response:
                answer = self._answer_decoder.decode(await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as error:
            self.counts.failed += 1
            log.info("action failed", alarm_id=view.alarm_id, kind=step.kind, error=str(error))
            return False
        if answer.alarm is not None:
            self._see(answer.alarm.view)
        if response.status == HTTPStatus.OK:
            self.counts.done += 1
            return True
        if response.status == HTTPStatus.NOT_FOUND:
            self._views.pop(view.alarm_id, None)
            return True
        if response.status == HTTPStatus.CONFLICT:
            self.counts.refused += 1
        else:
            self.counts.failed += 1
        log.info(
            "action not done, trying again",
            console=self.settings.console,
            alarm=view.alarm_id,
            kind=step.kind,
            status=response.status,
            error=answer.error,
            acted_by=answer.acted_by,
        )
        return False
