"""The pump: moves inputs into the engine, records into the journal, effects to the broker."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import structlog

from alarm_gateway.adapters.device_feed import Feed
from alarm_gateway.adapters.journal import Head, Journal
from alarm_gateway.adapters.mqtt_port import MqttPort
from alarm_gateway.adapters.spool import Spool
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import Input, Tick
from alarm_gateway.core.records import Record
from alarm_gateway.keeper import Keeper
from alarm_gateway.meter import Meter
from alarm_gateway.overview import Overviews
from alarm_gateway.settings import Settings
from alarm_gateway.standing import SESSIONS, Standing, free_bytes
from alarm_gateway.steps import Steps
from alarm_protocol.messages import GatewayStatus
from alarm_protocol.runtime.clock import monotonic_ns, now_ms
from alarm_protocol.runtime.mqtt_session import Refusal, SessionState
from alarm_protocol.runtime.service import Service
from alarm_protocol.units import CONSOLES

TICK_S = 0.25
STATUS_S = 2.0
JOURNAL_PENDING_HIGH = 20_000
"""Records waiting for the disk above which the gateway stops reading presses."""

_WRONG_NAME = {
    "alarms": "its access list does not let this name write there, and may give it no press to"
    " read; give --tls-cert and --tls-key those of the gateway's alarm lane, and compare the list",
    "supervision": "its access list does not let this name write there, and may give it no"
    " heartbeat to read; give --tls-supervision-cert and --tls-supervision-key those of the"
    " supervision lane, and compare the list",
}

log = structlog.get_logger()


class Pump:
    """The running gateway.

    Args:
        settings: Broker and data folder.
        engine: The rules; still empty, `run` recovers it.
        on_ready: Called once, when the gateway is recovered and connected.
        meter: Counts what happens, where somebody wants to see it.
        feed: What somebody changes in the registry, where it can be changed.

    Raises:
        SettingsError: The data folder cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        on_ready: Callable[[], None],
        meter: Meter | None = None,
        feed: Feed | None = None,
    ) -> None:
        self._names = settings.names
        self._leaving = False
        self._feed = feed
        self._meter = meter
        self._engine = engine
        self._on_ready = on_ready
        self._ready = False
        self._recovered = False
        self._in_journal = 0
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self._failed: asyncio.Future[None] = self._loop.create_future()
        self._connected: set[str] = set()
        self._service = Service()
        self._overviews = Overviews(engine)
        self._commits_seen = 0
        self._journal = Journal(
            settings.data_dir,
            on_durable=lambda groups, head: self._later(self._durable, groups, head),
            on_failure=lambda error: self._later(self._fail, error),
        )
        self._keeper = Keeper(settings.data_dir, engine, self._journal)
        self._spool = Spool(settings.data_dir)
        self._port = MqttPort(
            settings.broker,
            tls=settings.tls,
            supervision_tls=settings.supervision_tls,
            on_alarm_lane=self._submit,
            on_supervision=self._submit,
            on_state=self._state,
            on_refusal=self._refused,
        )
        self._steps = Steps(self._port.traces)

    async def run(self, stop: asyncio.Event) -> None:
        """Recover, connect, and work until `stop` is set.

        Raises:
            JournalError: The journal failed; nothing was acknowledged that is not in it.
        """
        self._loop.set_exception_handler(self._defect)
        self._keeper.recover()
        self._recovered = True
        self._overviews.recovered(now_ms())
        if self._feed is not None:
            self._feed.start(self._engine.registry_number)
        if self._meter is not None:
            self._meter.recovered(self._engine.devices.values())
        # What is loaded by now stays for good; the collector need not look at it again. States
        # and messages are not tracked at all (`gc=False`): they are immutable and hold no cycles.
        gc.collect()
        gc.freeze()
        self._journal.start()
        # Ready for systemd: without a broker a gateway is not to be started again and again.
        self._service.ready("recovered, connecting to the broker")
        sessions = [
            asyncio.create_task(self._port.alarm_lane.run(), name="alarm-lane"),
            asyncio.create_task(self._port.supervision_lane.run(), name="supervision-lane"),
        ]
        beating = asyncio.create_task(self._beat(), name="beat")
        work = [*sessions, beating]
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            everything: list[asyncio.Future[Any]] = [*work, stopping, self._failed]
            done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
            for finished in done:
                finished.result()
            await self._say_goodbye(beating)
        finally:
            for task in (*work, stopping):
                task.cancel()
            await asyncio.gather(*work, stopping, return_exceptions=True)
            self._journal.close()
            self._steps.tell()
            self._keeper.save_now()

    async def _say_goodbye(self, beating: asyncio.Task[None]) -> None:
        """Stop taking presses, finish those under way, and leave properly."""
        self._service.stopping()
        self._leaving = True
        beating.cancel()
        self._port.alarm_lane.pause_reading()
        self._port.hand_over()
        until_s = self._loop.time() + 5
        while self._in_journal and self._loop.time() < until_s:  # noqa: ASYNC110 - only at the end
            await asyncio.sleep(0.01)
        self._port.alarm_lane.resume_reading()
        self._port.publish_status(GatewayStatus(status="down", at_ms=now_ms()))
        await self._port.alarm_lane.close()
        await self._port.supervision_lane.close(drain_s=0)

    async def _beat(self) -> None:
        """Let time pass for the engine, and tell the consoles that the gateway lives."""
        status_due_s = 0.0
        while True:
            self._submit([*self._told(), Tick(congested=self._port.congested)])
            self._port.release_acks()
            self._keeper.save_when_due()
            self._steps.tell()
            for console, payload in self._overviews.due(now_ms()):
                if not self._port.publish_overview(console, payload):
                    self._overviews.again(console)
            if self._meter is not None:
                self._meter.count()
            if self._journal_moves():
                self._service.beat()
            if self._port.alarm_lane.connected and self._loop.time() >= status_due_s:
                status_due_s = self._loop.time() + STATUS_S
                self._port.say_up()
            await asyncio.sleep(TICK_S)

    def _told(self) -> list[Input]:
        """Return what somebody at a command line asks for."""
        told: list[Input] = [*self._spool.take()]
        if self._feed is not None:
            told += self._feed.take(self._engine.registry_number)
        return told

    def _journal_moves(self) -> bool:
        """Tell whether nothing waits for the disk, or it has written since the last beat.

        A gateway whose disk hangs takes presses and answers none: systemd has to end it.
        """
        before, self._commits_seen = self._commits_seen, self._journal.stats.commits
        return not self._in_journal or before != self._commits_seen

    # -- the way of a press -------------------------------------------------------------

    def _submit(self, inputs: list[Input]) -> None:
        started_ns = monotonic_ns()
        records = self._engine.receive(inputs, now_ms())
        if not records and not self._in_journal:
            effects = self._engine.persisted(records)
            self._port.perform(effects)
            if self._meter is not None:
                self._meter.answered(effects.feedback)
            self._spool.done()
            return
        self._in_journal += 1
        if self._meter is not None:
            self._meter.decided(started_ns, len(inputs))
        self._journal.append(records)
        if self._journal.pending > JOURNAL_PENDING_HIGH and not self._paused:
            self._paused = True
            self._port.alarm_lane.pause_reading()
            log.warning("journal is behind, reading paused", pending=self._journal.pending)

    def _durable(self, groups: list[list[Record]], head: Head) -> None:
        durable_ns = monotonic_ns()
        self._journal.durable(groups)
        self._in_journal -= len(groups)
        shown = [(records, self._engine.persisted(records)) for records in groups]
        # At once: a snapshot holds what the engine has given out, and says up to which row.
        self._keeper.head = head
        for records, effects in shown:
            self._port.perform(effects)
            if self._meter is not None:
                self._meter.published(records, effects.feedback, durable_ns)
            self._steps.note(records)
            self._overviews.note(records)
        if not self._in_journal:
            self._spool.done()
        if self._paused and self._journal.pending < JOURNAL_PENDING_HIGH // 2:
            self._paused = False
            self._port.alarm_lane.resume_reading()

    # -- how it stands ------------------------------------------------------------------

    def standing(self) -> Standing:
        """Say how the gateway does at this moment."""
        port, journal = self._port, self._journal
        return Standing(
            recovered=self._recovered,
            journal_writable=journal.writing and not self._failed.done(),
            connected={name: name in self._connected for name in SESSIONS},
            lets_us=port.lets_us,
            backlog={
                "alarms": port.alarm_lane.backlog,
                "supervision": port.supervision_lane.backlog,
            },
            supervision_waiting=port.supervision_waiting,
            unacknowledged=port.unacknowledged,
            unsent=port.unsent,
            unreadable_supervision=port.unreadable_supervision,
            refused=port.alarm_lane.refused + port.supervision_lane.refused,
            reading_paused=self._paused,
            congested=port.congested,
            pending=journal.pending,
            journal=journal.stats,
            journal_bytes=journal.bytes_now(),
            free_bytes=free_bytes(journal.path.parent),
            broker_end_s=port.alarm_lane.broker_end_s,
        )

    # -- around it ----------------------------------------------------------------------

    def _later(self, callback: Callable[..., None], *arguments: object) -> None:
        """Come from the journal's thread to the event loop's."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _defect(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End where a callback of ours raised: a loop goes on, with an engine that does not fit.

        What is in the journal is not lost, and a start makes the rest anew.
        """
        loop.default_exception_handler(context)
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception):
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    def _state(self, session: str, state: SessionState) -> None:
        if state.connected:
            log.info("connected", session=session, detail=state.detail, kept=state.session_present)
        elif self._leaving:
            log.info("disconnected", session=session, detail=state.detail)
        else:
            log.warning("disconnected, will try again", session=session, detail=state.detail)
        if not state.connected:
            self._connected.discard(session)
            self._service.status("recovered, connecting to the broker")
            return
        self._connected.add(session)
        if self._meter is not None:
            self._meter.connects[(session,)] += 1
        if session == "alarms":
            # The broker may have lost what it retained; the consoles' state is ours to restore.
            self._port.say_up()
            self._port.perform(self._engine.open_views())
        else:
            for console in CONSOLES:
                self._overviews.again(console)
        if len(self._connected) == len(SESSIONS):
            self._service.status("takes presses")
        if not self._ready and len(self._connected) == len(SESSIONS):
            self._ready = True
            self._on_ready()

    def _refused(self, session: str, refusal: Refusal) -> None:
        """Say that a gateway is connected and cannot speak: nothing else would tell."""
        log.error(
            "the broker refuses what the gateway publishes",
            session=session,
            topic=refusal.topic,
            reason=refusal.reason,
            certificate=self._names.get(session) or "none",
            detail=_WRONG_NAME[session] if refusal.not_authorized else "its log says why",
        )
