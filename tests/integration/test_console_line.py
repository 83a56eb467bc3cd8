"""What a broker with MQTT 5 tells a console on its line: a refusal, and that another came."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import mqtt5
import pytest
import structlog
from structlog.testing import capture_logs

from alarm_protocol.runtime import logs
from alarm_protocol.runtime.mqtt_framing import PacketReader
from dispatch import mqtt_client
from tests.integration.console_wire import console_on, until

Answers = Callable[[mqtt5.Packet], list[mqtt5.Packet]]
Said = list[Any]


@pytest.fixture
def said() -> Iterator[Said]:
    """Gather what the console logs, whatever level another test set."""
    before = structlog.get_config()
    logs.configure()
    with capture_logs() as lines:
        yield lines
    structlog.configure(**before)


@asynccontextmanager
async def peer(answers: Answers) -> AsyncIterator[str]:
    """Listen as a broker that grants each connection and subscription; `answers` does the rest."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        packets = PacketReader(100_000)
        with suppress(ConnectionError):
            while data := await reader.read(10_000):
                for packet in packets.feed(data):
                    for answer in [*granted(packet), *answers(packet)]:
                        writer.write(answer.write())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def granted(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
    """Return how every broker would answer."""
    if isinstance(packet, mqtt5.ConnectPacket):
        return [mqtt5.ConnAckPacket()]
    if isinstance(packet, mqtt5.SubscribePacket):
        codes = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE] * len(packet.topic_filters)
        return [mqtt5.SubAckPacket(packet.packet_id, codes)]
    return []


async def test_a_console_whose_place_was_taken_says_who_did_it(
    monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    """DISCONNECT with reason 142 is in its log as another client with the same name."""
    monkeypatch.setattr(mqtt_client, "RECONNECT_MIN_S", 0.01)

    def take_over(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        taken_over = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
        there = isinstance(packet, mqtt5.PublishPacket)
        return [mqtt5.DisconnectPacket(reason_code=taken_over)] if there else []

    async with peer(take_over) as url, console_on(url):
        await until(lambda: "error" in [one["log_level"] for one in said], "the error")
    lost = {one["error"] for one in said if one["event"] == "broker lost"}
    assert {"another client came with the same name"} == lost


async def test_a_refusal_that_is_over_is_forgotten(said: Said) -> None:
    """An access list that is mended while the line stands makes the console ready again."""
    codes = [mqtt5.PubAckReasonCode.NOT_AUTHORIZED]

    def acknowledge(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        if not isinstance(packet, mqtt5.PublishPacket) or packet.packet_id is None:
            return []
        return [mqtt5.PubAckPacket(packet.packet_id, reason_code=codes[-1])]

    async with peer(acknowledge) as url, console_on(url) as (feed, _):
        await until(lambda: not feed.lets_us, "a refusal")
        codes.append(mqtt5.PubAckReasonCode.SUCCESS)
        feed.set_operators(1)
        await until(lambda: feed.lets_us, "no refusal")
    assert ["not authorized"] == [one["reason"] for one in said if one["log_level"] == "error"]
