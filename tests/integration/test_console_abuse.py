"""A console that somebody abuses: alarms flow all the same, and each abuse has its end."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from alarm_protocol.runtime.broker_url import parse_broker_url
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.connections import CONNECTIONS, INCOMING_MAX
from dispatch.web.guard import BODY_BYTES_MAX
from dispatch.web.live import INCOMING_BYTES_MAX, TOO_MUCH
from dispatch.web.server import make_app
from simulator.processes import Part
from simulator.signin import cookie_of, make_accounts
from tests.helpers.accounts import make_desk, signed_in
from tests.integration.console_wire import gateway_on, until
from tests.unit.dispatch.views import make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = pytest.mark.broker

HANGING = 300
"""Connections that ask nothing; more than the console lets wait at once."""
HALF = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@pytest.fixture
async def console(mosquitto: "Mosquitto", tmp_path: Path) -> AsyncIterator[tuple[Part, str, str]]:
    """Run the police's console as a program; give it, its address and a session's cookie."""
    accounts = tmp_path / "police.json"
    (login,) = await make_accounts(accounts, "police", ("K. de Boer",))
    part = Part(
        "console",
        [
            *(sys.executable, "-m", "dispatch", "run", "--console", "police", "--port", "0"),
            *("--broker", mosquitto.url, "--accounts", str(accounts)),
        ],
        log=tmp_path / "console.log",
    )
    await part.start()
    url = part.ready_line.rpartition("url=")[2].strip()
    try:
        yield part, url, await cookie_of(url, login, timeout_s=20)
    finally:
        assert 0 == await part.stop()


@asynccontextmanager
async def page_of(url: str, cookie: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a page's WebSocket as its operator's browser does."""
    headers = {"Cookie": cookie, "Origin": url}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{url}/ws", max_msg_size=0) as page,
    ):
        yield page


async def shows(page: aiohttp.ClientWebSocketResponse, alarm_id: str) -> None:
    """Wait until a page was sent an alarm."""
    async with asyncio.timeout(20):
        while alarm_id not in (await page.receive()).data:
            pass


async def answer_to(url: str, content: bytes) -> bytes:
    """Send bytes on a new connection; return the first line of the answer, empty for none."""
    host, _, port = url.rpartition("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(content)
        async with asyncio.timeout(20):
            return (await reader.readline()).strip()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_alarms_flow_while_connections_hang(
    mosquitto: "Mosquitto", console: tuple[Part, str, str]
) -> None:
    """Hundreds of requests that never end: open pages get alarms, new pages get in, and they go."""
    part, url, cookie = console
    port = int(url.rpartition(":")[2])
    async with gateway_on(mosquitto.url) as gateway, page_of(url, cookie) as page:
        hanging = [await asyncio.open_connection("127.0.0.1", port) for _ in range(HANGING)]
        for _, writer in hanging:
            writer.write(HALF)
        await gateway.view(make_view("aware-000001.1"))
        await shows(page, "aware-000001.1")
        async with page_of(url, cookie) as other:
            await shows(other, "aware-000001.1")
        for _, writer in hanging:
            writer.write(b"x")
        await until(lambda: any(reader.at_eof() for reader, _ in hanging), "one that is cut off")
        await gateway.view(make_view("aware-000002.1"))
        await shows(page, "aware-000002.1")
        for _, writer in hanging:
            writer.close()
    assert "many connections that ask nothing" in part.log.read_text()


async def test_what_is_too_large_is_refused_and_alarms_flow(
    mosquitto: "Mosquitto", console: tuple[Part, str, str]
) -> None:
    """A line, a header and a body above the limits; rubbish; and a message that no page sends."""
    _, url, cookie = console
    host = f"Host: {url.rpartition('/')[2]}\r\nOrigin: {url}\r\n".encode()
    length = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1)
    attempts = {
        "line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        "header": b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
        "body": b"POST /api/session HTTP/1.1\r\n" + host + length + b"a" * (BODY_BYTES_MAX + 1),
        "rubbish": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    }
    answers = {name: (await answer_to(url, sent)).split()[1] for name, sent in attempts.items()}
    assert {"line": b"400", "header": b"400", "body": b"413", "rubbish": b"400"} == answers
    async with gateway_on(mosquitto.url) as gateway, page_of(url, cookie) as page:
        async with page_of(url, cookie) as rude:
            await rude.send_str("x" * (INCOMING_BYTES_MAX + 1))
            await closed(rude, 1_009)
        async with page_of(url, cookie) as rapid:
            for _ in range(INCOMING_MAX + 1):
                await rapid.send_str('{"type":"active"}')
            await closed(rapid, TOO_MUCH)
        await gateway.view(make_view("aware-000003.1"))
        await shows(page, "aware-000003.1")


async def closed(page: aiohttp.ClientWebSocketResponse, code: int) -> None:
    """Wait until the console has closed a page, with this code."""
    async with asyncio.timeout(20):
        while (await page.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
            pass
    assert code == page.close_code


async def test_each_hanging_connection_has_its_end(
    mosquitto: "Mosquitto", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a request, none, and one kept after its answer are cut; a slow body is refused."""
    monkeypatch.setattr("dispatch.web.connections.BODY_WITHIN_S", 0.1)
    settings = Settings(
        console="police", broker=parse_broker_url(mosquitto.url), host="127.0.0.1", port=0
    )
    desk, book = make_desk()
    app = make_app(Feed(settings), desk)
    connections = app[CONNECTIONS]
    connections._ask_within_s = 0.0
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    url = f"http://127.0.0.1:{port}"
    assert runner.server is not None
    try:
        cookie = signed_in(desk, book, url)["Cookie"]
        async with page_of(url, cookie) as page:
            await page.receive()
            hanging = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            hanging[0][1].write(HALF)
            hanging[1][1].write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"HTTP/1.1 200 OK\r\n" == await hanging[1][0].readline()
            slow = f"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {url}\r\n"
            slow += "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            assert b"408" == (await answer_to(url, slow.encode())).split()[1]
            server = runner.server
            await until(lambda: 4 == len(server.connections), "all connections")
            connections.sweep(server)
            for reader, writer in hanging:
                with contextlib.suppress(ConnectionResetError):
                    async with asyncio.timeout(20):
                        await reader.read()
                writer.close()
            assert 3 == connections.cut_off
            assert "tick" in (await page.receive()).data
    finally:
        await runner.cleanup()
