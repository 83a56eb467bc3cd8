"""The gateway as a process, on a real broker and a real disk, killed at the worst moments."""

import asyncio
import re
from collections.abc import Callable

import pytest

from alarm_protocol import topics
from alarm_protocol.codec import decode_gateway_status, encode
from alarm_protocol.messages import Accept, ConfirmDelivery, Delivery
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.signing import sign
from alarm_protocol.units import CONSOLES, ActionId, AlarmId, DeviceId
from tests.helpers.gateway import DEVICE, OTHER_DEVICE, key_of
from tests.helpers.gateway_process import Broker, Gateway, answered, died, press
from tests.helpers.wire import Witness, witness

ALARM = AlarmId("aware-000001.1")


async def last_words_heard(someone: Witness) -> None:
    """Wait for a dead gateway's will: the broker has passed on all that it said before."""

    def is_down() -> bool:
        said = someone.heard[topics.GATEWAY_STATUS]
        return bool(said) and decode_gateway_status(said[-1]).status == "down"

    await someone.until(is_down, "the gateway's will")


async def test_a_press_reaches_both_consoles_and_comes_back(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """The whole path: press, journal, both views, feedback, accept, feedback."""
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), press(1))
        await answered(someone, 1)
        for console in ("police", "veilig_thuis"):
            await someone.until(
                lambda c=console: bool(someone.views(c, ALARM)),  # type: ignore[misc]
                f"a view for {console}",
            )
        accept = Accept(
            action_id=ActionId("a1"), alarm_id=ALARM, seen_version=1, operator="Ans", at_ms=now_ms()
        )
        await someone.publish(topics.actions("police"), encode(accept))
        await someone.until(
            lambda: "accepted" in [one.status for one in someone.feedback(DEVICE)], "accepted"
        )
    assert 0 == await gateway.part.stop()
    assert ["pressed", "acted"] == gateway.kinds()


@pytest.mark.parametrize("place", ["before_fsync", "before_publish"])
async def test_a_gateway_killed_with_a_press_in_its_hands_loses_and_doubles_nothing(
    mosquitto: Broker, gateway: Gateway, place: str
) -> None:
    """`kill -9` before the fsync or before publishing: after a restart there is one alarm."""
    await gateway.start(dying=place)
    async with witness(mosquitto.port) as someone:
        gateway.marker.touch()
        await someone.publish(topics.press(DEVICE), press(1))
        await died(gateway.part)
        await last_words_heard(someone)
        assert [] == someone.feedback(DEVICE)
        assert [] == someone.views("police", ALARM)
        written = gateway.kinds()
        assert ([] if place == "before_fsync" else ["pressed"]) == written
        gateway.part.kill()
        await gateway.start()
        await answered(someone, 1)
        await someone.until(
            lambda: bool(someone.views("police", ALARM) and someone.views("veilig_thuis", ALARM)),
            "both views",
        )
    assert ["pressed"] == gateway.kinds()


async def test_a_killed_gateway_puts_every_open_alarm_back(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """After `kill -9` and a broker without memory, both consoles' topics are right again."""
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        for number in range(1, 6):
            await someone.publish(topics.press(DEVICE), press(number))
            await answered(someone, number)
    gateway.part.kill()
    mosquitto.kill()
    mosquitto.start()
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.until(lambda: bool(someone.views("police", ALARM)), "the open alarm")
        assert 5 == someone.views("police", ALARM)[-1].press_count


async def test_an_orderly_stop_amid_the_work_can_be_started_again(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """SIGTERM while presses and confirmations stream in: every start after it serves."""
    number = 0
    for _ in range(3):
        await gateway.start()
        async with witness(mosquitto.port) as someone, asyncio.TaskGroup() as group:
            for _ in range(60):
                number += 1
                group.create_task(someone.publish(topics.press(DEVICE), press(number)))
                for console in CONSOLES:
                    both = ConfirmDelivery(
                        action_id=ActionId(f"c-{number}"),
                        at_ms=now_ms(),
                        deliveries=(Delivery(ALARM, number),),
                    )
                    group.create_task(someone.publish(topics.actions(console), encode(both)))
            await answered(someone, number - 50)
            assert 0 == await gateway.part.stop()
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        for again in range(1, number + 1):
            await someone.publish(topics.press(DEVICE), press(again, attempt=2))
            await answered(someone, again)
    assert "Traceback" not in gateway.part.log.read_text(encoding="utf-8")


async def test_a_restarted_broker_gets_its_state_back(mosquitto: Broker, gateway: Gateway) -> None:
    """The broker forgot everything; the gateway reconnects and restores what is retained."""
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), press(1))
        await answered(someone, 1)
    mosquitto.kill()
    mosquitto.start()
    async with witness(mosquitto.port) as someone:
        await someone.until(lambda: bool(someone.views("veilig_thuis", ALARM)), "the open alarm")
        await someone.publish(topics.press(DEVICE), press(2))
        await answered(someone, 2)
    assert ["pressed", "pressed"] == gateway.kinds()


async def test_a_full_disk_stops_the_gateway_and_acknowledges_nothing(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """Fail-stop: one clear line, exit code 1, and the press comes again after the mending."""
    await gateway.start(dying="disk_full")
    async with witness(mosquitto.port) as someone:
        gateway.marker.touch()
        await someone.publish(topics.press(DEVICE), press(1))
        await died(gateway.part)
        await last_words_heard(someone)
        assert 1 == await gateway.part.stop()
        assert [] == someone.feedback(DEVICE)
        assert "journal.sqlite3 cannot be written" in gateway.part.last_words()
        await gateway.start()
        await answered(someone, 1)
    assert ["pressed"] == gateway.kinds()


RUBBISH: list[tuple[str, Callable[[], bytes]]] = [
    ("empty", lambda: b""),
    ("no JSON", lambda: b"hello"),
    ("a list", lambda: b"[]"),
    ("NaN alone", lambda: b"NaN"),
    ("a lone surrogate", lambda: b'{"note":"\\ud800"}'),
    ("not UTF-8", lambda: b'{"press_id":"\xff\xfe"}'),
    ("deep nesting", lambda: b'{"x":' + b"[" * 4_000),
    ("1 MiB", lambda: b"x" * 1_048_576),
]


async def test_no_rubbish_stops_or_hides_the_next_press(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """Whatever arrives first, it is written down, and the press behind it is answered."""
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        for name, payload in RUBBISH:
            await someone.publish(topics.press(DEVICE), payload())
            for lane in (topics.heartbeat(DEVICE), topics.link(DEVICE), topics.presence("police")):
                await someone.publish(lane, payload())
            await someone.publish(topics.actions("police"), payload(), qos=0)
            assert not gateway.part.has_ended(), name
        await someone.publish("aware/v1/devices/no.dots/press", press(1))
        await someone.publish("aware/v1/consoles/fire/actions", b"{}")
        await someone.publish(topics.press(DEVICE), press(2))
        await answered(someone, 2)
    assert 0 == await gateway.part.stop()
    kinds = gateway.kinds()
    assert 2 * len(RUBBISH) + 2 == kinds.count("quarantined")
    assert 1 == kinds.count("pressed")
    told = gateway.part.log.read_text(encoding="utf-8").count("is in quarantine")
    assert 2 * len(RUBBISH) + 2 == told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("battery_pct", b"101"),
        ("attempt", b"0"),
        ("trigger", b'"PUSH"'),
        ("sequence", b"1" + b"0" * 400),
        ("sequence", b"NaN"),
        ("battery_pct", b"1e999"),
        ("pressed_at_ms", b'"now"'),
        ("location", b'{"latitude":91,"longitude":4.5}'),
    ],
)
async def test_a_signed_press_with_a_broken_field_is_a_certain_alarm(
    mosquitto: Broker, gateway: Gateway, field: str, value: bytes
) -> None:
    """It is priority 1 on both consoles with a remark, answered, and there after a restart."""
    line = re.sub(rb',"%s":[^,}]*' % field.encode(), b"", press(1).partition(b"\n")[0])
    line = line.removesuffix(b"}") + b',"%s":%s}' % (field.encode(), value)
    signature = sign(key_of(DEVICE), topics.press(DEVICE), line)
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), line + b"\n" + signature)
        await answered(someone, 1)
    gateway.part.kill()
    mosquitto.kill()
    mosquitto.start()
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        for console in CONSOLES:
            await someone.until(
                lambda c=console: bool(someone.views(c, ALARM)),  # type: ignore[misc]
                f"the alarm for {console}",
            )
            view = someone.views(console, ALARM)[-1]
            assert (1, (), ("malformed_field",)) == (view.priority, view.doubts, view.remarks)
    assert ["pressed"] == gateway.kinds()


async def test_doubtful_presses_become_alarms_with_their_doubts(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """Unknown, unsigned, forged, or on another device's topic: an alarm that says so."""
    stranger = DeviceId("stranger-1")
    await gateway.start()
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(stranger), press(1, stranger))
        await someone.publish(topics.press(DEVICE), press(2).partition(b"\n")[0])
        await someone.publish(topics.press(OTHER_DEVICE), press(3, DEVICE))
        await answered(someone, 1, stranger)
        await answered(someone, 2)
        await answered(someone, 3, OTHER_DEVICE)
        doubts = {
            device_id: someone.views("police", AlarmId(f"{device_id}.1"))[0].doubts
            for device_id in (stranger, DEVICE, OTHER_DEVICE)
        }
    assert {
        stranger: ("unknown_device",),
        DEVICE: ("unsigned",),
        OTHER_DEVICE: ("bad_signature", "device_mismatch"),
    } == doubts


async def test_a_retained_leftover_is_heard_and_only_once(
    mosquitto: Broker, gateway: Gateway
) -> None:
    """A press that was published retained before the gateway ran is one alarm, also later."""
    async with witness(mosquitto.port) as someone:
        await someone.publish(topics.press(DEVICE), press(1), retain=True)
        await gateway.start()
        await answered(someone, 1)
        await gateway.part.stop()
        await gateway.start()
        await someone.publish(topics.press(DEVICE), press(2))
        await answered(someone, 2)
    assert ["pressed", "pressed"] == gateway.kinds()


async def test_an_unreachable_broker_is_waited_for(mosquitto: Broker, gateway: Gateway) -> None:
    """The gateway says that it waits, and works once the broker is there."""
    mosquitto.kill()
    gateway.part._start_deadline_s = 15
    mosquitto_started = False

    async def start_later() -> None:
        nonlocal mosquitto_started
        log = gateway.part.log
        while not log.exists() or "will try again" not in log.read_text():
            await asyncio.sleep(0.02)
        mosquitto.start()
        mosquitto_started = True

    async with asyncio.TaskGroup() as group:
        group.create_task(start_later())
        group.create_task(gateway.part.start())
    assert mosquitto_started
    assert gateway.part.ready_line.startswith(f"ready alarm-gateway broker={mosquitto.url}")
