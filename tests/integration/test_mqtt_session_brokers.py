"""The session against both real brokers: Mosquitto and the embedded one."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from alarm_protocol.runtime.mqtt_session import Will
from simulator.brokers import BrokerKind, LocalBroker
from tests.helpers.mqtt_witness import client, until

MIB = 1024 * 1024
PERSON = """
import asyncio, sys
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.mqtt_session import MqttSession, SessionSettings, Will

async def main():
    session = MqttSession(
        SessionSettings(
            broker=parse_broker_url(sys.argv[1]), client_id="mortal",
            will=Will("to/watcher", b"dead", retain=False),
        ),
        on_batch=lambda batch: None,
        on_state=lambda state: print("up" if state.connected else "down", flush=True),
    )
    await session.run()

asyncio.run(main())
"""


@pytest.fixture(params=["mosquitto", "embedded"])
async def broker(
    request: pytest.FixtureRequest, program: Callable[[str], Path], tmp_path: Path
) -> AsyncIterator[LocalBroker]:
    """Run a broker of each kind, as a demo does."""
    kind: BrokerKind = request.param
    if kind == "mosquitto":
        program("mosquitto")
    one = LocalBroker(kind, tmp_path)
    await one.part.start()
    yield one
    one.part.kill()


async def test_an_unacknowledged_message_comes_again_an_acknowledged_one_does_not(
    broker: LocalBroker,
) -> None:
    """Until its owner says that a message is safe, the broker keeps it."""
    async with client(broker.url, "hearer") as hearer, client(broker.url, "teller") as teller:
        hearer.acknowledging = False
        await hearer.connected()
        for payload in (b"1", b"2", b"3"):
            teller.session.publish("to/hearer", payload)
        await until(lambda: len(hearer.received) == 3)
        hearer.ack(hearer.received[0])
        # The broker handles packets in order: this answer means that it has our PUBACK.
        done: list[bool] = []
        hearer.session.publish("to/nobody", b"", on_done=done.append)
        await until(lambda: done)
        hearer.cut()
        await hearer.connected(2)
        assert hearer.states[-1].session_present
        await until(lambda: len(hearer.received) >= 5)
        assert [b"2", b"3"] == hearer.payloads()[3:]
        for message in hearer.received[3:]:
            hearer.ack(message)
        hearer.session.publish("to/nobody", b"", on_done=done.append)
        await until(lambda: len(done) == 2)
        hearer.cut()
        await hearer.connected(3)
        teller.session.publish("to/hearer", b"4")
        await until(lambda: len(hearer.received) >= 6)
        assert [b"4"] == hearer.payloads()[5:]


async def test_each_publish_gets_its_receipt_and_arrives_in_order(broker: LocalBroker) -> None:
    """A thousand messages, a thousand receipts, nothing lost, doubled or turned round."""
    async with client(broker.url, "hearer") as hearer, client(broker.url, "teller") as teller:
        await hearer.connected()
        done: list[bool] = []
        payloads = [str(number).encode() for number in range(1_000)]
        for payload in payloads:
            teller.session.publish("to/hearer", payload, on_done=done.append)
        await until(lambda: len(done) == 1_000)
        assert all(done)
        await until(lambda: len(hearer.received) >= 1_000)
        assert payloads == hearer.payloads()
        assert (0, 0) == (teller.session.backlog, teller.session.refused)


async def test_a_killed_broker_is_found_again(broker: LocalBroker) -> None:
    """After a power cut of the broker both sides are back by themselves, and nothing waits."""
    async with client(broker.url, "hearer") as hearer, client(broker.url, "teller") as teller:
        await hearer.connected()
        await teller.connected()
        broker.part.kill()
        await until(lambda: not teller.session.connected and not hearer.session.connected)
        teller.session.publish("to/elsewhere", b"while it is down")
        await broker.part.start()
        await hearer.connected(2)
        await teller.connected(2)
        assert not hearer.states[-1].session_present
        teller.session.publish("to/hearer", b"after")
        await until(lambda: hearer.received)
        assert hearer.payloads() == [b"after"]
        await until(lambda: teller.session.backlog == 0)


async def test_the_will_speaks_for_a_killed_client_only(broker: LocalBroker) -> None:
    """`kill -9` publishes the will; `close` does not."""
    async with client(broker.url, "watcher") as watcher:
        await watcher.connected()
        address = f"mqtt://127.0.0.1:{broker.url.port}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PERSON, address, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await until(lambda: watcher.received)
        assert watcher.payloads() == [b"dead"]


async def test_the_will_is_silent_after_close(broker: LocalBroker) -> None:
    """A client that says goodbye is not dead: its will is never heard."""
    async with client(broker.url, "watcher") as watcher:
        await watcher.connected()
        async with client(
            broker.url, "mortal", will=Will("to/watcher", b"dead", retain=False)
        ) as mortal:
            await mortal.connected()
        # A second life with the same identifier: the broker has ended the first one by now.
        async with client(broker.url, "mortal") as again:
            await again.connected()
            again.session.publish("to/watcher", b"alive")
            await until(lambda: watcher.received)
        assert watcher.payloads() == [b"alive"]


async def test_back_pressure_stops_deliveries_and_loses_none(broker: LocalBroker) -> None:
    """While reading is paused nothing comes; afterwards everything does, in order."""
    async with client(broker.url, "hearer") as hearer, client(broker.url, "teller") as teller:
        await hearer.connected()
        hearer.session.pause_reading()
        payloads = [b"%04d" % number + b"x" * 2_000 for number in range(300)]
        for payload in payloads:
            teller.session.publish("to/hearer", payload)
        await until(lambda: teller.session.backlog == 0 and teller.session.connected)
        assert hearer.received == []
        hearer.session.resume_reading()
        await until(lambda: len(hearer.received) >= 300)
        assert payloads == hearer.payloads()


async def test_one_mib_is_received(broker: LocalBroker) -> None:
    """Far above what this protocol sends, so that quarantine can see it."""
    async with client(broker.url, "hearer") as hearer, client(broker.url, "teller") as teller:
        await hearer.connected()
        payload = bytes(range(256)) * 4096
        teller.session.publish("to/hearer", payload)
        await until(lambda: hearer.received)
        assert hearer.payloads() == [payload]
        assert 1 == sum(state.connected for state in hearer.states)


async def test_the_largest_message_the_broker_takes_does_not_kill_the_session(
    broker: LocalBroker,
) -> None:
    """Our limit lies above the brokers': a message just below theirs is received as any other."""
    async with client(broker.url, "hearer") as hearer, client(broker.url, "teller") as teller:
        await hearer.connected()
        # Topic, packet id and properties count on the embedded broker, on Mosquitto they do not.
        largest = 2 * MIB - len("to/hearer") - 5
        teller.session.publish("to/hearer", b"x" * largest)
        await until(lambda: hearer.received)
        assert largest == len(hearer.received[0].payload)
        teller.session.publish("to/hearer", b"next")
        await until(lambda: len(hearer.received) == 2)
        assert 1 == sum(state.connected for state in hearer.states)
