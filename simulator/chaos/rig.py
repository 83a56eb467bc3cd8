"""The chain to be broken: each part its own process, each behind a proxy of its own.

The pages of both consoles are watched through their WebSockets, as a browser would. Alarms
are finished by the driver itself: a device rests until all its presses are accounted for, both
agencies accept and close its alarm, and then it may press again. So alarms never pile up, and
no press can hide in an alarm that is being closed.
"""

import asyncio
import contextlib
import getpass
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import structlog

from alarm_protocol.households import Household
from alarm_protocol.messages import AlarmView, Feedback, Trigger
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId, PressId
from simulator.brokers import MOSQUITTO_CONFIG, find_mosquitto
from simulator.chaos.disk import Disk, open_disk
from simulator.chaos.errors import ChaosError
from simulator.chaos.ledger import Ledger, Watch
from simulator.chaos.proxy import Proxy
from simulator.core.device import Device, FeedbackOutcome
from simulator.fleet import Fleet, FleetSettings
from simulator.fleet_processes import allow_files
from simulator.operators import Team, TeamSettings
from simulator.processes import Part, free_port
from simulator.signin import open_session, sign_in
from simulator.stack import Stack, StackSettings

FILES_PER_DEVICE = 3
"""A device's socket, and the proxy's two."""
ATTACH_S_MAX = 60.0
PERSISTENCE = """\
persistence true
persistence_location {folder}/
# Often, so that a broker that is killed comes back with a state that is a little old.
autosave_interval 5
"""
STEP_S = 0.01
BEHIND_S_MAX = 0.5
"""Presses that are due longer than this, because the driver was held up, are not made up for."""
UNSEEN_MAX = 6
"""Presses of one device that may be missing on a console before it rests: a view shows its
newest eight, and one that a slow console never showed could not be told from a lost one."""
FINISHED_AT_ONCE = 40
FINISH_S_MAX = 60.0
ACT_S_MAX = 10.0
POLL_S = 0.05
_TRIGGERS: tuple[Trigger, ...] = ("press", "hold", "duress")
_TRIGGER_WEIGHTS = (80, 15, 5)

log = structlog.get_logger()


def now_us() -> int:
    """Return microseconds on the clock of the ledger."""
    return round(clock.monotonic_s() * 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class RigSettings:
    """A chain and who presses on it.

    Attributes:
        finish_per_s: Alarms a second that operators take to their end.
        tmpfs: Whether the journal lies on a tmpfs of our own; None where that is possible.
    """

    folder: Path
    registry: Path
    households: Sequence[Household]
    rate_per_s: float
    finish_per_s: float = 3.0
    seed: int = 1
    tmpfs: bool | None = False
    heartbeat_every_s: float = 30.0


@dataclass(slots=True)
class Pool:
    """Which devices may press; `resting` ones have an alarm that is being finished."""

    free: list[DeviceId] = field(default_factory=list)
    resting: set[DeviceId] = field(default_factory=set)
    finished: int = 0
    left_open: int = 0


class Rig:
    """Everything that runs, and the ledger of it."""

    def __init__(self, settings: RigSettings) -> None:
        self.settings = settings
        self.ledger = Ledger()
        self.pool = Pool([household.device_id for household in settings.households])
        self.data_root = settings.folder / "gateway"
        self.data_dir = self.data_root / "journal"
        self.disk: Disk = open_disk(self.data_root, tmpfs=settings.tmpfs)
        self.broker_folder = settings.folder / "broker"
        self.broker, self.broker_url = _broker(settings.folder, self.broker_folder)
        names = ("gateway", *CONSOLES, "devices")
        self.proxies = {name: Proxy(name, self.broker_url) for name in names}
        self.stack: Stack
        self.fleet: Fleet
        self.skipped = 0
        """Presses that were due and not made: the driver was late, or all devices had rest."""
        self.pressing = asyncio.Event()
        self._dice = Random(settings.seed)  # noqa: S311 - a schedule, no secret
        self._http: dict[ConsoleId, aiohttp.ClientSession] = {}
        self._finishing: set[asyncio.Task[None]] = set()

    @property
    def gateway(self) -> Part:
        """The gateway's process."""
        return self.stack.gateway

    @property
    def parts(self) -> dict[str, Part]:
        """Every process, by name."""
        consoles = {str(console): part for console, part in self.stack.consoles.items()}
        return {"broker": self.broker, "gateway": self.gateway, **consoles}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold everything for the length of a block; nothing of it is left afterwards."""
        async with contextlib.AsyncExitStack() as exits:
            await self._start_parts(exits)
            stop, online = asyncio.Event(), asyncio.Event()
            tasks = await self._start_driver(stop, online)
            try:
                async with asyncio.timeout(ATTACH_S_MAX):
                    await online.wait()
                yield
            finally:
                stop.set()
                _fleet, *others = tasks
                for task in (*others, *self._finishing):
                    task.cancel()
                await asyncio.wait([*tasks, *self._finishing])
                for session in self._http.values():
                    await session.close()
            _raise_first(tasks)

    async def _start_parts(self, exits: contextlib.AsyncExitStack) -> None:
        exits.callback(self.broker.kill)
        exits.push_async_callback(self.broker.stop)
        await self.broker.start()
        for proxy in self.proxies.values():
            exits.push_async_callback(proxy.stop)
            await proxy.start()
        self.stack = Stack(
            StackSettings(
                data_dir=self.settings.folder,
                registry=self.settings.registry,
                broker=self.proxies["gateway"].url,
            )
        )
        self.gateway.use_option("--data-dir", str(self.data_dir))
        for console, part in self.stack.consoles.items():
            part.use_option("--broker", str(self.proxies[console].url))
        exits.push_async_callback(self.stack.stop)
        await self.stack.start()

    async def _start_driver(
        self, stop: asyncio.Event, online: asyncio.Event
    ) -> list[asyncio.Task[None]]:
        settings = self.settings
        allow_files(FILES_PER_DEVICE * len(settings.households))
        self.fleet = Fleet(
            FleetSettings(
                broker=self.proxies["devices"].url,
                households=settings.households,
                heartbeat_every_s=settings.heartbeat_every_s,
                seed=settings.seed,
            ),
            on_feedback=self._answered,
        )
        teams = []
        for console, url in self.stack.console_urls.items():
            login = self.stack.logins[console][0]
            self._http[console] = open_session(url, timeout_s=ACT_S_MAX)
            await sign_in(self._http[console], login)
            watching = TeamSettings(console=console, url=url, login=login, acts=False)
            teams.append(Team(watching, on_view=self._viewed))

        async def ready() -> None:
            online.set()

        return [
            asyncio.create_task(self.fleet.run(stop, ready), name="devices"),
            *(asyncio.create_task(team.run(), name="page") for team in teams),
            asyncio.create_task(self._press(), name="fingers"),
            asyncio.create_task(self._finish_some(), name="operators"),
        ]

    # -- what comes back ----------------------------------------------------------------

    def _answered(self, _device: Device, message: Feedback, _outcome: FeedbackOutcome) -> None:
        if message.status == "received":
            self.ledger.answered(message.press_id, message.alarm_id, now_us())

    def _viewed(self, console: ConsoleId, view: AlarmView) -> None:
        self.ledger.viewed(console, view, now_us())

    # -- pressing -----------------------------------------------------------------------

    async def _press(self) -> None:
        """Press on a schedule for as long as `pressing` is set."""
        rate = self.settings.rate_per_s
        while True:
            await self.pressing.wait()
            due_s = clock.monotonic_s()
            while self.pressing.is_set():
                now_s = clock.monotonic_s()
                if now_s - due_s > BEHIND_S_MAX:
                    self.skipped += int((now_s - due_s) * rate)
                    due_s = now_s
                while due_s <= now_s:
                    due_s += 1 / rate
                    self._press_one()
                self.ledger.look(now_us())
                await asyncio.sleep(STEP_S)

    def _press_one(self) -> None:
        """Press a device at random that is free and not far behind with its earlier presses."""
        for _ in range(8):
            device_id = self._dice.choice(self.pool.free) if self.pool.free else None
            if device_id is None or self.ledger.behind_with(device_id) >= UNSEEN_MAX:
                continue
            (trigger,) = self._dice.choices(_TRIGGERS, _TRIGGER_WEIGHTS)
            if self.press(device_id, trigger) is not None:
                return
        self.skipped += 1

    def press(self, device_id: DeviceId, trigger: Trigger = "press") -> PressId | None:
        """Press one device; None where it takes no further press now."""
        at_us = now_us()
        press_id = self.fleet.press(device_id, trigger)
        if press_id is not None:
            self.ledger.pressed(press_id, device_id, at_us)
        return press_id

    # -- finishing ----------------------------------------------------------------------

    async def _finish_some(self) -> None:
        """Begin now and then to take an alarm to its end."""
        while self.settings.finish_per_s > 0:
            await asyncio.sleep(1 / self.settings.finish_per_s)
            if not self.pressing.is_set() or len(self._finishing) >= FINISHED_AT_ONCE:
                continue
            place = self._dice.randrange(len(self.pool.free))
            device_id = self.pool.free[place]
            self.pool.free[place] = self.pool.free[-1]
            self.pool.free.pop()
            self.pool.resting.add(device_id)
            task = asyncio.create_task(self._finish(device_id), name=f"finish {device_id}")
            self._finishing.add(task)
            task.add_done_callback(self._finishing.discard)

    async def _finish(self, device_id: DeviceId) -> None:
        until_s = clock.monotonic_s() + FINISH_S_MAX
        try:
            await self._until(lambda: not self.ledger.behind_with(device_id), until_s)
            open_alarms = [
                alarm_id
                for alarm_id, (_, count, _) in self.ledger.views[CONSOLES[0]].items()
                if count and alarm_id.rpartition(".")[0] == device_id
            ]
            for alarm_id in open_alarms:
                for console in CONSOLES:
                    await self._close(console, alarm_id, until_s)
            self.pool.finished += bool(open_alarms)
        except TimeoutError:
            self.pool.left_open += 1
        finally:
            self.pool.resting.discard(device_id)
            self.pool.free.append(device_id)

    async def _close(self, console: ConsoleId, alarm_id: AlarmId, until_s: float) -> None:
        """Accept and close an alarm at one agency, whatever is in between."""
        while clock.monotonic_s() < until_s:
            version, _, status = self.ledger.views[console].get(alarm_id, (0, 0, "open"))
            if status == "closed":
                return
            body = {"operator": f"sim-{console}", "seen_version": version, "kind": "accept"}
            if status != "open":
                body |= {"kind": "close", "disposition": "genuine", "reason": "synthetisch"}
            http = self._http[console]
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with http.post(f"/api/alarms/{alarm_id}/actions", json=body) as response:
                    await response.read()
            known = version
            with contextlib.suppress(TimeoutError):
                await self._until(
                    lambda known=known: self.ledger.views[console].get(alarm_id, (0,))[0] != known,  # type: ignore[misc]
                    min(until_s, clock.monotonic_s() + 1),
                )
        raise TimeoutError

    @staticmethod
    async def _until(is_so: Callable[[], bool], until_s: float) -> None:
        while not is_so():
            if clock.monotonic_s() >= until_s:
                raise TimeoutError
            await asyncio.sleep(POLL_S)

    async def settle(self, seconds_max: float) -> bool:
        """Wait until every press is answered and shown; tell whether that came to be."""
        try:
            await self._until(lambda: self.ledger.settled, clock.monotonic_s() + seconds_max)
        except TimeoutError:
            return False
        return True

    def over(self) -> int:
        """Begin to measure a recovery: a fault is over at this moment, which is returned."""
        self.ledger.watch = Watch(now_us())
        return self.ledger.watch.zero_us

    def memory_mib(self) -> tuple[float, float]:
        """Return the gateway's resident memory now, and the most it ever was (Linux)."""
        return memory_mib(self.gateway.pid)


def memory_mib(pid: int | None) -> tuple[float, float]:
    """Return a process's resident memory in MiB, and the most it ever was; zeros elsewhere."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return (0.0, 0.0)
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    now, most = (int(found.get(name, "0 kB").split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return (now, most)


def _broker(folder: Path, state: Path) -> tuple[Part, BrokerUrl]:
    """Return a Mosquitto that keeps its state."""
    program = find_mosquitto()
    if program is None:
        raise ChaosError(
            "mosquitto is not installed; install it (Debian: apt-get install mosquitto)"
        )
    state.mkdir(parents=True, exist_ok=True)
    port = free_port()
    text = MOSQUITTO_CONFIG.format(port=port, user=getpass.getuser())
    text = text.replace("persistence false\n", PERSISTENCE.format(folder=state.absolute()))
    config = folder / "mosquitto.conf"
    config.write_text(text, encoding="utf-8")
    part = Part(
        "broker",
        [str(program), "-c", str(config)],
        log=folder / "logs" / "broker.log",
        port=port,
    )
    return part, BrokerUrl("127.0.0.1", port, tls=False)


def _raise_first(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Let a defect of the driver come out instead of being taken for a loss."""
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
