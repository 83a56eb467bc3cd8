"""Many simulated devices in one process, each with a connection of its own."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

import structlog

from alarm_protocol.households import Household
from alarm_protocol.messages import Feedback, Trigger
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.tls import TlsFiles, context_for
from alarm_protocol.units import DeviceId, DurationMs, PressId, TimestampMs
from simulator.core.device import Device, FeedbackOutcome, Outgoing, PressRefused
from simulator.device_link import (
    KEEP_ALIVE_S_MIN,
    DeviceLink,
    LinkSettings,
    OnFeedback,
    OnSent,
    device_of,
)
from simulator.schedule import Schedule
from simulator.steady_clock import SteadyClock

CONNECTS_PER_STEP = 25
STEP_S = 0.025
"""A thousand connections a second: what one broker takes without refusing any."""
REPORT_EVERY_S = 2.0
CLOSING_AT_ONCE = 200
CLOSE_S_MAX = 2.0

_TRIGGERS: tuple[Trigger, ...] = ("press", "hold", "duress", "test", "cancel")
_TRIGGER_WEIGHTS = (70, 10, 2, 15, 3)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """A fleet to run. `press_every_s` is the mean time between one device's presses; 0 = never.

    The seed decides who presses when, and how; ids of presses are never repeated.
    """

    broker: BrokerUrl
    households: Sequence[Household]
    heartbeat_every_s: float = 60.0
    press_every_s: float = 0.0
    seed: int = 1
    source: str | None = None
    """Local address to connect from."""
    tls_of: Callable[[DeviceId], ssl.SSLContext | None] | None = None
    """Gives each device its TLS; without it an `mqtts://` broker is checked, and told nothing."""


@dataclass(slots=True)
class FleetCounts:
    """What a fleet has done so far."""

    presses: int = 0
    refused: int = 0
    sendings: int = 0
    answered: int = 0
    feedback: int = 0


def keep_alive_s(heartbeat_every_s: float) -> int:
    """Return the keep-alive that heartbeats fill, with one of them missing."""
    return max(KEEP_ALIVE_S_MIN, min(65_000, round(2.5 * heartbeat_every_s)))


class Fleet:
    """Devices of a list of households, connected for as long as `run` lasts."""

    def __init__(
        self,
        settings: FleetSettings,
        *,
        on_feedback: OnFeedback | None = None,
        on_sent: OnSent | None = None,
    ) -> None:
        self.counts = FleetCounts()
        self.online = 0
        """Devices that are connected at this moment."""
        self._why = ""
        """What the last device said that could not connect."""
        self._settings = settings
        self._dice = Random(settings.seed)  # noqa: S311 - a schedule, no secret
        self._on_feedback = on_feedback
        self._on_sent = on_sent
        self._steady = SteadyClock()
        self._changed = asyncio.Event()
        self.schedule = Schedule()
        trust = context_for(settings.broker, TlsFiles())
        self.shared = LinkSettings(
            broker=settings.broker,
            steady=self._steady,
            schedule=self.schedule,
            on_feedback=self._feedback,
            on_sent=self._sent,
            on_online=self._count_online,
            keep_alive_s=keep_alive_s(settings.heartbeat_every_s),
            source=settings.source,
            tls_of=settings.tls_of or (lambda _device: trust),
            on_trouble=self._note_trouble,
        )
        now_ms = self._steady.now_ms()
        self.links: dict[DeviceId, DeviceLink] = {
            household.device_id: DeviceLink(self._device(household, now_ms), self.shared)
            for household in settings.households
        }

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Connect all devices, press as the settings say, and disconnect when told to stop.

        Args:
            stop: Ends the run.
            on_ready: Awaited once, when every device was connected.
        """
        stopping = asyncio.create_task(stop.wait(), name="fleet-stop")
        connecting = asyncio.create_task(self._connect(), name="fleet-connect")
        reporting = asyncio.create_task(self._report(), name="fleet-report")
        try:
            await asyncio.wait({stopping, connecting}, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                await connecting
                await on_ready()
                if self._settings.press_every_s > 0:
                    for link in self.links.values():
                        self._press_at_random(link)
                await stopping
        finally:
            tasks = (stopping, connecting, reporting)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.schedule.stop()
            await self._close()
        log.info("fleet ended", **self._numbers())

    def press(self, device_id: DeviceId, trigger: Trigger) -> PressId | None:
        """Press one device's button; return the press id, or None where it is refused."""
        pressed = self.links[device_id].press(trigger)
        if isinstance(pressed, PressRefused):
            self.counts.refused += 1
            return None
        self.counts.presses += 1
        return pressed

    def _device(self, household: Household, now_ms: TimestampMs) -> Device:
        every_ms = DurationMs(round(self._settings.heartbeat_every_s * 1000))
        # Spread over the period, or a fleet would beat in step.
        first_ms = TimestampMs(now_ms + self._dice.randrange(every_ms))
        return device_of(
            household, heartbeat_every_ms=every_ms, now_ms=now_ms, heartbeat_at_ms=first_ms
        )

    async def _connect(self) -> None:
        """Connect at the rate a broker takes, and wait until every device is online."""
        links = list(self.links.values())
        async with asyncio.TaskGroup() as group:
            for start in range(0, len(links), CONNECTS_PER_STEP):
                for link in links[start : start + CONNECTS_PER_STEP]:
                    group.create_task(link.connect())
                await asyncio.sleep(STEP_S)
        while self.online < len(links):
            self._changed.clear()
            await self._changed.wait()

    def _note_trouble(self, why: str) -> None:
        self._why = why

    def _count_online(self, change: int) -> None:
        self.online += change
        self._changed.set()

    def _press_at_random(self, link: DeviceLink) -> None:
        """Press now and then, each device with dice of its own.

        What one device does must not depend on when the others woke up.
        """
        seed = f"{self._settings.seed}/{link.device.device_id}"
        dice = Random(seed)  # noqa: S311 - a schedule, no secret
        every_s = self._settings.press_every_s

        def press() -> None:
            (trigger,) = dice.choices(_TRIGGERS, _TRIGGER_WEIGHTS)
            self.press(link.device.device_id, trigger)
            self.schedule.after(dice.expovariate(1 / every_s), press)

        self.schedule.after(dice.expovariate(1 / every_s), press)

    async def _report(self) -> None:
        """Log how many devices are connected, and why others are not, when that changed."""
        told: tuple[int, str] = (-1, "")
        while True:
            online = self.online
            missing = len(self.links) - online
            why = self._why if missing else ""
            if (online, why) != told:
                told = (online, why)
                log.info(
                    "fleet connections",
                    broker=str(self._settings.broker),
                    online=online,
                    retrying=missing,
                    **({"why": why} if why else {}),
                )
            await asyncio.sleep(REPORT_EVERY_S)

    async def _close(self) -> None:
        links = list(self.links.values())
        for start in range(0, len(links), CLOSING_AT_ONCE):
            ended = [link.close() for link in links[start : start + CLOSING_AT_ONCE]]
            await asyncio.wait(ended, timeout=CLOSE_S_MAX)

    def _feedback(self, device: Device, message: Feedback, outcome: FeedbackOutcome) -> None:
        self.counts.feedback += 1
        self.counts.answered += outcome == "answered"
        if self._on_feedback is not None:
            self._on_feedback(device, message, outcome)

    def _sent(self, message: Outgoing) -> None:
        self.counts.sendings += 1
        if self._on_sent is not None:
            self._on_sent(message)

    def _numbers(self) -> dict[str, int]:
        counts = self.counts
        return {
            "devices": len(self.links),
            "presses": counts.presses,
            "sendings": counts.sendings,
            "answered": counts.answered,
            "refused": counts.refused,
        }
