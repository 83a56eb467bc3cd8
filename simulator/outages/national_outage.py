"""The Netherlands, 112, 24 June 2019: primary and back-ups down for hours, then all at once.

Hours are shortened. Presses that were handed to the broker early in the outage say so with
the time at which they were sent, three hours ago; the others wait in their devices.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from alarm_protocol import topics
from alarm_protocol.codec import encode_press
from alarm_protocol.households import Household
from alarm_protocol.messages import Press
from alarm_protocol.runtime import clock
from alarm_protocol.units import PressId, TimestampMs
from simulator import ids
from simulator.chaos.evidence import read_journal
from simulator.chaos.rig import now_us
from simulator.outages.scene import Scene, sender
from simulator.outages.verdict import Checks, Verdict

EXPECTATION = (
    "When gateway and broker return after hours, every press that was made meanwhile becomes "
    "an alarm of priority 1 on both consoles, once, in whatever order; those that were sent "
    "long ago bear the remark delivered_late, which lowers nothing; no press is lost."
)
SOURCE = "112, the Netherlands, 24 Jun 2019"
HOURS_MS = 3 * 3_600_000
WAIT_S_MAX = 30.0


async def national_outage(folder: Path, *, devices: int, seconds: float, seed: int) -> Verdict:
    """Play it again; return what was found."""
    scene = Scene(folder, pressers=devices, others=devices, seed=seed)
    rig, checks = scene.rig, Checks()
    async with rig.running():
        await scene.press_each(scene.devices[:5], 20.0)
        checks.add("all is well before", await scene.settle(), "settled")
        await rig.gateway.stop()
        early = await _send_early(scene)
        await rig.broker.stop()
        made = await scene.press_each(scene.devices, devices / seconds)
        checks.equal("nobody was answered meanwhile", 0, sum(bool(one.answered_us) for one in made))
        back_us = now_us()
        await rig.broker.start()
        await rig.gateway.start()
        settled = await scene.settle()
        took_ms = (max((one.shown_us for one in made), default=back_us) - back_us) // 1_000
        checks.add("all presses of the outage are on both consoles", settled, f"in {took_ms} ms")
        await _until_shown(scene, early)
        shown = [
            sum(f"{home.device_id}.1" in rig.ledger.views[console] for home in scene.others)
            for console in rig.ledger.views
        ]
        checks.equal("those that the broker held are there too", [len(early)] * 2, shown)
    found = read_journal(rig.data_dir)
    held = [found.presses[one] for one in early if one in found.presses]
    waited = [found.presses[one.press_id] for one in made if one.press_id in found.presses]
    checks.equal("in the journal", len(early) + len(made), len(held) + len(waited))
    checks.equal("all with priority 1", {1}, {one.priority for one in (*held, *waited)})
    checks.equal("none with a doubt", 0, sum(bool(one.doubts) for one in (*held, *waited)))
    late = [sum("delivered_late" in one.remarks for one in some) for some in (held, waited)]
    checks.equal("delivered_late where it applies", [len(early), 0], late)
    checks.equal("none twice", 0, len(found.repeated) + len(rig.ledger.doubled))
    return Verdict(
        name="national-outage", source=SOURCE, expectation=EXPECTATION, checks=tuple(checks.found)
    )


async def _send_early(scene: Scene) -> list[PressId]:
    """Hand presses to a broker whose gateway is gone; they bear the time of hours ago."""
    early: list[PressId] = []
    taken: list[bool] = []
    async with sender(scene.rig.broker_url, "early") as session:
        for home in scene.others:
            press_id, payload = _press_of_hours_ago(home)
            early.append(press_id)
            session.publish(topics.press(home.device_id), payload, on_done=taken.append)
        async with asyncio.timeout(WAIT_S_MAX):
            while len(taken) < len(early):  # noqa: ASYNC110 - a broker's answers have no event
                await asyncio.sleep(0.01)
    return early


def _press_of_hours_ago(home: Household) -> tuple[PressId, bytes]:
    then_ms = TimestampMs(clock.now_ms() - HOURS_MS)
    press = Press(
        press_id=PressId(ids.press_id(then_ms)),
        device_id=home.device_id,
        sequence=then_ms,
        pressed_at_ms=then_ms,
        sent_at_ms=then_ms,
        trigger="press",
        attempt=1,
    )
    return press.press_id, encode_press(press, bytes.fromhex(home.device_key_hex))


async def _until_shown(scene: Scene, early: Sequence[PressId]) -> None:
    until_s = clock.monotonic_s() + WAIT_S_MAX
    views = scene.rig.ledger.views.values()
    wanted = [f"{home.device_id}.1" for home in scene.others]
    while clock.monotonic_s() < until_s and early:
        if all(alarm in shown for shown in views for alarm in wanted):
            return
        await asyncio.sleep(0.05)
