"""Traccar issue 3315: an SOS that routine traffic overtook came one to two minutes late."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.households import Household
from alarm_protocol.messages import Heartbeat
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.mqtt_session import MqttSession
from simulator.outages.scene import Scene, sender
from simulator.outages.verdict import Checks, Verdict, delay_of

EXPECTATION = (
    "Among 2,000 routine messages a second an SOS is on both consoles as fast as when idle: "
    "its middle within four times the idle middle, its worst within four times the idle worst, "
    "and in any case within half a second."
)
SOURCE = "Traccar issue 3315"
MESSAGES_PER_S = 2_000
TIMES_IDLE_MAX = 4.0
FLOOR_MS = 500.0
SOS_PER_S = 10.0
STEP_S = 0.01


async def _routine(session: MqttSession, homes: Sequence[Household], stop: asyncio.Event) -> int:
    """Beat for many devices until told to stop; return how many messages that were."""
    start_s, sent = clock.monotonic_s(), 0
    while not stop.is_set():
        now_ms = clock.now_ms()
        due = round((clock.monotonic_s() - start_s) * MESSAGES_PER_S)
        while sent < due:
            home = homes[sent % len(homes)]
            beat = Heartbeat(device_id=home.device_id, sent_at_ms=now_ms, battery_pct=90)
            session.publish(topics.heartbeat(home.device_id), encode(beat), qos=0)
            sent += 1
        await asyncio.sleep(STEP_S)
    return sent


async def sos_in_traffic(folder: Path, *, seconds: float, seed: int) -> Verdict:
    """Play it again; return what was found."""
    scene = Scene(folder, pressers=50, others=1_000, seed=seed)
    checks = Checks()
    count = max(10, round(seconds * SOS_PER_S))
    chosen = [scene.devices[number % len(scene.devices)] for number in range(count)]
    async with scene.rig.running():
        idle = await scene.press_each(chosen, SOS_PER_S)
        checks.add("idle: every SOS is on both consoles", await scene.settle(), len(idle))
        async with sender(scene.rig.broker_url, "routine") as session:
            stop = asyncio.Event()
            beating = asyncio.create_task(_routine(session, scene.others, stop), name="routine")
            began_s = clock.monotonic_s()
            busy = await scene.press_each(chosen, SOS_PER_S)
            settled = await scene.settle()
            stop.set()
            per_s = await beating / (clock.monotonic_s() - began_s)
        checks.add("in traffic: every SOS is on both consoles", settled, len(busy))
    before, during = delay_of(idle), delay_of(busy)
    enough = per_s >= MESSAGES_PER_S * 0.9
    checks.add("the traffic was there", enough, f"{per_s:.0f} messages a second")
    for word, was, now in (
        ("middle", before.middle_ms, during.middle_ms),
        ("worst", before.worst_ms, during.worst_ms),
    ):
        bound_ms = max(FLOOR_MS, TIMES_IDLE_MAX * was)
        ratio = now / max(was, 0.001)
        found = f"{now:.1f} ms, {ratio:.1f} times the idle {was:.1f} ms"
        checks.add(f"the {word} within {bound_ms:.0f} ms", now <= bound_ms, found)
    return Verdict(
        name="sos-in-traffic", source=SOURCE, expectation=EXPECTATION, checks=tuple(checks.found)
    )
