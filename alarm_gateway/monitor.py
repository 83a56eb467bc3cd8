"""What a gateway shows of itself over HTTP: `/healthz`, `/readyz` and `/metrics`."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client.metrics_core import Metric

from alarm_gateway.core.device_state import AlarmState
from alarm_gateway.core.engine import Engine
from alarm_gateway.meter import Meter
from alarm_gateway.pump import Pump
from alarm_gateway.standing import Standing
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.runtime.exposition import (
    Exposition,
    build_info,
    certificate_ends,
    counter,
    gauge,
    histogram,
    single,
)
from alarm_protocol.units import CONSOLES, DeviceId

SLICE_ALARMS = 500
"""Alarms that are counted at a time; between two slices presses have their turn."""
_PREFIX = "aware_gateway"


class Tally(NamedTuple):
    """What the open alarms add up to."""

    by_state: Counter[tuple[str, ...]]
    """By console, its status, priority, and whether it is a test."""
    waiting_since_ms: dict[tuple[str, ...], int]
    """By console: when the oldest alarm was put before it that nobody has accepted. Those without a
    press, of a device's fault or a flood, are not among them: they do not escalate either."""


async def tally(alarms: Mapping[DeviceId, AlarmState]) -> Tally:
    """Count the open alarms, and let everything else go on meanwhile."""
    found = Tally(Counter(), {})
    for number, alarm in enumerate(tuple(alarms.values()), 1):
        test = "true" if alarm.test else "false"
        for console in CONSOLES:
            track = alarm.track(console)
            if track.cleared:
                continue
            found.by_state[console, track.status, str(alarm.priority), test] += 1
            if track.status == "open" and alarm.press_count and not alarm.test:
                since_ms = found.waiting_since_ms.get((console,), track.opened_at_ms)
                found.waiting_since_ms[(console,)] = min(since_ms, track.opened_at_ms)
        if number % SLICE_ALARMS == 0:
            await asyncio.sleep(0)
    return found


def _counted(meter: Meter) -> Iterable[Metric]:
    """Show what happened since the start."""
    yield counter(
        f"{_PREFIX}_presses",
        "Presses, by what they did and their first doubt.",
        meter.presses,
        ("outcome", "doubt"),
    )
    yield counter(f"{_PREFIX}_press_doubts", "Doubts about presses.", meter.doubts, ("doubt",))
    yield counter(f"{_PREFIX}_press_remarks", "Remarks on presses.", meter.remarks, ("remark",))
    yield counter(
        f"{_PREFIX}_quarantined_messages",
        "Messages that could not be read.",
        single(meter.quarantined),
    )
    yield counter(
        f"{_PREFIX}_actions",
        "What operators did, and whether it still fitted.",
        meter.actions,
        ("console", "kind", "outcome"),
    )
    yield counter(
        f"{_PREFIX}_escalations",
        "Alarms that nobody acted on in time.",
        meter.escalations,
        ("console", "level", "reason"),
    )
    yield counter(
        f"{_PREFIX}_deliveries",
        "Views that a console confirmed.",
        meter.deliveries,
        ("console",),
    )
    yield counter(
        f"{_PREFIX}_session_connects",
        "Connections made to the broker; the first is no reconnect.",
        meter.connects,
        ("session",),
    )
    yield gauge(
        f"{_PREFIX}_devices_with_condition",
        "Devices with something wrong.",
        meter.conditions,
        ("condition",),
    )
    yield histogram(
        f"{_PREFIX}_stage_seconds",
        "Time of presses: received since the press, by the device's clock; decided, durable and"
        " published since the gateway had it; confirmed from an alarm to each console's word;"
        " painted from an alarm to its first screen at each console, by that console's clock.",
        meter.stages,
        ("stage",),
    )
    yield histogram(
        f"{_PREFIX}_batch_inputs", "Messages decided on together.", {(): meter.batch_inputs}
    )


def _standing(now: Standing) -> Iterable[Metric]:
    """Show how the gateway stands."""
    gauges = {
        "ready": ("Whether presses are taken, written down and shown.", now.ready),
        "journal_writable": ("Whether the journal is written.", now.journal_writable),
        "journal_size_bytes": ("The journal on disk, its log included.", now.journal_bytes),
        "journal_free_bytes": ("Room left on the journal's disk.", now.free_bytes),
        "journal_pending_records": ("Records waiting for the disk.", now.pending),
        "supervision_waiting_messages": (
            "Messages of devices' supervision waiting for their turn.",
            now.supervision_waiting,
        ),
        "unacknowledged_messages": ("Presses and actions not acknowledged.", now.unacknowledged),
        "reading_paused": ("Whether the journal is so far behind.", now.reading_paused),
        "congested": ("Whether much waits for the broker.", now.congested),
    }
    for name, (text, value) in gauges.items():
        yield gauge(f"{_PREFIX}_{name}", text, single(float(value)))
    counters = {
        "journal_records": ("Records written.", now.journal.records),
        "unsent_messages": ("Messages that found the outbox full.", now.unsent),
        "unreadable_supervision_messages": (
            "Messages of supervision that could not be read.",
            now.unreadable_supervision,
        ),
        "refused_publishes": ("Messages that the broker refused.", now.refused),
    }
    for name, (text, value) in counters.items():
        yield counter(f"{_PREFIX}_{name}", text, single(value))
    commits = {(): now.journal.commit_s}
    yield histogram(f"{_PREFIX}_journal_commit_seconds", "A transaction with its fsync.", commits)
    yield histogram(
        f"{_PREFIX}_journal_commit_records",
        "Records of one transaction.",
        {(): now.journal.commit_records},
    )
    connected = {(name,): float(value) for name, value in now.connected.items()}
    backlog = {(name,): float(value) for name, value in now.backlog.items()}
    yield gauge(
        f"{_PREFIX}_session_connected", "Lines to the broker that stand.", connected, ("session",)
    )
    yield gauge(
        f"{_PREFIX}_outbox_messages", "Messages waiting for the broker.", backlog, ("session",)
    )


class Monitor:
    """Answers three questions: does it live, is it ready, and what has it done.

    Args:
        pump: The running gateway.
        engine: Its rules, for alarms and consoles.
        meter: Its counts.
        certificates: When each of its certificates ends, in s since 1970.
    """

    def __init__(
        self, pump: Pump, engine: Engine, meter: Meter, certificates: Mapping[str, float]
    ) -> None:
        self._pump = pump
        self._engine = engine
        self._meter = meter
        self._certificates = certificates
        self._tally = Tally(Counter(), {})
        self._exposition = Exposition(self)

    def families(self) -> Iterable[Metric]:
        """Return all that the gateway has to show."""
        yield build_info(_PREFIX)
        yield from _counted(self._meter)
        now = self._pump.standing()
        yield from _standing(now)
        ends = {(name,): end_s for name, end_s in self._certificates.items()}
        if now.broker_end_s is not None:
            ends[("broker",)] = now.broker_end_s
        yield certificate_ends(_PREFIX, ends)
        yield from self._alarms()
        consoles = self._engine.consoles
        for name, text in (
            ("attached", "Whether this console is there."),
            ("operators", "Pages open at this console."),
        ):
            values = {
                (console,): float(getattr(consoles[console], name)) if console in consoles else 0.0
                for console in CONSOLES
            }
            yield gauge(f"{_PREFIX}_console_{name}", text, values, ("console",))
        heard = single(len(self._engine.seen_ms))
        yield gauge(f"{_PREFIX}_devices_heard", "Supervised devices that are not silent.", heard)

    def _alarms(self) -> Iterable[Metric]:
        now = now_ms()
        waiting_s = {
            (console,): max(0, now - self._tally.waiting_since_ms.get((console,), now)) / 1_000
            for console in CONSOLES
        }
        yield gauge(
            f"{_PREFIX}_alarms",
            "Alarms that a console still has to do with.",
            self._tally.by_state,
            ("console", "status", "priority", "test"),
        )
        yield gauge(
            f"{_PREFIX}_oldest_unaccepted_alarm_seconds",
            "How long the oldest press waits for somebody; tests and faults are left out.",
            waiting_s,
            ("console",),
        )

    def routes(self) -> dict[str, Handler]:
        """Return what answers where."""
        return {"/metrics": self.metrics, "/healthz": self.healthz, "/readyz": self.readyz}

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer a scrape."""
        self._tally = await tally(self._engine.alarms)
        body, content_type = self._exposition.answer(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def healthz(self, _request: web.Request) -> web.Response:
        """Answer 200 as long as the event loop turns."""
        return _json({"status": "ok"}, 200)

    async def readyz(self, _request: web.Request) -> web.Response:
        """Answer 200 while presses are taken, written down and shown; else 503, and why."""
        now = self._pump.standing()
        checks = {
            "recovered": now.recovered,
            "journal_writable": now.journal_writable,
            "broker_connected": all(now.connected.values()),
            "broker_lets_us": now.lets_us,
        }
        status = "ready" if now.ready else "not ready"
        return _json({"status": status, "checks": checks}, 200 if now.ready else 503)


def _json(body: dict[str, object], status: int) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )
