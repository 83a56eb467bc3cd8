"""Our own brokers, as the demo starts them: versions of MQTT, loopback, state in memory."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator.brokers import BrokerKind, LocalBroker

DEADLINE_S = 20.0
KINDS = [pytest.param("mosquitto", marks=pytest.mark.broker), "embedded"]
V5, V311 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311


@pytest.fixture(params=KINDS)
async def broker(
    request: pytest.FixtureRequest, tmp_path: Path, program: Callable[[str], Path]
) -> AsyncIterator[LocalBroker]:
    """A broker of each kind, running."""
    kind: BrokerKind = request.param
    if kind == "mosquitto":
        program("mosquitto")
    broker = LocalBroker(kind, tmp_path)
    await broker.part.start()
    yield broker
    broker.part.kill()


def client(url: BrokerUrl, version: aiomqtt.ProtocolVersion) -> aiomqtt.Client:
    """Make a client that speaks one version of MQTT."""
    return aiomqtt.Client(url.host, url.port, protocol=version)


async def test_both_versions_of_mqtt_meet(broker: LocalBroker) -> None:
    """What a device sends by MQTT 3.1.1 on its port arrives at a gateway that speaks MQTT 5."""
    async with client(broker.url, V5) as gateway, client(broker.url_v4, V311) as device:
        await gateway.subscribe("aware/v1/devices/+/press", qos=1)
        await device.publish("aware/v1/devices/d1/press", b"help", qos=1)
        async with asyncio.timeout(DEADLINE_S):
            message = await anext(aiter(gateway.messages))
    assert (message.payload, message.qos) == (b"help", 1)


async def test_oversized_messages_get_through(broker: LocalBroker) -> None:
    """A payload of 1 MiB reaches the subscriber: the gateway has to see and quarantine it."""
    async with client(broker.url, V5) as gateway, client(broker.url, V5) as device:
        await gateway.subscribe("aware/v1/devices/+/press", qos=1)
        await device.publish("aware/v1/devices/d1/press", b"x" * 2**20, qos=1)
        async with asyncio.timeout(DEADLINE_S):
            message = await anext(aiter(gateway.messages))
    assert isinstance(message.payload, bytes)
    assert len(message.payload) == 2**20


async def test_a_restarted_broker_is_empty(broker: LocalBroker) -> None:
    """Retained messages of an earlier life are gone: only the gateway knows what is open now."""
    async with client(broker.url, V5) as before:
        await before.publish("old", b"1", qos=1, retain=True)
    broker.part.kill()
    await broker.part.restart()
    async with client(broker.url, V5) as after:
        await after.subscribe("old", qos=1)
        await after.subscribe("new", qos=1)
        await after.publish("new", b"2", qos=1)
        async with asyncio.timeout(DEADLINE_S):
            first = await anext(aiter(after.messages))
    assert first.topic.value == "new"


async def test_only_this_machine_reaches_it(broker: LocalBroker) -> None:
    """The listeners are bound to the loopback address, not to every address of the machine."""
    for url in {broker.url, broker.url_v4}:
        with socket.socket() as probe:
            # Free on another address of this machine: so the broker holds only 127.0.0.1.
            probe.bind(("127.0.0.2", url.port))
