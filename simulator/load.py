"""Load on the alert path: presses on a schedule, every one of them accounted for.

Open loop: each press is due at a moment that was fixed before the run, and its latency
counts from that moment, also when this driver is late (no coordinated omission). Light
subscribers stand for the two consoles and confirm what they are shown, as consoles do.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
from hdrh.histogram import HdrHistogram
from rich import box
from rich.table import Table

from alarm_protocol import topics
from alarm_protocol.codec import encode, encode_press
from alarm_protocol.households import Household
from alarm_protocol.messages import (
    DELIVERIES_MAX,
    ConfirmDelivery,
    Delivery,
    Presence,
    Press,
)
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_session import MqttSession, Received, SessionSettings
from alarm_protocol.units import (
    CONSOLES,
    ActionId,
    AlarmId,
    ConsoleId,
    DeviceId,
    PressId,
    TimestampMs,
)
from simulator.core.errors import StackError
from simulator.stack import Stack

WARM_UP_S = 2.0
CONFIRM_S = 0.02
"""Longest that a light console keeps a confirmation; a real one may take 0.05."""
LATE_US = 1_000
"""A press sent this much after it was due counts as late: the driver was the bottleneck."""
STEP_S = 0.001
CONNECT_S_MAX = 20.0
SETTLE_S_MAX = 30.0
LATENCY_US_MAX = 600_000_000
OnBatch = Callable[[Sequence[Received]], None]
ALL_FEEDBACK = f"{topics.ROOT}/devices/+/feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """A load: `rate_per_s` presses for `warm_up_s + seconds`, each from another device."""

    broker: BrokerUrl
    households: Sequence[Household]
    rate_per_s: float
    seconds: float
    warm_up_s: float = WARM_UP_S
    run_id: str = "load"


class _SeenPress(msgspec.Struct):
    press_id: str


class _SeenView(msgspec.Struct):
    """The part of a view that the account needs."""

    alarm_id: AlarmId
    version: int
    presses: list[_SeenPress]


class _SeenFeedback(msgspec.Struct):
    press_id: str


@dataclass(slots=True)
class Stage:
    """How long presses took to reach one place, and how often each came there."""

    latency_us: HdrHistogram = field(default_factory=lambda: HdrHistogram(1, LATENCY_US_MAX, 3))
    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class LoadResult:
    """The account of a load; latencies are of the presses after the warm-up."""

    presses: int
    measured: int
    late: int
    stages: dict[str, Stage]
    alarms: dict[ConsoleId, int]
    elapsed_s: float

    def lost(self, stage: str) -> int:
        """Presses that never came to a place."""
        return self.presses - len(self.stages[stage].seen)

    @property
    def lost_total(self) -> int:
        """Presses missing somewhere, each counted at every place where it is missing."""
        return sum(self.lost(stage) for stage in self.stages)

    @property
    def duplicated(self) -> int:
        """Alarms beyond one for each press, over both consoles."""
        return sum(max(0, count - self.presses) for count in self.alarms.values())


@dataclass(frozen=True, slots=True)
class _Planned:
    """A press that is ready to go: when, where, what."""

    offset_s: float
    topic: str
    payload: bytes
    press_id: str


class LoadRun:
    """One load against a broker and gateway that run already."""

    def __init__(self, settings: LoadSettings) -> None:
        self._settings = settings
        self._stages = {name: Stage() for name in ("feedback", *CONSOLES)}
        self._alarms: dict[ConsoleId, set[str]] = {console: set() for console in CONSOLES}
        self._due_us: dict[str, int] = {}
        self._measured_from = 0
        self._view = msgspec.json.Decoder(_SeenView)
        self._feedback = msgspec.json.Decoder(_SeenFeedback)
        self._to_confirm: dict[ConsoleId, list[Delivery]] = {console: [] for console in CONSOLES}
        self._confirmations = 0
        self._late = 0
        self._devices = self._session("devices", [(ALL_FEEDBACK, 1)], self._answered)
        self._consoles = {
            console: self._session(
                console,
                [(topics.alarm_views(console), 1)],
                partial(self._shown, console),
            )
            for console in CONSOLES
        }

    def _session(
        self, name: str, subscriptions: list[tuple[str, int]], on_batch: OnBatch
    ) -> MqttSession:
        session = MqttSession(
            SessionSettings(
                broker=self._settings.broker,
                client_id=f"{self._settings.run_id}-{name}",
                subscriptions=subscriptions,
                clean_start=True,
                session_expiry_s=0,
                receive_max=10_000,
                outbox_max=500_000,
            ),
            on_batch=lambda batch: self._acknowledge(session, batch, on_batch),
        )
        return session

    @staticmethod
    def _acknowledge(session: MqttSession, batch: list[Received], on_batch: OnBatch) -> None:
        on_batch(batch)
        for message in batch:
            if message.receipt is not None:
                session.ack(message.receipt)

    async def run(self) -> LoadResult:
        """Connect, press on schedule, wait until all is accounted for (bounded), and tell.

        Raises:
            StackError: The broker could not be reached, or there are too few households.
        """
        plan = self._plan()
        sessions = [self._devices, *self._consoles.values()]
        async with asyncio.TaskGroup() as group:
            for session in sessions:
                group.create_task(session.run())
            try:
                await self._connected(sessions)
                elapsed_s = await self._press(plan)
                await self._settle(len(plan))
            finally:
                for session in sessions:
                    await session.close(drain_s=0)
        return LoadResult(
            presses=len(plan),
            measured=len(plan) - self._measured_from,
            late=self._late,
            stages=self._stages,
            alarms={console: len(alarms) for console, alarms in self._alarms.items()},
            elapsed_s=elapsed_s,
        )

    def _plan(self) -> list[_Planned]:
        settings = self._settings
        count = round(settings.rate_per_s * (settings.warm_up_s + settings.seconds))
        if count > len(settings.households):
            raise StackError(
                f"this load needs {count} devices and the household file has "
                f"{len(settings.households)}; make more with `alarm-simulator households`"
            )
        self._measured_from = round(settings.rate_per_s * settings.warm_up_s)
        start_ms = clock.now_ms()
        planned = []
        for number in range(count):
            household = settings.households[number]
            offset_s = number / settings.rate_per_s
            press_id = f"{settings.run_id}-{number}"
            at_ms = TimestampMs(start_ms + round(offset_s * 1_000))
            press = Press(
                press_id=PressId(press_id),
                device_id=DeviceId(household.device_id),
                sequence=at_ms,
                pressed_at_ms=at_ms,
                sent_at_ms=at_ms,
                trigger="press",
                attempt=1,
                battery_pct=88,
            )
            payload = encode_press(press, bytes.fromhex(household.device_key_hex))
            planned.append(_Planned(offset_s, topics.press(press.device_id), payload, press_id))
        return planned

    async def _connected(self, sessions: Sequence[MqttSession]) -> None:
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                while not all(session.connected for session in sessions):  # noqa: ASYNC110 - once
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise StackError(f"no broker answers at {self._settings.broker}") from None
        for console, session in self._consoles.items():
            presence = encode(Presence(attached=True, operators=1))
            session.publish(topics.presence(console), presence, retain=True)

    async def _press(self, plan: Sequence[_Planned]) -> float:
        """Send each press when it is due; return how long that took, in seconds."""
        start_s = clock.monotonic_s() + 0.1
        flushed_s = start_s
        for number, planned in enumerate(plan):
            due_s = start_s + planned.offset_s
            while (now_s := clock.monotonic_s()) < due_s:  # noqa: ASYNC110 - a clock has no event
                await asyncio.sleep(min(STEP_S, due_s - now_s))
            due_us = round(due_s * 1_000_000)
            self._due_us[planned.press_id] = due_us if number >= self._measured_from else 0
            self._devices.publish(planned.topic, planned.payload)
            if number >= self._measured_from:
                self._late += round(now_s * 1_000_000) - due_us > LATE_US
            if now_s - flushed_s > CONFIRM_S:
                flushed_s = now_s
                self._confirm_all()
                await asyncio.sleep(0)
        return clock.monotonic_s() - start_s

    async def _settle(self, count: int) -> None:
        until_s = clock.monotonic_s() + SETTLE_S_MAX
        while clock.monotonic_s() < until_s:
            self._confirm_all()
            if all(len(stage.seen) == count for stage in self._stages.values()):
                break
            await asyncio.sleep(CONFIRM_S)
        self._confirm_all()
        await asyncio.sleep(CONFIRM_S)

    # -- what comes back ----------------------------------------------------------------

    def _answered(self, batch: Sequence[Received]) -> None:
        now_us = round(clock.monotonic_s() * 1_000_000)
        for message in batch:
            self._arrived("feedback", self._feedback.decode(message.payload).press_id, now_us)

    def _shown(self, console: ConsoleId, batch: Sequence[Received]) -> None:
        now_us = round(clock.monotonic_s() * 1_000_000)
        waiting = self._to_confirm[console]
        for message in batch:
            if not message.payload:
                continue
            view = self._view.decode(message.payload)
            self._alarms[console].add(view.alarm_id)
            waiting.append(Delivery(view.alarm_id, view.version))
            for press in view.presses:
                self._arrived(console, press.press_id, now_us)
        if len(waiting) >= DELIVERIES_MAX:
            self._confirm(console)

    def _arrived(self, name: str, press_id: str, now_us: int) -> None:
        due_us = self._due_us.get(press_id)
        if due_us is None:
            return
        stage = self._stages[name]
        stage.seen[press_id] += 1
        if due_us and stage.seen[press_id] == 1:
            stage.latency_us.record_value(max(1, now_us - due_us))

    def _confirm_all(self) -> None:
        for console in CONSOLES:
            self._confirm(console)

    def _confirm(self, console: ConsoleId) -> None:
        waiting = self._to_confirm[console]
        for start in range(0, len(waiting), DELIVERIES_MAX):
            self._confirmations += 1
            confirmation = ConfirmDelivery(
                action_id=ActionId(f"{self._settings.run_id}-{self._confirmations}"),
                at_ms=clock.now_ms(),
                deliveries=tuple(waiting[start : start + DELIVERIES_MAX]),
            )
            self._consoles[console].publish(topics.actions(console), encode(confirmation))
        waiting.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Processor time for one press, in microseconds, by the operating system's account."""

    gateway_us: float
    broker_us: float
    driver_us: float


async def load_with_costs(stack: Stack, settings: LoadSettings) -> tuple[LoadResult, Costs]:
    """Run a load against a chain that is up, and tell what each process spent on it.

    Raises:
        StackError: A part is not running, or the load could not be run.
    """
    parts = {
        "gateway": stack.gateway.pid,
        "broker": None if stack.broker is None else stack.broker.pid,
    }
    before = {name: cpu_s(pid) for name, pid in parts.items()}
    own_before_s = cpu_s(os.getpid())
    result = await LoadRun(settings).run()
    spent_us = {
        name: (cpu_s(pid) - before[name]) / result.presses * 1e6 for name, pid in parts.items()
    }
    own_us = (cpu_s(os.getpid()) - own_before_s) / result.presses * 1e6
    return result, Costs(
        gateway_us=spent_us["gateway"], broker_us=spent_us["broker"], driver_us=own_us
    )


def summary(result: LoadResult, costs: Costs) -> Table:
    """Lay the result out for a person."""
    table = Table(title="Load on the alert path", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("presses", "lost", "p50 ms", "p99 ms", "max ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, stage in result.stages.items():
        times_us = stage.latency_us
        table.add_row(
            f"to {name}",
            str(len(stage.seen)),
            str(result.lost(name)),
            f"{times_us.get_value_at_percentile(50) / 1_000:.2f}",
            f"{times_us.get_value_at_percentile(99) / 1_000:.2f}",
            f"{times_us.get_max_value() / 1_000:.2f}",
        )
    table.caption = (
        f"processor time per press: gateway {costs.gateway_us:.0f} us, broker "
        f"{costs.broker_us:.0f} us, this driver {costs.driver_us:.0f} us; "
        f"{result.late / max(1, result.measured):.1%} of presses were sent late"
    )
    return table


def cpu_s(pid: int | None) -> float:
    """Return the processor time that a process has used, from the operating system (Linux).

    Raises:
        StackError: There is no such process, or this is no Linux.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        raise StackError(f"the processor time of process {pid} cannot be read") from None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
