"""One run: everything is put together, the plan happens, and the end is looked at."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import GatewayError
from alarm_gateway.core.policy import Policy
from alarm_protocol.messages import Trigger
from alarm_protocol.units import CONSOLES, POLICE, VEILIG_THUIS, ConsoleId, DeviceId
from simulator.world.attacker import Attacker
from simulator.world.broker import Broker, Saved
from simulator.world.buttons import Button
from simulator.world.checker import Checker
from simulator.world.client import Net
from simulator.world.console import Console
from simulator.world.disk import USUAL_MS_MAX, Disk
from simulator.world.ending import check_boards, check_presses, check_retained
from simulator.world.errors import RuleBrokenError
from simulator.world.gateway import Gateway, GatewayParts, MakeEngine
from simulator.world.homes import household_of
from simulator.world.loop import START_MS, Loop
from simulator.world.people import Team
from simulator.world.plan import CRASH_STEPS, SETTLE_MS, Happening, Plan
from simulator.world.trace import Trace
from simulator.world.weather import Weather

LAST_ACTIONS_MS = 20_000
"""After the plan's end the operators act so long; then nothing changes any more by itself."""
_TRIGGERS: dict[str, Trigger] = {
    "press": "press", "hold": "hold", "duress": "duress", "cancel": "cancel", "test": "test",
}  # fmt: skip
_FAULT_KINDS_EXCLUDED = ("press",)
_CALM_KINDS = ("press", "attack", "home", "collide", "device-restart")
"""What is no trouble for the way from the gateway to the boards."""
LOOK_EVERY_MS = 5_000
CALM_MS = 45_000
"""A view is repeated every 30 s, a client connects within 10 s."""


class Recipe(NamedTuple):
    """Of which parts a gateway is made. Tests put faulty ones in and see that it shows."""

    make_engine: MakeEngine = Engine
    make_gateway: type[Gateway] = Gateway
    policy: Policy = Policy()


GOOD = Recipe()


class Broken(Struct, frozen=True, kw_only=True):
    """A rule that did not hold."""

    rule: str
    at_ms: int
    text: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a run."""

    seed: int
    virtual_ms: int
    steps: int
    digest: str
    presses: int
    alarms: int
    records: int
    lives: int
    faults: dict[str, int]
    answers: dict[str, int]
    broken: Broken | None


class World:
    """One world, for one run."""

    def __init__(self, plan: Plan, recipe: Recipe = GOOD) -> None:
        self.plan = plan
        self.loop = Loop()
        self.trace = Trace(self.loop)
        self.weather = Weather()
        self.broker = Broker(self.loop, self.weather, plan.seed)
        net = Net(self.loop, self.weather, self.broker, plan.seed)
        registry = {
            DeviceId(device.device_id): household_of(device)
            for device in plan.devices
            if device.registered
        }
        self.checker = Checker(self.loop, registry, self.trace)
        self.disk = Disk(self.loop, plan.seed, self.checker.durable)
        parts = GatewayParts(recipe.make_engine, recipe.policy, registry)
        self.gateway = recipe.make_gateway(net, self.disk, parts, self.checker)
        self.teams: dict[ConsoleId, Team] = {
            console: Team(self.loop, plan.seed, console, self.checker) for console in CONSOLES
        }
        self.consoles: dict[ConsoleId, Console] = {
            console: Console(net, console, self.checker, self.teams[console].see)
            for console in CONSOLES
        }
        for console, team in self.teams.items():
            team.sit_at(self.consoles[console])
        self.buttons = {
            device.device_id: Button(net, device, self.checker, plan.heartbeat_every_ms)
            for device in plan.devices
        }
        self.attacker = Attacker(net)
        self.faults: Counter[str] = Counter()
        self._saved: dict[int, Saved] = {}
        self._calm_from_ms = START_MS
        self._until_ms: Counter[str] = Counter()
        self._do: dict[str, Callable[[Happening], None]] = {
            "press": self._press,
            "device-restart": self._device_restart,
            "delay": self._delay,
            "reorder": self._reorder,
            "duplicate": self._duplicate,
            "drop": self._drop,
            "disconnect": self._disconnect,
            "half-open": self._half_open,
            "session-loss": self._session_loss,
            "broker-restart": self._broker_restart,
            "gateway-crash": self._gateway_crash,
            "gateway-pause": lambda one: self.gateway.pause(one.for_ms),
            "disk-slow": self._disk_slow,
            "disk-fail": self._disk_fail,
            "disk-full": self._disk_full,
            "console-restart": lambda one: self._console(one).stop(one.for_ms),
            "console-slow": self._console_slow,
            "collide": self._collide,
            "home": self._home,
            "attack": self._attack,
        }

    # -- the run ------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Let the plan happen, let everything come to rest, and look at the end."""
        broken = None
        try:
            self._begin()
            self.loop.run_until(START_MS + self.plan.length_ms)
            self.weather.clear()
            self.loop.run_until(self.loop.now_ms + LAST_ACTIONS_MS)
            for team in self.teams.values():
                team.home_until_ms = self.loop.now_ms + 10 * SETTLE_MS
            self.loop.run_until(self.loop.now_ms + SETTLE_MS - LAST_ACTIONS_MS)
            self._end()
        except RuleBrokenError as error:
            broken = Broken(rule=error.rule, at_ms=error.at_ms, text=error.text)
        except GatewayError as error:
            # The engine contradicts itself; a real gateway would stop here, again and again.
            broken = Broken(rule="invariant", at_ms=self.loop.since_start_ms, text=str(error))
        return Outcome(
            seed=self.plan.seed,
            virtual_ms=self.loop.since_start_ms,
            steps=self.loop.steps,
            digest=self.trace.digest,
            presses=len(self.checker.pressed_keys),
            alarms=len(self.checker.facts.alarms),
            records=len(self.disk.rows),
            lives=self.gateway.lives,
            faults=dict(sorted(self.faults.items())),
            answers=dict(sum((Counter(team.answers) for team in self.teams.values()), Counter())),
            broken=broken,
        )

    def _begin(self) -> None:
        self.gateway.start()
        for console in self.consoles.values():
            console.start()
        self.attacker.start()
        for number, button in enumerate(self.buttons.values()):
            self.loop.after(number % 4_000, button.start)
        for number, one in enumerate(self.plan.happenings):
            if one.kind == "broker-restart" and one.how == "with an older state":
                self.loop.at(START_MS + max(0, one.at_ms - one.amount), self._save, number)
            self.loop.at(START_MS + one.at_ms, self._happen, number)
        self.loop.after(LOOK_EVERY_MS, self._look)

    def _end(self) -> None:
        at_ms = self.loop.since_start_ms
        pending = (
            (name, press_id)
            for name, button in self.buttons.items()
            for press_id in button.device.pending
        )
        check_presses(self.checker, pending, at_ms)
        self._check_boards(self.loop.now_ms)
        check_retained(self.checker, self.broker.retained, at_ms)

    def _check_boards(self, unchanged_since_ms: int) -> None:
        boards = {name: console.board for name, console in self.consoles.items()}
        check_boards(self.checker, boards, self.loop.since_start_ms, unchanged_since_ms)

    def _look(self) -> None:
        """Look at the boards also during the run, whenever nothing has gone wrong for a while."""
        now_ms = self.loop.now_ms
        if now_ms - max(self._calm_from_ms, self.gateway.since_ms) >= CALM_MS and (
            self.gateway.alive
        ):
            self._check_boards(now_ms - CALM_MS)
        self.loop.after(LOOK_EVERY_MS, self._look)

    def _happen(self, number: int) -> None:
        one = self.plan.happenings[number]
        if one.kind not in _CALM_KINDS:
            over_ms = self.loop.now_ms + one.for_ms + 2 * one.amount * (one.kind != "drop")
            self._calm_from_ms = max(self._calm_from_ms, over_ms)
        if one.kind not in _FAULT_KINDS_EXCLUDED:
            self.faults[one.kind] += 1
            self.trace.note("world", f"{one.kind} {one.who} {one.how}".rstrip())
        if one.kind == "broker-restart":
            self._restart_from(one, self._saved.pop(number, None))
            return
        self._do[one.kind](one)

    def _later(self, one: Happening, over: Callable[[], None]) -> None:
        """Call `over` when this kind of trouble, and every one like it meanwhile, has passed."""
        key = f"{one.kind}/{one.who}"
        self._until_ms[key] = max(self._until_ms[key], self.loop.now_ms + one.for_ms)

        def end() -> None:
            if self.loop.now_ms >= self._until_ms[key]:
                over()

        self.loop.after(one.for_ms, end)

    # -- people and devices -------------------------------------------------------------

    def _press(self, one: Happening) -> None:
        self.buttons[one.who].press(_TRIGGERS[one.how])

    def _device_restart(self, one: Happening) -> None:
        self.buttons[one.who].restart(one.amount)

    def _console(self, one: Happening) -> Console:
        return self.consoles[POLICE if one.who == POLICE else VEILIG_THUIS]

    def _console_slow(self, one: Happening) -> None:
        console = self._console(one)
        console.slow_ms = one.amount
        self._later(one, lambda: setattr(console, "slow_ms", 0))

    def _collide(self, one: Happening) -> None:
        self.teams[self._console(one).console].collide_until_ms = self.loop.now_ms + one.for_ms

    def _home(self, one: Happening) -> None:
        team = self.teams[self._console(one).console]
        team.home_until_ms = max(team.home_until_ms, self.loop.now_ms + one.for_ms)

    def _attack(self, one: Happening) -> None:
        self.attacker.attack(DeviceId(one.who), one.how)

    # -- network and broker -------------------------------------------------------------

    def _client(self, one: Happening) -> str:
        """Return whose connection it is: a console's client has another name in each life."""
        if one.who in self.consoles:
            return self._console(one).client_id
        return one.who

    def _delay(self, one: Happening) -> None:
        client = self._client(one)
        self.weather.delay_ms[client] = one.amount
        self._later(one, lambda: self.weather.usual(client))

    def _reorder(self, one: Happening) -> None:
        self.weather.reorder = True
        self._later(one, lambda: setattr(self.weather, "reorder", False))

    def _duplicate(self, one: Happening) -> None:
        self.weather.duplicate_pct = one.amount
        self._later(one, lambda: setattr(self.weather, "duplicate_pct", 0))

    def _drop(self, one: Happening) -> None:
        self.weather.drop_pct = one.amount
        self._later(one, lambda: setattr(self.weather, "drop_pct", 0))

    def _disconnect(self, one: Happening) -> None:
        client = self._client(one)
        self.weather.offline_until_ms[client] = self.loop.now_ms + one.for_ms
        self.broker.kick(client)

    def _half_open(self, one: Happening) -> None:
        client = self._client(one)
        wire = self.broker.numb(client)
        if wire is not None:
            self.loop.after(one.for_ms, self._notice, client, wire)

    def _notice(self, client: str, wire: object) -> None:
        """Let both sides of a dead connection notice, if it is still that one."""
        self.broker.kick_if(client, wire)

    def _session_loss(self, one: Happening) -> None:
        self.broker.forget(self._client(one))

    def _save(self, number: int) -> None:
        self._saved[number] = self.broker.save()

    def _broker_restart(self, one: Happening) -> None:
        self._restart_from(one, None)

    def _restart_from(self, one: Happening, older: Saved | None) -> None:
        if not self.broker.up:
            return
        state = self.broker.save()
        if one.how == "without its state":
            state = Saved({}, {})
        elif one.how == "with an older state" and older is not None:
            state = older
        self.broker.stop()
        self.loop.after(one.for_ms, self.broker.start, state)

    # -- gateway and disk ---------------------------------------------------------------

    def _gateway_crash(self, one: Happening) -> None:
        """Die at a step, the next time there is something to lose."""
        self.gateway.crash_for_ms = one.for_ms
        self.gateway.crash_at = next(step for step in CRASH_STEPS if step == one.how)

    def _disk_slow(self, one: Happening) -> None:
        self.disk.slow_ms_max = one.amount
        # A write that begins in the last moment takes its time too, and one may wait for it.
        self.checker.hindered(self.loop.now_ms + one.for_ms + 2 * one.amount)
        self._later(one, lambda: setattr(self.disk, "slow_ms_max", USUAL_MS_MAX))

    def _disk_fail(self, _one: Happening) -> None:
        self.disk.fail_next = True

    def _disk_full(self, one: Happening) -> None:
        self.disk.full = True
        self._later(one, lambda: setattr(self.disk, "full", False))


def run_plan(plan: Plan, recipe: Recipe = GOOD) -> Outcome:
    """Run a plan once."""
    return World(plan, recipe).run()
