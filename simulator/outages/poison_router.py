"""Spain, COMETA, 11 November 2025: messages that fail their handler and come again and again.

The router that sorts messages by type failed; about 10% of the messages were tried again and
again and overloaded the system. The panic buttons stayed up: so must they here.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alarm_protocol import topics
from alarm_protocol.codec import encode, encode_press
from alarm_protocol.households import Household
from alarm_protocol.messages import Heartbeat, Press
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.mqtt_session import MqttSession
from alarm_protocol.units import DeviceId, PressId
from simulator import ids
from simulator.chaos.evidence import read_journal
from simulator.outages.scene import Scene, sender
from simulator.outages.verdict import Checks, Verdict, delay_of

EXPECTATION = (
    "While one in ten messages is unreadable, huge or doubtful and comes again every second, "
    "every panic press is on both consoles with priority 1, once, within ten times the idle "
    "middle or one second; the poison is written down or counted, and stops nothing."
)
SOURCE = "COMETA, Spain, 11 Nov 2025"
MESSAGES_PER_S = 1_000
POISON_SHARE = 10
"""One in so many."""
STEP_S = 0.02
PANIC_PER_S = 10.0
FLOOR_MS = 1_000.0
TIMES_IDLE_MAX = 10.0
HUGE_BYTES = 100_000
HUGE_SHARE = 10
"""One in so many of the poisonous ones is huge."""


@dataclass(frozen=True, slots=True)
class _Poison:
    topic: str
    payload: bytes


def _poison(number: int, home: Household) -> _Poison:
    """Return one of the poisonous messages; each comes again exactly as it was."""
    topic = topics.press(home.device_id)
    if number % HUGE_SHARE == 0:
        return _Poison(topic, b'{"press_id":"' + b"x" * HUGE_BYTES)
    kind = number % 4
    if kind == 0:
        return _Poison(topic, b"\xff\xfe" + number.to_bytes(4, "big"))
    if kind == 1:
        return _Poison(topic, b'{"press_id":"a","trigger":["press"],"attempt":')
    now_ms = clock.now_ms()
    stranger = DeviceId(f"stranger-{number}")
    device_id = home.device_id if kind == 2 else stranger  # noqa: PLR2004 - the third kind
    press = Press(
        press_id=PressId(ids.press_id(now_ms)),
        device_id=device_id,
        sequence=number,
        pressed_at_ms=now_ms,
        trigger="press",
        attempt=1,
    )
    return _Poison(topics.press(device_id), encode_press(press, None))


async def _flood(session: MqttSession, homes: Sequence[Household], stop: asyncio.Event) -> int:
    """Send heartbeats, and in between the poison, over and over, until told to stop."""
    share = MESSAGES_PER_S // POISON_SHARE
    poison = [_poison(number, homes[number % len(homes)]) for number in range(share)]
    now_ms = clock.now_ms()
    beats = [
        _Poison(
            topics.heartbeat(home.device_id),
            encode(Heartbeat(device_id=home.device_id, sent_at_ms=now_ms)),
        )
        for home in homes
    ]
    start_s, sent = clock.monotonic_s(), 0
    while not stop.is_set():
        due = round((clock.monotonic_s() - start_s) * MESSAGES_PER_S)
        while sent < due:
            bad = sent % POISON_SHARE == 0
            one = poison[sent // POISON_SHARE % share] if bad else beats[sent % len(beats)]
            session.publish(one.topic, one.payload, qos=1 if bad else 0)
            sent += 1
        await asyncio.sleep(STEP_S)
    return sent


async def poison_router(folder: Path, *, seconds: float, seed: int) -> Verdict:
    """Play it again; return what was found."""
    scene = Scene(folder, pressers=50, others=200, seed=seed)
    checks = Checks()
    count = max(10, round(seconds * PANIC_PER_S))
    devices = scene.devices
    async with scene.rig.running():
        idle = await scene.press_each(devices[:20], PANIC_PER_S)
        checks.add("all is well before", await scene.settle(), "settled")
        pid = scene.rig.gateway.pid
        async with sender(scene.rig.broker_url, "poison") as session:
            stop = asyncio.Event()
            flooding = asyncio.create_task(_flood(session, scene.others, stop), name="poison")
            chosen = [devices[number % len(devices)] for number in range(count)]
            panic = await scene.press_each(chosen, PANIC_PER_S)
            settled = await scene.settle()
            stop.set()
            sent = await flooding
        checks.add("every panic press is answered and on both consoles", settled, len(panic))
        checks.add("the gateway runs on", pid == scene.rig.gateway.pid, f"process {pid}")
    before, during = delay_of(idle), delay_of(panic)
    bound_ms = max(FLOOR_MS, before.middle_ms * TIMES_IDLE_MAX)
    checks.add(
        f"panic presses within {bound_ms:.0f} ms",
        during.worst_ms <= bound_ms,
        f"middle {during.middle_ms:.1f}, worst {during.worst_ms:.1f} ms "
        f"(idle {before.middle_ms:.1f}) beside {sent} messages",
    )
    found = read_journal(scene.rig.data_dir)
    own = [found.presses.get(press.press_id) for press in (*idle, *panic)]
    checks.equal("in the journal", len(own), sum(one is not None for one in own))
    checks.equal(
        "with priority 1 and no doubt",
        len(own),
        sum(one is not None and one.priority == 1 and not one.doubts for one in own),
    )
    counted = found.kinds["quarantined"], found.kinds["condensed"]
    checks.add("poison is written down, then counted", all(counted), f"{counted[0]} + {counted[1]}")
    checks.equal("nothing is in the journal twice", 0, len(found.repeated))
    return Verdict(
        name="poison-router", source=SOURCE, expectation=EXPECTATION, checks=tuple(checks.found)
    )
