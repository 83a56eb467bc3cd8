"""From a seed to a plan: who presses when, and what goes wrong.

Each seed takes a part of the faults only (every second one, on average): a run in which all
go wrong at once hides what two of them do to each other. Half of the faults strike close to a
press, where they hurt.
"""

from collections.abc import Callable
from random import Random
from typing import Literal, NamedTuple, get_args

from alarm_protocol.messages import Trigger
from alarm_protocol.units import CONSOLES
from simulator.world.attacker import ATTACKS
from simulator.world.errors import WorldError
from simulator.world.gateway import ALARM_CLIENT, SUPERVISION_CLIENT
from simulator.world.loop import dice_of
from simulator.world.plan import CRASH_STEPS, DevicePlan, Happening, Plan

HOURS_MAX = 24 * 31
DEVICES_MAX = 20_000
FULL_BEATS_DEVICE_HOURS = 200
"""Worlds up to this size beat every minute, as in the field."""
THIN_BEAT_MS = 15 * 60_000
"""Larger ones beat every 15 minutes, and their devices are of a category that may be silent for
30: the same decisions, and the fifteenth part of the heartbeats that decide nothing."""
PRESSES_PER_DEVICE = 4.0
"""In a small world: presses of each device, whatever its length."""
PRESSES_A_DAY = 1.0
"""In a large world: presses of each device a day; the field has far fewer."""
_TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
_TRIGGER_WEIGHTS = (60, 12, 10, 6, 12)
_SWARM_CHANCE = 0.5
_GONE_CHANCE = 0.4
_POWER_CHANCE = 0.4
_GONE_MS = 3_600_000
_STUCK_CHANCE = 0.02
_STUCK_PRESSES = 24
"""A button that hangs: presses faster than any operator reads."""
_QUARTER_MS = 15 * 60_000
_EDGE_MS = 5_000
_WRONG_CLOCKS_MS = (0, 0, 0, 0, 25_000, -50_000, 3_600_000, -3_600_000, -63_072_000_000)
_DRIFTS_PPM = (0, 0, 50, -50, 2_000, -2_000)
FaultName = Literal[
    "delay", "reorder", "duplicate", "drop", "disconnect", "half-open", "session-loss",
    "broker-restart", "gateway-crash", "gateway-pause", "disk-slow", "disk-fail", "disk-full",
    "device-restart", "clock", "console-restart", "console-slow", "collide", "home", "attack",
]  # fmt: skip
FAULTS: tuple[FaultName, ...] = get_args(FaultName)


class Wish(NamedTuple):
    """What a run should be."""

    seed: int
    hours: float = 0.25
    devices: int = 5
    faults: tuple[FaultName, ...] = FAULTS
    swarm: bool = True
    """Take every second of these faults; False: all of them."""


def parse_faults(text: str) -> tuple[FaultName, ...]:
    """Read `all`, `none`, or names between commas.

    Raises:
        WorldError: A name is not that of a fault.
    """
    if text == "all":
        return FAULTS
    if text == "none":
        return ()
    wanted = [name.strip() for name in text.split(",")]
    unknown = [name for name in wanted if name not in FAULTS]
    if unknown:
        raise WorldError(
            f"there is no fault {unknown[0]!r}; choose all, none, or from: {', '.join(FAULTS)}"
        )
    return tuple(name for name in FAULTS if name in wanted)


class _Times:
    """Where in a run something happens: anywhere, or close to a press."""

    def __init__(self, dice: Random, length_ms: int, presses: list[Happening]) -> None:
        self.dice = dice
        self.length_ms = length_ms
        self._presses = presses

    def pick(self, for_ms: int) -> int:
        """Return when something begins that lasts so long."""
        latest_ms = max(_EDGE_MS, self.length_ms - for_ms - _EDGE_MS)
        if self._presses and self.dice.random() < 0.6:  # noqa: PLR2004 - rather close to a press
            near_ms = self.dice.choice(self._presses).at_ms
            return min(latest_ms, max(_EDGE_MS, near_ms + self.dice.randint(-1_500, 2_500)))
        return self.dice.randint(_EDGE_MS, latest_ms)

    def lasts(self, shortest_ms: int, longest_ms: int) -> int:
        """Return a length of time that fits into the run."""
        longest_ms = max(1, min(longest_ms, self.length_ms - 2 * _EDGE_MS))
        return self.dice.randint(min(shortest_ms, longest_ms), longest_ms)


def make_plan(wish: Wish) -> Plan:
    """Make the plan of a seed.

    Raises:
        WorldError: The size is out of range.
    """
    if not 0 < wish.hours <= HOURS_MAX or not 1 <= wish.devices <= DEVICES_MAX:
        raise WorldError(
            f"a world has 1 to {DEVICES_MAX} devices and lasts up to {HOURS_MAX} hours"
        )
    length_ms = max(60_000, int(wish.hours * 3_600_000))
    dice = dice_of(wish.seed, "plan")
    faults = tuple(
        name
        for name in wish.faults
        if not wish.swarm or dice_of(wish.seed, name).random() < 0.5  # noqa: PLR2004
    )
    large = wish.devices * wish.hours > FULL_BEATS_DEVICE_HOURS
    devices = tuple(
        _device(dice, number, faults, slow_beats=large) for number in range(1, wish.devices + 1)
    )
    per_device = PRESSES_A_DAY * wish.hours / 24 if large else PRESSES_PER_DEVICE
    presses = _presses(dice, devices, length_ms, per_device)
    happenings = list(presses)
    for name in faults:
        times = _Times(dice_of(wish.seed, f"plan/{name}"), length_ms, presses)
        if name in _MAKERS:
            rounds = times.dice.randint(1, 3) * max(1, length_ms // _QUARTER_MS)
            for _ in range(rounds):
                happenings += _MAKERS[name](times, devices)
    return Plan(
        seed=wish.seed,
        length_ms=length_ms,
        devices=devices,
        happenings=tuple(sorted(happenings, key=lambda one: one.at_ms)),
        heartbeat_every_ms=THIN_BEAT_MS if large else 60_000,
    )


def _device(
    dice: Random, number: int, faults: tuple[FaultName, ...], *, slow_beats: bool
) -> DevicePlan:
    clocks = "clock" in faults
    return DevicePlan(
        device_id=f"aware-{number:06d}",
        number=number,
        signed=dice.random() > 0.05,  # noqa: PLR2004 - a few old devices cannot sign
        registered=dice.random() > 0.05,  # noqa: PLR2004 - a few are in no file
        in_service=dice.random() > 0.03,  # noqa: PLR2004 - a few should be in a drawer
        clock_offset_ms=dice.choice(_WRONG_CLOCKS_MS) * clocks,
        drift_ppm=dice.choice(_DRIFTS_PPM) * clocks,
        slow_beats=slow_beats,
    )


def _presses(
    dice: Random, devices: tuple[DevicePlan, ...], length_ms: int, per_device: float
) -> list[Happening]:
    """Spread presses: single ones, bursts of a frightened person, and buttons that hang."""
    presses: list[Happening] = []
    while len(presses) < max(1, round(per_device * len(devices))):
        device = dice.choice(devices).device_id
        at_ms = dice.randint(_EDGE_MS, max(_EDGE_MS, length_ms - 1_000))
        stuck = dice.random() < _STUCK_CHANCE
        for _ in range(_STUCK_PRESSES if stuck else dice.choice((1, 1, 1, 2, 4))):
            (trigger,) = dice.choices(_TRIGGERS, _TRIGGER_WEIGHTS)
            presses.append(Happening(at_ms=at_ms, kind="press", who=device, how=trigger))
            gap_ms = 700 if stuck else dice.choice((0, 3, 40, 900, 6_000))
            at_ms = min(length_ms - 1, at_ms + gap_ms)
    return presses


Devices = tuple[DevicePlan, ...]


def _client(times: _Times, devices: Devices) -> str:
    """Choose whose connection suffers: the gateway's and the consoles' as often as a device's."""
    dice = times.dice
    device = f"device-{dice.choice(devices).device_id}"
    return dice.choice((ALARM_CLIENT, SUPERVISION_CLIENT, "police", "veilig_thuis", device, device))


def _lasting(
    times: _Times, kind: str, shortest_ms: int, longest_ms: int, *, who: str = "", how: str = "",
    amount: int = 0,
) -> Happening:  # fmt: skip
    for_ms = times.lasts(shortest_ms, longest_ms)
    at_ms = times.pick(for_ms)
    return Happening(at_ms=at_ms, kind=kind, who=who, how=how, for_ms=for_ms, amount=amount)


def _delay(times: _Times, devices: Devices) -> list[Happening]:
    amount = times.dice.choice((50, 300, 1_500, 6_000))
    who = _client(times, devices)
    return [_lasting(times, "delay", 2_000, 60_000, who=who, amount=amount)]


def _reorder(times: _Times, _devices: Devices) -> list[Happening]:
    return [_lasting(times, "reorder", 5_000, 120_000)]


def _duplicate(times: _Times, _devices: Devices) -> list[Happening]:
    amount = times.dice.choice((5, 30, 100))
    return [_lasting(times, "duplicate", 5_000, 120_000, amount=amount)]


def _drop(times: _Times, _devices: Devices) -> list[Happening]:
    return [_lasting(times, "drop", 5_000, 120_000, amount=times.dice.choice((20, 100)))]


def _disconnect(times: _Times, devices: Devices) -> list[Happening]:
    return [_lasting(times, "disconnect", 1, 30_000, who=_client(times, devices))]


def _half_open(times: _Times, devices: Devices) -> list[Happening]:
    return [_lasting(times, "half-open", 1_000, 30_000, who=_client(times, devices))]


def _session_loss(times: _Times, devices: Devices) -> list[Happening]:
    return [_lasting(times, "session-loss", 1, 1_000, who=_client(times, devices))]


def _broker_restart(times: _Times, _devices: Devices) -> list[Happening]:
    how = times.dice.choice(("with its state", "without its state", "with an older state"))
    old_ms = times.dice.randint(1_000, 120_000)
    broker = _lasting(times, "broker-restart", 50, 15_000, how=how, amount=old_ms)
    if times.dice.random() > _POWER_CHANCE:
        return [broker]
    # Often it is the power: consoles go down with the broker, and are back later.
    for_ms = broker.for_ms + times.dice.randint(2_000, 15_000)
    dark = times.dice.choice((CONSOLES, CONSOLES[:1], CONSOLES[1:]))
    return [
        broker,
        *(
            Happening(at_ms=broker.at_ms, kind="console-restart", who=console, for_ms=for_ms)
            for console in dark
        ),
    ]


def _gateway_crash(times: _Times, _devices: Devices) -> list[Happening]:
    how = times.dice.choice(CRASH_STEPS)
    return [_lasting(times, "gateway-crash", 10, 8_000, how=how)]


def _gateway_pause(times: _Times, _devices: Devices) -> list[Happening]:
    return [_lasting(times, "gateway-pause", 100, 12_000)]


def _disk_slow(times: _Times, _devices: Devices) -> list[Happening]:
    amount = times.dice.choice((60, 400, 2_000))
    return [_lasting(times, "disk-slow", 1_000, 30_000, amount=amount)]


def _disk_fail(times: _Times, _devices: Devices) -> list[Happening]:
    return [_lasting(times, "disk-fail", 1, 2)]


def _disk_full(times: _Times, _devices: Devices) -> list[Happening]:
    return [_lasting(times, "disk-full", 500, 20_000)]


def _device_restart(times: _Times, devices: Devices) -> list[Happening]:
    who = times.dice.choice(devices).device_id
    amount = times.dice.choice(_WRONG_CLOCKS_MS)
    return [_lasting(times, "device-restart", 1, 2, who=who, amount=amount)]


def _console_restart(times: _Times, _devices: Devices) -> list[Happening]:
    return [_lasting(times, "console-restart", 100, 20_000, who=times.dice.choice(CONSOLES))]


def _console_slow(times: _Times, _devices: Devices) -> list[Happening]:
    who, amount = times.dice.choice(CONSOLES), times.dice.choice((30, 300, 1_500))
    return [_lasting(times, "console-slow", 1_000, 20_000, who=who, amount=amount)]


def _collide(times: _Times, _devices: Devices) -> list[Happening]:
    return [_lasting(times, "collide", 60_000, 600_000, who=times.dice.choice(CONSOLES))]


def _home(times: _Times, _devices: Devices) -> list[Happening]:
    """Send the operators of a console away: for minutes, or for the rest of the run."""
    who = times.dice.choice(CONSOLES)
    if times.dice.random() < _GONE_CHANCE:
        at_ms = times.dice.randint(times.length_ms // 2, times.length_ms)
        return [Happening(at_ms=at_ms, kind="home", who=who, for_ms=_GONE_MS)]
    return [_lasting(times, "home", 30_000, 300_000, who=who)]


def _attack(times: _Times, devices: Devices) -> list[Happening]:
    who = times.dice.choice(devices).device_id
    return [
        _lasting(times, "attack", 1, 2, who=who, how=times.dice.choice(ATTACKS))
        for _ in range(times.dice.randint(1, 4))
    ]


_MAKERS: dict[FaultName, Callable[[_Times, Devices], list[Happening]]] = {
    "delay": _delay,
    "reorder": _reorder,
    "duplicate": _duplicate,
    "drop": _drop,
    "disconnect": _disconnect,
    "half-open": _half_open,
    "session-loss": _session_loss,
    "broker-restart": _broker_restart,
    "gateway-crash": _gateway_crash,
    "gateway-pause": _gateway_pause,
    "disk-slow": _disk_slow,
    "disk-fail": _disk_fail,
    "disk-full": _disk_full,
    "device-restart": _device_restart,
    "console-restart": _console_restart,
    "console-slow": _console_slow,
    "collide": _collide,
    "home": _home,
    "attack": _attack,
}
