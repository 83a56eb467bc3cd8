"""A console's feed on a real broker: whole state, confirmations, bad input, interruptions."""

import asyncio
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import aiomqtt
import mqtt5
import pytest
from msgspec import structs

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import DELIVERIES_MAX, Delivery, Presence
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.mqtt_framing import PacketReader
from alarm_protocol.units import AlarmId
from dispatch import mqtt_client
from dispatch.core.history import Query
from dispatch.feed import Feed, end_tasks
from dispatch.settings import Settings
from tests.integration.console_wire import console_on, gateway_on, until
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = pytest.mark.broker

BAD_PAYLOADS = (
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"alarm_id":"a.1"}',
    b"[" * 4_000,
    b'{"version":NaN}',
    b'{"alarm_id":"\\ud800"}',
    b"x" * 4_097,
    b"x" * 100_000,
    b"x" * 1_048_576,
)


async def test_a_late_start_gets_the_whole_state_and_confirms_it(mosquitto: "Mosquitto") -> None:
    """Views that were published before are on the board, each version confirmed, in batches."""
    count = 2 * DELIVERIES_MAX + 5
    async with gateway_on(mosquitto.url) as gateway:
        for number in range(1, count + 1):
            await gateway.view(make_view(f"aware-1.{number}", version=2))
        async with console_on(mosquitto.url) as (feed, _):
            await until(lambda: feed.board.open_count == count, "all alarms on the board")
            await until(lambda: len(gateway.confirmed) == count, "all versions confirmed")
            assert {delivery.version for delivery in gateway.confirmed} == {2}
            assert max(gateway.batches) <= DELIVERIES_MAX
            assert len(gateway.batches) < count / 4


async def test_a_closed_alarm_is_confirmed_once_it_is_kept(
    mosquitto: "Mosquitto", monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the history's disk refuses, open alarms are confirmed and the closed one is not."""

    def refuse(_views: object, _now_ms: int) -> None:
        raise sqlite3.OperationalError("disk full")

    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, _):
        monkeypatch.setattr(feed.history, "_write", refuse)
        closed = make_view("aware-1.1", status="closed")
        await gateway.view(closed)
        await until(lambda: feed.history.failed, "a refusal")
        await gateway.view(make_view("aware-2.1"))
        await until(lambda: gateway.confirmed, "a confirmation")
        assert gateway.confirmed == [Delivery(AlarmId("aware-2.1"), 1)]
        monkeypatch.undo()
        await gateway.view(closed)
        await until(lambda: len(gateway.confirmed) > 1, "the closed one confirmed")
        assert gateway.confirmed[1] == Delivery(AlarmId("aware-1.1"), 1)
        assert await feed.history.view_of(AlarmId("aware-1.1"), None) == closed


async def test_an_alarm_that_is_opened_again_leaves_the_history(
    mosquitto: "Mosquitto", tmp_path: Path
) -> None:
    """Whether this console held it as closed, or was away in between and holds nothing of it."""
    reopened = make_view("aware-1.1", version=2)
    async with gateway_on(mosquitto.url) as gateway:
        for alarm_id in ("aware-1.1", "aware-2.1"):
            await gateway.view(make_view(alarm_id, status="closed"))
        async with console_on(mosquitto.url, history=tmp_path / "history") as (feed, _):
            await until(lambda: len(gateway.confirmed) > 1, "both confirmed")
            assert 2 == (await feed.history.search(Query())).total
            await gateway.view(reopened)
            await until(lambda: len(gateway.confirmed) > 2, "the open one confirmed")
            (left,) = (await feed.history.search(Query())).rows
            assert "aware-2.1" == left.alarm_id
        await gateway.view(make_view("aware-2.1", version=2))
        async with console_on(mosquitto.url, history=tmp_path / "history") as (feed, _):
            await until(lambda: len(gateway.confirmed) > 4, "what was missed is confirmed")
            assert 0 == (await feed.history.search(Query())).total


async def test_bad_input_is_counted_and_the_next_view_is_shown(mosquitto: "Mosquitto") -> None:
    """Whatever comes on its topics, the console goes on, and confirms none of it."""
    topic = topics.alarm_view("police", AlarmId("aware-1.1"))
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, _):
        await until(lambda: feed.connection().gateway == "up", "a connection")
        for payload in BAD_PAYLOADS:
            await gateway.raw(topic, payload)
        await gateway.raw(f"{topics.ROOT}/consoles/police/alarms/no-alarm-id", encode(make_view()))
        await gateway.raw(topics.GATEWAY_STATUS, b"up")
        await gateway.view(make_view("aware-2.1"))
        await until(lambda: gateway.confirmed, "the good view confirmed")
        assert gateway.confirmed == [Delivery(AlarmId("aware-2.1"), 1)]
        assert feed.counters.malformed >= len(BAD_PAYLOADS) - 2  # the broker keeps the largest
        assert feed.counters.refused == 1
        assert feed.counters.connections == 1
        await gateway.gone("aware-1.1")


@pytest.mark.parametrize(
    "view",
    [
        make_view(console="veilig_thuis"),
        make_view(household=make_view(console="veilig_thuis").household),
        make_view("aware-000999.1"),
    ],
)
async def test_the_other_agencys_view_is_refused(mosquitto: "Mosquitto", view: object) -> None:
    """It is neither shown nor confirmed, and the page says that something was refused."""
    topic = topics.alarm_view("police", AlarmId("aware-000123.1"))
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):
        await gateway.raw(topic, encode(view))  # type: ignore[arg-type] # a view
        await until(lambda: feed.counters.refused, "the refusal")
        await gateway.view(make_view("aware-2.1"))
        await until(lambda: gateway.confirmed, "the next view confirmed")
        assert gateway.confirmed == [Delivery(AlarmId("aware-2.1"), 1)]
        listed = await (await client.get("/api/alarms")).json()
        assert [row["alarm_id"] for row in listed["alarms"]] == ["aware-2.1"]
        assert listed["connection"]["refused"] == 1


async def test_an_older_view_is_answered_with_the_version_held(mosquitto: "Mosquitto") -> None:
    """The gateway hears again what the console has; the page keeps the newer state."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, _):
        await gateway.view(make_view(version=3))
        await until(lambda: len(gateway.confirmed) == 1, "version 3 confirmed")
        await gateway.view(make_view(version=2))
        await until(lambda: len(gateway.confirmed) == 2, "a second confirmation")
        assert [delivery.version for delivery in gateway.confirmed] == [3, 3]
        assert [held.view.version for held in feed.board.queue()] == [3]


async def test_presence_counts_pages_and_ends_with_the_console(mosquitto: "Mosquitto") -> None:
    """Attached without a page, one operator per page, and not attached after an orderly end."""
    async with gateway_on(mosquitto.url) as gateway:
        said = gateway.presence
        async with console_on(mosquitto.url) as (_, client):
            await until(lambda: said and said[-1] == Presence(attached=True), "attached")
            async with client.ws_connect("/ws"):
                expected = Presence(attached=True, operators=1)
                await until(lambda: said[-1] == expected, "one operator")
            await until(lambda: said[-1] == Presence(attached=True), "no operator")
        await until(lambda: said[-1] == Presence(attached=False), "detached")


async def test_a_broker_restart_keeps_the_board_and_the_gateway_settles_it(
    mosquitto: "Mosquitto",
) -> None:
    """Alarms stay in sight, marked; what the gateway repeats or clears is then certain again."""
    async with console_on(mosquitto.url) as (feed, _):
        async with gateway_on(mosquitto.url) as gateway:
            for number in (1, 2):
                await gateway.view(make_view(f"aware-1.{number}"))
            await until(lambda: feed.board.open_count == 2, "two alarms")
        mosquitto.kill()
        await until(lambda: feed.connection().broker == "connecting", "the loss noticed")
        assert feed.board.open_count == 2
        mosquitto.start()  # it kept nothing
        await until(lambda: feed.connection().broker == "connected", "connected again")
        assert feed.board.open_count == 2
        assert feed.connection().unverified == 2
        async with gateway_on(mosquitto.url) as gateway:
            await gateway.view(make_view("aware-1.1"))
            asked = Delivery(AlarmId("aware-1.2"), 1)
            await until(lambda: asked in gateway.confirmed, "asked about the missing one")
            await gateway.gone("aware-1.2")
            await until(lambda: feed.connection().unverified == 0, "all certain")
            assert [held.view.alarm_id for held in feed.board.queue()] == ["aware-1.1"]
            assert [held.withdrawn for held in feed.board.recently_closed()] == [True]


async def test_a_gateway_restart_is_noticed_and_settled(mosquitto: "Mosquitto") -> None:
    """`down` is shown at once; after `up` everything has to be repeated."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, _):
        await gateway.view(make_view(version=4))
        await until(lambda: gateway.confirmed, "confirmed")
        await gateway.status(up=False)
        await until(lambda: feed.connection().gateway == "down", "down")
        assert feed.board.open_count == 1
        await gateway.status(up=True)
        await until(lambda: feed.connection().unverified == 1, "in doubt")
        await gateway.view(make_view(version=4))
        await until(lambda: feed.connection().unverified == 0, "certain")
        assert [held.view.version for held in feed.board.queue()] == [4]


async def test_an_absent_broker_is_waited_for(mosquitto: "Mosquitto") -> None:
    """A console that starts first connects as soon as there is something to connect to."""
    mosquitto.stop()
    async with console_on(mosquitto.url) as (feed, client):
        health = await (await client.get("/healthz")).json()
        assert health["broker"] == "connecting"
        mosquitto.start()
        async with gateway_on(mosquitto.url) as gateway:
            await gateway.view(make_view())
            await until(lambda: feed.board.open_count == 1, "the alarm")


async def test_a_closed_alarm_is_confirmed_and_leaves_after_gone(mosquitto: "Mosquitto") -> None:
    """The gateway clears a closed view once it is confirmed; the row stays readable."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, _):
        view = make_view()
        await gateway.view(view)
        await gateway.view(structs.replace(view, version=2, status="closed"))
        closed = Delivery(AlarmId("aware-000123.1"), 2)
        await until(lambda: closed in gateway.confirmed, "the closing confirmed")
        await gateway.gone("aware-000123.1")
        await asyncio.wait_for(gateway.view(make_view("aware-2.1")), 5)
        await until(lambda: feed.board.open_count == 1, "the next alarm")
        assert [held.withdrawn for held in feed.board.recently_closed()] == [False]


@pytest.mark.parametrize(("refused", "attaches"), [(2, True), (0, False)])
async def test_only_alarms_are_worth_refusing_a_broker(
    monkeypatch: pytest.MonkeyPatch, refused: int, attaches: bool
) -> None:
    """An access list that knows no overview costs the overview; one without alarms is no broker."""
    monkeypatch.setattr(mqtt_client, "RECONNECT_MIN_S", 0.01)
    monkeypatch.setattr(mqtt_client, "RECONNECT_MAX_S", 0.01)
    attempts = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        packets = PacketReader(100_000)
        with suppress(ConnectionError):
            while data := await reader.read(10_000):
                for packet in packets.feed(data):
                    if isinstance(packet, mqtt5.ConnectPacket):
                        writer.write(mqtt5.ConnAckPacket().write())
                    elif isinstance(packet, mqtt5.SubscribePacket):
                        attempts += 1
                        codes = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE] * len(
                            packet.topic_filters
                        )
                        codes[refused] = mqtt5.SubAckReasonCode.NOT_AUTHORIZED
                        writer.write(mqtt5.SubAckPacket(packet.packet_id, codes).write())
                        view = make_view()
                        topic = topics.alarm_view("police", view.alarm_id)
                        writer.write(mqtt5.PublishPacket(topic, encode(view), retain=True).write())
        writer.close()

    peer = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    async with peer, console_on(f"mqtt://127.0.0.1:{port}") as (feed, _):
        if attaches:
            await until(lambda: feed.connection().broker == "connected", "a connection")
            await until(lambda: feed.board.open_count == 1, "the alarm")
            assert attempts == 1
        else:
            await until(lambda: attempts >= 3, "three attempts")
            assert feed.counters.connections == 0


@pytest.mark.parametrize("rubbish", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100])
async def test_a_peer_that_is_no_broker_is_tried_again_and_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, rubbish: bytes
) -> None:
    """One that never answers, or answers rubbish, leaves no socket open behind it."""
    monkeypatch.setattr(mqtt_client, "BROKER_WITHIN_S", 0.05)
    monkeypatch.setattr(mqtt_client, "RECONNECT_MIN_S", 0.01)
    monkeypatch.setattr(mqtt_client, "RECONNECT_MAX_S", 0.01)
    attempts = 0
    served: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        served.add(writer)
        writer.write(rubbish)
        with suppress(ConnectionError):
            await reader.read(-1)  # until the console hangs up
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        served.discard(writer)

    def open_files() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    peer = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    async with peer:
        async with console_on(f"mqtt://127.0.0.1:{port}") as (feed, _):
            await until(lambda: attempts >= 5, "five attempts")
            before = open_files()
            await until(lambda: attempts >= 25, "twenty more")
            assert open_files() <= before + 6  # a few may be under way
            assert feed.connection().broker == "connecting"
        await until(lambda: not served, "the last hang-up")


async def test_a_console_that_ends_while_it_connects_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread that connects cannot be cancelled: it is waited for, and its socket closed."""
    connecting, go_on = threading.Event(), threading.Event()
    real = aiomqtt.Client._client_connect

    def slowly(client: aiomqtt.Client) -> None:
        connecting.set()
        go_on.wait(5)
        real(client)

    monkeypatch.setattr(aiomqtt.Client, "_client_connect", slowly)
    hung_up = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read(-1)  # until the console hangs up
        writer.close()
        hung_up.set()

    peer = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    async with peer:
        broker = parse_broker_url(f"mqtt://127.0.0.1:{port}")
        feed = Feed(Settings(console="police", broker=broker, host="127.0.0.1", port=0))
        running = asyncio.create_task(feed.run())
        await asyncio.to_thread(connecting.wait, 5)
        ending = asyncio.create_task(end_tasks((running,)))
        await asyncio.sleep(0)  # it has been cancelled once
        go_on.set()
        await ending
        async with asyncio.timeout(5):
            await hung_up.wait()
