"""An unattended run: press, let simulated operators work, and account for every press."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from rich import box
from rich.table import Table

from alarm_protocol.households import Household
from alarm_protocol.messages import AlarmView, Feedback, Trigger
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.units import AlarmId, ConsoleId, DeviceId, PressId
from simulator.core.device import Device, FeedbackOutcome
from simulator.core.errors import ConsoleError, SimulatorError, StackError
from simulator.core.ledger import Account, Latency, Ledger
from simulator.core.operator import Pace
from simulator.fleet import Fleet, FleetSettings
from simulator.operators import DEFAULT_PACE, Team, TeamCounts, TeamSettings
from simulator.signin import Login

ATTACH_S_MAX = 20.0
SETTLE_S_MAX = 30.0
CLOSE_S_MAX = 15.0
"""How long open alarms may still be worked on after every press is accounted for."""
LEFTOVERS_S_MAX = 60.0
"""How long alarms that an earlier run left open may take to close, before the first press."""
_POLL_S = 0.05
_TENTHS_BELOW_MS = 1_000
_TRIGGERS: tuple[Trigger, ...] = ("press", "hold", "duress")
_TRIGGER_WEIGHTS = (80, 15, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlessSettings:
    """A run: who presses, how often, for how long, and where the consoles are."""

    broker: BrokerUrl
    console_urls: dict[ConsoleId, str]
    logins: Mapping[ConsoleId, Login]
    households: Sequence[Household]
    seconds: float
    rate_per_s: float
    seed: int = 1
    pace: Pace = DEFAULT_PACE
    settle_s_max: float = SETTLE_S_MAX
    tls_of: Callable[[DeviceId], ssl.SSLContext | None] | None = None
    """Gives each device its TLS, on a broker that wants it."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a run ended: the account, and what operators and devices did besides."""

    account: Account
    interrupted: bool
    actions: int
    actions_refused: int
    actions_failed: int
    repeats: int
    not_pressed: int
    open_alarms: int
    leftovers: int
    """Alarms that were open before the first press; they count nowhere else."""

    @property
    def clean(self) -> bool:
        """Whether the run went to its end with nothing lost or duplicated."""
        return self.account.clean and not self.interrupted and self.not_pressed == 0


class HeadlessRun:
    """One unattended run against a chain that is up."""

    def __init__(self, settings: HeadlessSettings) -> None:
        self._settings = settings
        self._ledger = Ledger()
        self._dice = Random(settings.seed)  # noqa: S311 - a schedule, no secret
        self._fleet = Fleet(
            FleetSettings(
                broker=settings.broker,
                households=settings.households,
                seed=settings.seed,
                tls_of=settings.tls_of,
            ),
            on_feedback=self._answered,
        )
        self._teams = [
            Team(
                TeamSettings(
                    console=console,
                    url=url,
                    login=settings.logins[console],
                    seed=settings.seed,
                    pace=settings.pace,
                ),
                on_view=self._viewed,
            )
            for console, url in settings.console_urls.items()
        ]
        self._idle = [household.device_id for household in settings.households]
        self._busy: dict[DeviceId, PressId] = {}
        self._left_open: dict[AlarmId, set[ConsoleId]] = {}
        self._leftovers = 0
        self._counts_before = [TeamCounts() for _ in self._teams]

    async def run(self, stop: asyncio.Event) -> Outcome:
        """Press for the time set, wait until all is accounted for (bounded), and tell.

        Raises:
            StackError: The devices could not connect.
            ConsoleError: A console did not answer.
        """
        ending = asyncio.Event()
        online = asyncio.Event()
        failure: SimulatorError | None = None

        async def note_ready() -> None:
            online.set()

        async with asyncio.TaskGroup() as group:
            teams = [group.create_task(team.run(), name="operators") for team in self._teams]
            devices = group.create_task(self._fleet.run(ending, note_ready), name="devices")
            try:
                await self._attach(online)
                await self._close_leftovers(stop)
                await self._press(stop)
                await self._settle(stop)
            except SimulatorError as error:
                failure = error  # raised below, where no group wraps it
            finally:
                for task in teams:
                    task.cancel()
                ending.set()
                await asyncio.wait({devices})
        if failure is not None:
            raise failure
        return self._outcome(interrupted=stop.is_set())

    def account(self) -> Account:
        """Return the account as it stands, in the middle of a run too."""
        return self._ledger.account()

    async def _attach(self, online: asyncio.Event) -> None:
        for team in self._teams:
            try:
                await asyncio.wait_for(team.attached.wait(), ATTACH_S_MAX)
            except TimeoutError:
                raise ConsoleError(
                    f"console {team.settings.console} at {team.settings.url} sends no state"
                ) from None
        try:
            await asyncio.wait_for(online.wait(), ATTACH_S_MAX)
        except TimeoutError:
            raise StackError(
                f"{self._fleet.online} of {len(self._fleet.links)} pressing devices could "
                f"connect to {self._settings.broker}"
            ) from None

    async def _close_leftovers(self, stop: asyncio.Event) -> None:
        """Let the operators close what was open already; what is counted begins after it."""
        self._leftovers = len(self._left_open)
        await _until(lambda: not self._left_open, LEFTOVERS_S_MAX, stop)
        if self._left_open and not stop.is_set():
            raise StackError(
                f"{len(self._left_open)} alarms that were open before this run could not be closed "
                f"within {LEFTOVERS_S_MAX:.0f} s; use another --data-dir"
            )
        self._counts_before = [replace(team.counts) for team in self._teams]

    async def _press(self, stop: asyncio.Event) -> None:
        """Press at random moments, on a schedule that no slow answer delays."""
        settings = self._settings
        next_s = clock.monotonic_s()
        end_s = next_s + settings.seconds
        while not stop.is_set():
            next_s += self._dice.expovariate(settings.rate_per_s)
            if next_s >= end_s:
                return
            await _sleep_until(next_s, stop)
            if not stop.is_set():
                self._press_one()

    def _press_one(self) -> None:
        device_id = self._next_device()
        (trigger,) = self._dice.choices(_TRIGGERS, _TRIGGER_WEIGHTS)
        at_us = _now_us()
        press_id = self._fleet.press(device_id, trigger)
        if press_id is not None:
            self._ledger.pressed(press_id, device_id, at_us)
            self._busy[device_id] = press_id

    def _next_device(self) -> DeviceId:
        """Take the device that is idle longest; where all have open alarms, one of those."""
        if not self._idle:
            over = [known for known, press in self._busy.items() if self._ledger.is_over(press)]
            for device_id in over:
                del self._busy[device_id]
            self._idle = over or [next(iter(self._busy))]
            if not over:
                # Its press joins its open alarm; move it to the end of the line.
                self._busy.pop(self._idle[0])
        return self._idle.pop(0)

    async def _settle(self, stop: asyncio.Event) -> None:
        await _until(self._ledger.is_settled, self._settings.settle_s_max, stop)
        await _until(lambda: not self._open_alarms(), CLOSE_S_MAX, stop)

    def _open_alarms(self) -> int:
        return sum(not self._ledger.is_over(press) for press in self._busy.values())

    def _answered(self, _device: Device, message: Feedback, _outcome: FeedbackOutcome) -> None:
        self._ledger.answered(message, _now_us())

    def _viewed(self, console: ConsoleId, view: AlarmView) -> None:
        if self._ledger.is_empty:
            self._note_leftover(console, view)
        self._ledger.viewed(console, view, _now_us())

    def _note_leftover(self, console: ConsoleId, view: AlarmView) -> None:
        """Write down which consoles still have an earlier run's alarm to close."""
        consoles = self._left_open.setdefault(view.alarm_id, set())
        consoles.add(console)
        if view.status == "closed":
            consoles.discard(console)
        if not consoles:
            del self._left_open[view.alarm_id]

    def _outcome(self, *, interrupted: bool) -> Outcome:
        counts = self._fleet.counts
        return Outcome(
            account=self._ledger.account(),
            interrupted=interrupted,
            actions=self._acted("done"),
            actions_refused=self._acted("refused"),
            actions_failed=self._acted("failed"),
            repeats=counts.sendings - counts.presses,
            not_pressed=counts.refused,
            open_alarms=self._open_alarms(),
            leftovers=self._leftovers,
        )

    def _acted(self, how: Literal["done", "refused", "failed"]) -> int:
        pairs = zip(self._teams, self._counts_before, strict=True)
        return sum(getattr(team.counts, how) - getattr(before, how) for team, before in pairs)


def summary(outcome: Outcome) -> Table:
    """Lay the outcome out for a person."""
    account = outcome.account
    table = Table(
        title="What became of every press",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("", no_wrap=True)
    for heading in ("alarms", "presses", "lost", "double", "p50 ms", "p99 ms", "max ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_row("pressed", "", str(account.presses), "", "", *_times(None))
    for console, seen in account.consoles.items():
        table.add_row(
            f"on {console}",
            str(seen.alarms),
            str(seen.presses),
            str(seen.lost),
            str(seen.duplicated),
            *_times(seen.latency),
        )
    table.add_row(
        "told received",
        "",
        str(account.received),
        str(account.unanswered),
        "",
        *_times(account.received_latency),
    )
    table.add_row(
        "told accepted",
        "",
        str(account.accepted),
        str(account.untold),
        "",
        *_times(account.accepted_latency),
    )
    return table


def _times(latency: Latency | None) -> tuple[str, str, str]:
    if latency is None or latency.count == 0:
        return ("", "", "")
    return (_ms(latency.p50_ms), _ms(latency.p99_ms), _ms(latency.max_ms))


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < _TENTHS_BELOW_MS else f"{value:.0f}"


def _now_us() -> int:
    return round(clock.monotonic_s() * 1_000_000)


async def _sleep_until(until_s: float, stop: asyncio.Event) -> None:
    pause_s = until_s - clock.monotonic_s()
    if pause_s <= 0:
        await asyncio.sleep(0)
        return
    try:
        await asyncio.wait_for(stop.wait(), pause_s)
    except TimeoutError:
        return


async def _until(is_so: Callable[[], bool], longest_s: float, stop: asyncio.Event) -> None:
    """Wait until something is so, `stop` is set, or the time is over."""
    deadline_s = clock.monotonic_s() + longest_s
    while not is_so() and not stop.is_set() and clock.monotonic_s() < deadline_s:
        await _sleep_until(clock.monotonic_s() + _POLL_S, stop)
