"""What can go wrong, one coroutine for each; every one ends when the fault is over.

A fault returns when it was over: for a kill that is the moment of the kill, because whoever
comes back has only its own start to wait for; for everything else it is when the hindrance was
taken away. Recovery counts from there.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from random import Random

from alarm_protocol.runtime import clock
from alarm_protocol.units import CONSOLES
from simulator.chaos.errors import ChaosError
from simulator.chaos.rig import Rig
from simulator.processes import Part

STOP_S = (1.0, 8.0)
"""How long a part is stopped or a line stalled, in seconds."""
THROTTLE_BYTES_PER_S = (20_000, 200_000)
FAIL_STOP_S_MAX = 60.0
_EMPTY_S = (0.0, 2.0)


class Scale:
    """How long the pauses of faults are: 1 for a whole run, less for a short one."""

    def __init__(self, dice: Random, factor: float = 1.0) -> None:
        self.dice = dice
        self.factor = factor

    async def pause(self, bounds: tuple[float, float]) -> float:
        """Wait for a random time; return it."""
        seconds = max(0.2, self.dice.uniform(*bounds) * self.factor)
        await asyncio.sleep(seconds)
        return seconds


Fault = Callable[[Rig, Scale], Awaitable[int]]


async def _gateway_kill(rig: Rig, _scale: Scale) -> int:
    """SIGKILL the gateway and start it again."""
    rig.gateway.kill()
    zero_us = rig.over()
    await rig.gateway.start()
    return zero_us


async def _gateway_moved(rig: Rig, _scale: Scale) -> int:
    """Stop the gateway in order, move its data folder, and start it there."""
    code = await rig.gateway.stop()
    if code != 0:
        raise ChaosError(f"the gateway was asked to stop and ended with {code}")
    moved = rig.data_root / ("journal-b" if rig.data_dir.name == "journal" else "journal")
    rig.data_dir.rename(moved)
    rig.data_dir = moved
    rig.gateway.use_option("--data-dir", str(moved))
    zero_us = rig.over()
    await rig.gateway.start()
    return zero_us


async def _gateway_stop(rig: Rig, scale: Scale) -> int:
    """SIGSTOP the gateway for a while."""
    return await _stopped(rig, rig.gateway, scale)


async def _broker_kill(rig: Rig, _scale: Scale) -> int:
    """SIGKILL the broker; it comes back with what it last saved, which is old."""
    rig.broker.kill()
    zero_us = rig.over()
    await rig.broker.start()
    return zero_us


async def _broker_restart(rig: Rig, _scale: Scale) -> int:
    """Stop the broker in order and start it: it has its state."""
    await rig.broker.stop()
    zero_us = rig.over()
    await rig.broker.start()
    return zero_us


async def _broker_empty(rig: Rig, scale: Scale) -> int:
    """Stop the broker, delete its state, and start it after a moment."""
    await rig.broker.stop()
    for path in rig.broker_folder.iterdir():
        path.unlink()
    await scale.pause(_EMPTY_S)
    zero_us = rig.over()
    await rig.broker.start()
    return zero_us


async def _broker_stop(rig: Rig, scale: Scale) -> int:
    """SIGSTOP the broker for a while."""
    return await _stopped(rig, rig.broker, scale)


async def _console_kill(rig: Rig, scale: Scale) -> int:
    """SIGKILL one console, or both, and start it again."""
    chosen = scale.dice.choice((CONSOLES[:1], CONSOLES[1:], CONSOLES))
    for console in chosen:
        rig.stack.consoles[console].kill()
    zero_us = rig.over()
    for console in chosen:
        await rig.stack.consoles[console].start()
    return zero_us


async def _console_stop(rig: Rig, scale: Scale) -> int:
    """SIGSTOP one console for a while."""
    return await _stopped(rig, rig.stack.consoles[scale.dice.choice(CONSOLES)], scale)


async def _power_cut(rig: Rig, _scale: Scale) -> int:
    """SIGKILL everything at one moment, and start it in the usual order."""
    for part in rig.parts.values():
        part.kill()
    zero_us = rig.over()
    for part in rig.parts.values():
        await part.start()
    return zero_us


async def _disk_full(rig: Rig, _scale: Scale) -> int:
    """Take the room from the gateway's disk: it has to stop by itself; give it room, start it."""
    rig.disk.fill(rig.gateway.pid)
    until_s = clock.monotonic_s() + FAIL_STOP_S_MAX
    while not rig.gateway.has_ended():
        if clock.monotonic_s() > until_s:
            raise ChaosError(
                f"the disk was full for {FAIL_STOP_S_MAX:g} s and the gateway did not stop; "
                f"{rig.gateway.last_words()}"
            )
        await asyncio.sleep(0.01)
    rig.disk.make_room()
    zero_us = rig.over()
    await rig.gateway.start()
    return zero_us


async def _connections_reset(rig: Rig, scale: Scale) -> int:
    """Reset connections: of one party, or of all."""
    names = scale.dice.choice(([scale.dice.choice(list(rig.proxies))], list(rig.proxies)))
    for name in names:
        rig.proxies[name].cut()
    return rig.over()


async def _line_stalls(rig: Rig, scale: Scale) -> int:
    """Let nothing through a line for a while, its connections staying open."""
    proxy = rig.proxies[scale.dice.choice(list(rig.proxies))]
    proxy.stall(on=True)
    await scale.pause(STOP_S)
    proxy.stall(on=False)
    return rig.over()


async def _line_slow(rig: Rig, scale: Scale) -> int:
    """Throttle a line for a while."""
    proxy = rig.proxies[scale.dice.choice(list(rig.proxies))]
    proxy.throttle(scale.dice.randint(*THROTTLE_BYTES_PER_S))
    await scale.pause(STOP_S)
    proxy.throttle(None)
    return rig.over()


async def _stopped(rig: Rig, part: Part, scale: Scale) -> int:
    pid = part.pid
    if pid is None:
        raise ChaosError(f"{part.name} does not run; {part.last_words()}")
    os.killpg(pid, signal.SIGSTOP)
    try:
        await scale.pause(STOP_S)
    finally:
        os.killpg(pid, signal.SIGCONT)
    return rig.over()


FAULTS: dict[str, Fault] = {
    "gateway_kill": _gateway_kill,
    "gateway_stop": _gateway_stop,
    "gateway_moved": _gateway_moved,
    "broker_kill": _broker_kill,
    "broker_restart": _broker_restart,
    "broker_empty": _broker_empty,
    "broker_stop": _broker_stop,
    "console_kill": _console_kill,
    "console_stop": _console_stop,
    "power_cut": _power_cut,
    "disk_full": _disk_full,
    "connections_reset": _connections_reset,
    "line_stalls": _line_stalls,
    "line_slow": _line_slow,
}
"""Every kind of fault; a run begins with one of each, the gateway's kill first."""


def order_of(rounds: int, dice: Random) -> list[str]:
    """Return which faults come when: every kind once, then again in another order."""
    first, *others = FAULTS
    dice.shuffle(others)
    order = [first, *others]
    while len(order) < rounds:
        again = list(FAULTS)
        dice.shuffle(again)
        order += again
    return order[:rounds]


def parse_kinds(text: str) -> tuple[str, ...]:
    """Read names of kinds of faults, set apart by commas; an empty text names none.

    Raises:
        ChaosError: There is no such kind.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in FAULTS:
            raise ChaosError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
    return names
