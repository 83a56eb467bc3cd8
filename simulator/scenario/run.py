"""Play a scenario: the plan's events on real processes, real connections, real consoles."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from alarm_protocol.messages import AlarmView, Feedback
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_session import MqttSession
from alarm_protocol.units import ConsoleId
from simulator import households
from simulator.chaos.evidence import verify_chain
from simulator.core.device import Device, FeedbackOutcome
from simulator.core.errors import SimulatorError
from simulator.files import write_atomically
from simulator.operators import Team, TeamSettings
from simulator.outages.scene import sender
from simulator.outages.verdict import Check
from simulator.scenario.account import ScenarioAccount
from simulator.scenario.attacker import Attacker
from simulator.scenario.errors import ScenarioError
from simulator.scenario.fleet import Devices, DevicesSettings
from simulator.scenario.people import crews
from simulator.scenario.plan import Event, Plan, plan
from simulator.scenario.rules import heartbeat_s, policy_text
from simulator.scenario.screen import Screen, clock_text, report, say
from simulator.scenario.script import Script
from simulator.scenario.verdict import checks_of
from simulator.stack import Stack, StackSettings, running

START_S_MAX = 30.0
SETTLE_S_MAX = 60.0
"""How long the last presses may take to be everywhere, and the last alarms to be closed beyond
what an operator takes at most."""
_LOOK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """A scenario and how to play it."""

    script: Script
    seed: int
    speed: float
    broker: BrokerUrl | None = None


async def run_scenario(
    settings: RunSettings, stop: asyncio.Event, console: Console | None = None
) -> int:
    """Play it and print the report; return 0 only where all was as expected.

    Raises:
        ScenarioError: The chain could not be started or went away; the text says where the
            logs are.
    """
    out = console or Console()
    script, folder = settings.script, Path(tempfile.mkdtemp(prefix="aware-scenario-"))
    made = plan(script, settings.seed)
    say(out, f"{script.title}: {script.shows}")
    say(
        out,
        f"{made.presses} presses of {script.buttons} buttons in {clock_text(made.lasts_ms)}, "
        f"{settings.speed:g} times faster ({made.lasts_ms / 1_000 / settings.speed:.0f} s), "
        f"seed {settings.seed}",
    )
    try:
        run = ScenarioRun(settings, made, folder)
        checks = await run.play(stop, out)
    except (SimulatorError, OSError) as error:
        raise ScenarioError(f"{error}; journal and logs are in {folder}") from error
    interrupted = stop.is_set()
    if interrupted:
        say(out, f"INTERRUPTED {script.title}: no verdict")
    passed = not interrupted and report(out, script, run.account, checks)
    if passed or interrupted:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        say(out, f"journal and logs are in {folder}")
    return int(not passed)


class ScenarioRun:
    """One run. `account` tells what became of it."""

    def __init__(self, settings: RunSettings, made: Plan, folder: Path) -> None:
        self.account = ScenarioAccount()
        self._settings = settings
        self._plan = made
        self._folder = folder
        self._crews = crews(settings.script.operators, settings.speed, self.account.why)
        self._attacker = Attacker(str(settings.seed))
        self._stack: Stack | None = None
        self._devices: Devices | None = None
        self._beginning_s = 0.0

    async def play(self, stop: asyncio.Event, out: Console) -> list[Check]:
        """Start the chain, play every event, wait for the end, and compare.

        Raises:
            SimulatorError: A part could not be started, or ended by itself.
        """
        script, speed = self._settings.script, self._settings.speed
        registry, policy = self._folder / "households.json", self._folder / "policy.toml"
        file = households.generate(script.buttons, self._settings.seed)
        await asyncio.to_thread(households.write, file, registry)
        write_atomically(policy, policy_text(script, speed).encode())
        stack_settings = StackSettings(
            data_dir=self._folder, registry=registry, policy=policy, broker=self._settings.broker
        )
        async with running(stack_settings) as stack:
            self._stack = stack
            self._devices = Devices(
                DevicesSettings(
                    broker=stack.broker_url,
                    households=file.households,
                    plan=self._plan,
                    heartbeat_s=heartbeat_s(script, speed),
                    seed=self._settings.seed,
                    drift_s=script.lasts_ms / 1_000 / speed if script.fleet.clocks_drift else 0.0,
                ),
                on_feedback=self._answered,
                on_sent=self._attacker.hear,
            )
            await self._with_everybody(stack, self._devices, stop, out)
            left = self.account.open_alarms()
        chain = await verify_chain(self._folder / "gateway")
        return checks_of(script, self.account, chain, left)

    async def _with_everybody(
        self, stack: Stack, devices: Devices, stop: asyncio.Event, out: Console
    ) -> None:
        """Hold devices and operators while the events are played."""
        teams = [self._team(stack, console) for console in stack.console_urls]
        ending, online = asyncio.Event(), asyncio.Event()
        failure: SimulatorError | None = None

        async def note_online() -> None:
            online.set()

        async with asyncio.TaskGroup() as group:
            working = [group.create_task(team.run(), name="operators") for team in teams]
            pressing = group.create_task(devices.fleet.run(ending, note_online), name="devices")
            try:
                await self._attached(teams, online)
                await self._events(stack, devices, stop, out)
            except SimulatorError as error:
                failure = error  # raised below, where no group wraps it
            finally:
                for task in working:
                    task.cancel()
                ending.set()
                await asyncio.wait({pressing})
        if failure is not None:
            raise failure

    def _team(self, stack: Stack, console: ConsoleId) -> Team:
        crew = self._crews[console]
        settings = TeamSettings(
            console=console,
            url=stack.console_urls[console],
            login=stack.logins[console][0],
            seed=self._settings.seed,
            step_of=crew.step_of,
            pace_of=crew.pace_of,
        )
        return Team(settings, on_view=self._viewed)

    @staticmethod
    async def _attached(teams: list[Team], online: asyncio.Event) -> None:
        waits = [online.wait(), *(team.attached.wait() for team in teams)]
        try:
            async with asyncio.timeout(START_S_MAX):
                await asyncio.gather(*waits)
        except TimeoutError:
            raise ScenarioError("devices or operators could not connect in time") from None

    # -- the events ---------------------------------------------------------------------

    async def _events(
        self, stack: Stack, devices: Devices, stop: asyncio.Event, out: Console
    ) -> None:
        self._beginning_s = clock.monotonic_s()
        with Screen(out, self._settings.script, self._settings.speed) as screen:
            async with sender(stack.broker_url, "attacker") as session:
                for event in self._plan.events:
                    await self._wait_until(event.at_ms, screen, stop)
                    if stop.is_set():
                        return
                    await self._happen(event, devices, session)
            await self._wait_until(self._plan.lasts_ms, screen, stop)
            await self._settle(screen, stop)

    async def _happen(self, event: Event, devices: Devices, session: MqttSession) -> None:
        if event.what == "press":
            device_id = devices.id_of(event.button)
            press_id = devices.press(event)
            self.account.pressed(press_id, device_id, event.why, _now_us())
        elif event.what == "attack":
            now_ms = clock.now_ms()
            self._attacker.attack(session, event, devices.id_of(event.button), now_ms)
        elif not devices.happen(event):
            await self._part(event, devices)

    async def _part(self, event: Event, devices: Devices) -> None:
        """Stop or start the gateway or the broker; of a given broker, every connection."""
        stack = self._stack
        if stack is None:
            return
        name, _, what = event.what.partition("_")
        part = stack.gateway if name == "gateway" else stack.broker
        if part is None:
            for button in range(self._settings.script.buttons):
                devices.happen(
                    event._replace(what="cut" if what == "stop" else "back", button=button)
                )
        elif what == "stop":
            await part.stop()
        elif not part.is_running():
            await part.start()

    async def _wait_until(self, at_ms: int, screen: Screen, stop: asyncio.Event) -> None:
        """Wait for a moment of the scenario, and show how it stands meanwhile."""
        due_s = self._beginning_s + at_ms / 1_000 / self._settings.speed
        while not stop.is_set():
            left_s = due_s - clock.monotonic_s()
            if left_s <= 0:
                await asyncio.sleep(0)
                return
            await _rest(min(left_s, _LOOK_S), stop)
            self._show(screen)

    def _show(self, screen: Screen) -> None:
        elapsed_s = max(clock.monotonic_s() - self._beginning_s, 0.001)
        at_ms = min(round(elapsed_s * 1_000 * self._settings.speed), self._plan.lasts_ms)
        standing = self.account.standing()
        online = self._devices.fleet.online if self._devices is not None else 0
        screen.show(at_ms, standing, online=online, rate_per_s=standing.presses / elapsed_s)

    async def _settle(self, screen: Screen, stop: asyncio.Event) -> None:
        """Wait until every press is everywhere, and every alarm closed by both consoles."""
        longest_s = max(crew.longest_s for crew in self._crews.values())
        await self._until(lambda: self.account.standing().waiting == 0, SETTLE_S_MAX, screen, stop)
        close_s = SETTLE_S_MAX + longest_s
        await self._until(lambda: self.account.open_alarms() == 0, close_s, screen, stop)

    async def _until(
        self, is_so: Callable[[], bool], longest_s: float, screen: Screen, stop: asyncio.Event
    ) -> None:
        deadline_s = clock.monotonic_s() + longest_s
        while not is_so() and not stop.is_set() and clock.monotonic_s() < deadline_s:
            dead = self._stack.dead() if self._stack is not None else None
            if dead is not None:
                raise ScenarioError(f"{dead.name} ended by itself")
            await _rest(_LOOK_S, stop)
            self._show(screen)

    # -- what is heard ------------------------------------------------------------------

    def _answered(self, _device: Device, message: Feedback, _outcome: FeedbackOutcome) -> None:
        self.account.answered(message, _now_us())

    def _viewed(self, console: ConsoleId, view: AlarmView) -> None:
        self.account.viewed(console, view, _now_us())


def _now_us() -> int:
    return round(clock.monotonic_s() * 1_000_000)


async def _rest(seconds: float, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
