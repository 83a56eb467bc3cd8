"""The gateway's rules as a process: floods, supervision, maintenance, snapshots."""

import asyncio
import json
import sys

import pytest

from alarm_gateway.adapters.journal import read_rows
from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import LinkState
from alarm_protocol.units import AlarmId, DeviceId
from simulator.core.errors import StackError
from tests.helpers.gateway import DEVICE
from tests.helpers.gateway_process import Broker, Gateway, answered, press
from tests.helpers.wire import witness

ALARM = AlarmId("aware-000001.1")
FLOOD_ALARM = AlarmId("gateway-flood.1")
BOGUS = 5_000


async def test_a_flood_neither_hides_nor_swallows_a_press(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """Thousands of bogus messages are one alarm with a count; the press is one of its own."""
    await gateway.start()
    async with witness(mosquitto.port) as someone, asyncio.TaskGroup() as group:
        for number in range(BOGUS):
            stranger = DeviceId(f"bogus-{number}")
            payload = press(1, stranger) if number % 2 else b"rubbish"
            group.create_task(someone.publish(topics.press(stranger), payload))
            if number == BOGUS // 2:
                group.create_task(someone.publish(topics.press(DEVICE), press(1)))
            if number % 500 == 0:
                await asyncio.sleep(0)
        await answered(someone, 1)
        await someone.until(lambda: bool(someone.views("police", ALARM)), "the real press")
        assert 1 == someone.views("police", ALARM)[0].priority

        def counted() -> int:
            floods = someone.views("police", FLOOD_ALARM)
            return floods[-1].condensed_count if floods else 0

        shown_alone = 30
        await someone.until(lambda: counted() >= BOGUS - 2 * shown_alone, "the count of the flood")
    assert 0 == await gateway.part.stop()
    kinds = [row.kind for row in read_rows(gateway.data_dir)]
    assert kinds.count("pressed") + kinds.count("quarantined") <= 2 * shown_alone
    condensed = [
        json.loads(row.body) for row in read_rows(gateway.data_dir) if row.kind == "condensed"
    ]
    total = sum(one["unreadable"] + one["presses"] for one in condensed)
    singles = kinds.count("pressed") + kinds.count("quarantined") - 1
    assert BOGUS == total + singles


async def test_a_link_that_is_cut_after_a_press_is_seen(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """The last will of a device that has just pressed raises its alarm."""
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), press(1).partition(b"\n")[0])
        await answered(someone, 1)
        await someone.publish(topics.link(DEVICE), encode(LinkState(link="down")), retain=True)
        await someone.until(
            lambda: "link_lost" in someone.views("police", ALARM)[-1].reasons, "the lost link"
        )
        assert 1 == someone.views("police", ALARM)[-1].priority


async def test_maintenance_reaches_a_running_gateway(mosquitto: Broker, gateway: Gateway) -> None:
    """The command says that it is in force, and the next press carries the remark."""
    await gateway.start()
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alarm_gateway", "maintenance", DEVICE,
        "--data-dir", str(gateway.data_dir), "--by", "Tom", "--reason", "battery",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await command.communicate()
    assert b"in force" in output
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), press(1))
        await someone.until(lambda: bool(someone.views("police", ALARM)), "the press")
        assert ("in_maintenance",) == someone.views("police", ALARM)[-1].remarks


async def test_a_start_from_a_snapshot_knows_everything(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """After a stop, a start folds nothing anew and still knows presses and open alarms."""
    first = press(1)
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), first)
        await answered(someone, 1)
    assert 0 == await gateway.part.stop()
    await gateway.start()
    recovered = [line for line in gateway.part.log.read_text().splitlines() if "recovered" in line]
    last = json.loads(recovered[-1])
    assert (0, 1) == (last["records"], last["open_alarms"])
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), first)
        await answered(someone, 1)
        await someone.publish(topics.press(DEVICE), press(2))
        await answered(someone, 2)
        assert 2 == someone.views("police", ALARM)[-1].press_count
    assert ["pressed", "pressed"] == gateway.kinds()


async def test_a_journal_that_lost_what_a_snapshot_knows_is_not_taken_in_silence(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """The gateway says what is missing and how to go on; without the snapshot it does go on."""
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), press(1))
        await answered(someone, 1)
    await gateway.part.stop()
    for name in ("journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm"):
        (gateway.data_dir / name).unlink(missing_ok=True)
    with pytest.raises(StackError, match="the rows after 0 were cut off; restore the journal"):
        await gateway.start()
    for path in gateway.data_dir.glob("snapshot.sqlite3*"):
        path.unlink()
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), press(2))
        await answered(someone, 2)
        await someone.until(lambda: bool(someone.views("police", ALARM)), "the press")
        assert 1 == someone.views("police", ALARM)[-1].press_count
    assert ["pressed"] == gateway.kinds()
