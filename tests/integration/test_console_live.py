"""A console's pages and actions on a real broker: the round trip, and slow readers."""

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientWebSocketResponse
from msgspec import structs

from alarm_protocol.codec import encode
from alarm_protocol.messages import AlarmView, TrackAction
from alarm_protocol.runtime.clock import monotonic_s
from alarm_protocol.units import AlarmId
from dispatch import feed as feed_module
from dispatch.feed import Feed
from tests.helpers.openapi import OPERATIONS, conforms
from tests.integration.console_wire import Client, answered, console_on, gateway_on, until
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = pytest.mark.broker

ACTIONS = "/api/alarms/aware-000123.1/actions"
VERSIONS = 100
LATE_BYTES_MAX = 1_000_000
ACCEPT = {"kind": "accept"}
ACT = OPERATIONS["post", "/api/alarms/{alarm_id}/actions"]


async def next_changes(page: ClientWebSocketResponse) -> dict[str, Any]:
    """Return the next message that is no tick."""
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = await page.receive_json()
            if message["type"] == "changes":
                return message


async def post(
    client: Client, body: dict[str, Any] = ACCEPT, key: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Post an action on the alarm of these tests, under a name of its own where there is one.

    The answer is as docs/openapi.yaml has it.
    """
    headers = {} if key is None else {"Idempotency-Key": key}
    response = await client.post(ACTIONS, json=body, headers=headers)
    await conforms(ACT, response)
    return response.status, await response.json()


def held_version(feed: Feed, alarm_id: AlarmId) -> int:
    """Return the version of an alarm on the board."""
    held = feed.board.get(alarm_id)
    return 0 if held is None else held.view.version


async def test_a_page_gets_a_snapshot_then_changes(mosquitto: "Mosquitto") -> None:
    """What was there comes first; a new version comes within a second, without asking."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):
        await gateway.view(make_view())
        await until(lambda: feed.board.open_count == 1, "the alarm")
        async with client.ws_connect("/ws") as page:
            first = await page.receive_json()
            assert first["type"] == "snapshot"
            assert [row["view"]["version"] for row in first["alarms"]] == [1]
            began_s = monotonic_s()
            await gateway.view(make_view(version=2, status="accepted"))
            changes = await next_changes(page)
            assert monotonic_s() - began_s < 1
            assert [row["view"]["status"] for row in changes["alarms"]] == ["accepted"]
            await gateway.view(make_view(version=3, status="closed"))
            changes = await next_changes(page)
            assert [row["place"] for row in changes["alarms"]] == ["closed"]


async def test_an_action_is_done_when_the_gateway_says_so(mosquitto: "Mosquitto") -> None:
    """200 with the new state, after an action that carries what the server stamped."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):

        def accept(action: TrackAction) -> AlarmView:
            return structs.replace(
                answered(make_view(version=5), action, outcome="done"), status="accepted"
            )

        gateway.on_action = accept
        await gateway.view(make_view(version=5))
        await until(lambda: feed.board.open_count == 1, "the alarm")
        status, answer = await post(client)
        assert (status, answer["outcome"]) == (200, "done")
        assert answer["alarm"]["view"]["status"] == "accepted"
        assert answer["alarm"]["view"]["version"] == 6
        (action,) = gateway.actions
        assert (action.seen_version, action.operator) == (5, "K. de Boer")
        assert answer["action_id"] == action.action_id


async def test_a_refusal_names_who_acted_and_shows_todays_state(mosquitto: "Mosquitto") -> None:
    """409 with the other operator and the state as it is now."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):

        def refuse(action: TrackAction) -> AlarmView:
            view = make_view(version=2, status="accepted")
            return answered(
                view, action, outcome="refused", text="already accepted", acted_by="P. Bakker"
            )

        gateway.on_action = refuse
        await gateway.view(make_view())
        await until(lambda: feed.board.open_count == 1, "the alarm")
        status, answer = await post(client)
        assert (status, answer["error"], answer["acted_by"]) == (409, "refused", "P. Bakker")
        assert "geweigerd: P. Bakker was eerder; de melding is nu aangenomen" == answer["message"]
        assert "refused: P. Bakker was first; the alarm is now accepted" == answer["message_en"]
        assert answer["alarm"]["view"]["status"] == "accepted"


async def test_no_answer_is_504_and_never_done(
    mosquitto: "Mosquitto", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker took the action, the gateway says nothing: not known to be done."""
    monkeypatch.setattr(feed_module, "ANSWER_WITHIN_S", 0.3)
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):
        await gateway.view(make_view())
        await until(lambda: feed.board.open_count == 1, "the alarm")
        status, answer = await post(client)
        assert (status, answer["error"]) == (504, "unknown")
        assert "niet bekend" in answer["message"]
        assert "not known" in answer["message_en"]
        assert answer["alarm"]["view"]["status"] == "open"


async def test_what_is_sent_again_under_its_key_is_one_action(
    mosquitto: "Mosquitto", monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer the first time; then the one that came late, and nothing is sent any more."""
    monkeypatch.setattr(feed_module, "ANSWER_WITHIN_S", 0.5)
    key, note = "0123456789abcdef", {"kind": "note", "text": "eenmaal"}
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):
        await gateway.view(make_view())
        await until(lambda: feed.board.open_count == 1, "the alarm")
        both = await asyncio.gather(post(client, note, key), post(client, note, key))
        assert [(504, "unknown")] * 2 == [(status, answer["error"]) for status, answer in both]
        (action,) = gateway.actions
        await gateway.view(answered(make_view(), action, outcome="done"))
        await until(lambda: held_version(feed, action.alarm_id) == 2, "the answer")
        status, answer = await post(client, note, key)
        assert (status, answer["outcome"]) == (200, "done")
        assert [action] == gateway.actions
        await post(client, note, "another-key-of-it")
        await until(lambda: len(gateway.actions) == 2, "an action of its own")


@pytest.mark.parametrize("key", ["", "short", "with a space in the middle", "x" * 65])
async def test_a_key_that_is_none_is_refused(mosquitto: "Mosquitto", key: str) -> None:
    """400 with a line that says what a key looks like; nothing is sent."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):
        await gateway.view(make_view())
        await until(lambda: feed.board.open_count == 1, "the alarm")
        status, answer = await post(client, key=key)
        assert (status, answer["error"]) == (400, "bad_key")
        assert "Idempotency-Key" in answer["message"]
        assert [] == gateway.actions


async def test_an_alarm_that_the_gateway_does_not_know_is_404(mosquitto: "Mosquitto") -> None:
    """Its answer is a cleared topic; the row leaves the queue."""
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):
        await gateway.view(make_view())
        await until(lambda: feed.board.open_count == 1, "the alarm")
        posting = asyncio.create_task(post(client))
        await until(lambda: gateway.actions, "the action")
        await gateway.gone("aware-000123.1")
        status, answer = await posting
        assert (status, answer["error"]) == (404, "gone")
        assert answer["alarm"]["withdrawn"] is True


async def test_an_action_in_flight_fails_with_the_connection(mosquitto: "Mosquitto") -> None:
    """A broker that dies in between makes it unknown at once, and the next one is not sent."""
    async with console_on(mosquitto.url) as (feed, client):
        async with gateway_on(mosquitto.url) as gateway:
            await gateway.view(make_view())
            await until(lambda: feed.board.open_count == 1, "the alarm")
            posting = asyncio.create_task(post(client))
            await until(lambda: gateway.actions, "the action")
        mosquitto.kill()
        status, answer = await posting
        assert (status, answer["error"]) == (504, "unknown")
        await until(lambda: feed.connection().broker == "connecting", "the loss noticed")
        status, answer = await post(client)
        assert (status, answer["error"]) == (503, "not_connected")
        assert answer["alarm"]["view"]["status"] == "open"


async def test_a_page_that_does_not_read_stalls_nobody(mosquitto: "Mosquitto") -> None:
    """Others get every newest version while one page takes no byte; it is spared the old ones."""
    reasons = ("verified_press", "x" * 2_000)
    newest = {f"aware-1.{number}": VERSIONS for number in range(1, 31)}
    sent_bytes = 0
    async with gateway_on(mosquitto.url) as gateway, console_on(mosquitto.url) as (feed, client):
        await until(lambda: feed.connection().gateway == "up", "a connection")
        with open_deaf_page(client) as deaf:
            async with client.ws_connect("/ws", max_msg_size=0) as page:
                await page.receive_json()
                seen: dict[str, int] = {}
                reading = asyncio.create_task(read_until(page, newest, seen))
                for version in range(1, VERSIONS + 1):
                    for alarm_id in newest:
                        view = make_view(alarm_id, version, reasons=reasons)
                        sent_bytes += len(encode(view))
                        await gateway.view(view)
                await asyncio.wait_for(reading, 15)
                assert newest == seen
            late_bytes = await read_rest(deaf)
            assert 0 < late_bytes < LATE_BYTES_MAX < sent_bytes / 4


async def read_rest(deaf: socket.socket) -> int:
    """Read all that was kept for a page that did not read, up to its next quiet half second."""
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    total = 0
    try:
        while True:
            async with asyncio.timeout(0.5):
                received = await loop.sock_recv(deaf, 65_536)
            if not received:
                return total
            assert total or received.startswith(b"HTTP/1.1 101")
            total += len(received)
    except (TimeoutError, ConnectionError):
        return total  # quiet, or cut off for not reading


def open_deaf_page(client: Client) -> socket.socket:
    """Open a WebSocket and never read from it, with the smallest buffer there is."""
    url = client.make_url("/ws")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    deaf.connect((url.host, url.port))
    request = (
        f"GET /ws HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Origin: {client.session.headers['Origin']}\r\n"
        f"Cookie: {client.session.headers['Cookie']}\r\n\r\n"
    )
    deaf.sendall(request.encode())
    return deaf


async def read_until(
    page: ClientWebSocketResponse, wanted: dict[str, int], seen: dict[str, int]
) -> None:
    """Read a page's messages until it saw what is wanted; versions only ever rise."""
    while seen != wanted:
        message = await page.receive_json()
        for row in message.get("alarms", ()):
            version = row["view"]["version"]
            assert version >= seen.get(row["alarm_id"], 0)
            seen[row["alarm_id"]] = version


async def test_ready_is_told_in_its_written_shape(mosquitto: "Mosquitto") -> None:
    """200 as soon as broker and gateway are there."""
    async with gateway_on(mosquitto.url), console_on(mosquitto.url) as (feed, client):
        await until(lambda: feed.connection().gateway == "up", "the gateway")
        response = await client.get("/readyz")
        assert 200 == response.status
        await conforms(OPERATIONS["get", "/readyz"], response)
