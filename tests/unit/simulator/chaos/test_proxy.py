"""The proxy passes bytes on unchanged, and cuts, stalls and throttles when told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator.chaos.proxy import Proxy

DEADLINE_S = 20.0


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Proxy, asyncio.Server]]:
    """Hold a proxy before a server that sends everything back."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    proxy = Proxy("test", BrokerUrl("127.0.0.1", port, tls=False))
    await proxy.start()
    try:
        yield proxy, server
    finally:
        await proxy.stop()
        server.close()


async def test_bytes_pass_unchanged() -> None:
    """A megabyte, sent before there is anybody at the other end, comes back as it was."""
    content = bytes(range(256)) * 4_096
    async with echo() as (proxy, _), asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        writer.write(content)
        assert content == await reader.readexactly(len(content))
        writer.close()


async def test_a_cut_is_a_reset() -> None:
    """A cut ends every connection with a reset; the next one passes again."""
    async with echo() as (proxy, _), asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        writer.write(b"x")
        assert b"x" == await reader.readexactly(1)
        assert 1 == proxy.cut()
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        writer.close()
        reader, writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        writer.write(b"y")
        assert b"y" == await reader.readexactly(1)
        writer.close()


async def test_a_stalled_line_keeps_what_comes() -> None:
    """While it is stalled nothing passes, on old and new connections; then everything does."""
    async with echo() as (proxy, _), asyncio.timeout(DEADLINE_S):
        reader, writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        writer.write(b"a")
        assert b"a" == await reader.readexactly(1)
        proxy.stall(on=True)
        other_reader, other_writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        other_writer.write(b"c")
        writer.write(b"b")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(other_reader.readexactly(1), 0.2)
        proxy.stall(on=False)
        assert b"b" == await reader.readexactly(1)
        assert b"c" == await other_reader.readexactly(1)
        writer.close()
        other_writer.close()


async def test_a_throttled_line_is_slow_and_whole() -> None:
    """A throttled line takes at least its time, and loses nothing."""
    content = b"z" * 60_000
    loop = asyncio.get_running_loop()
    async with echo() as (proxy, _), asyncio.timeout(DEADLINE_S):
        proxy.throttle(100_000)
        reader, writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        started_s = loop.time()
        for start in range(0, len(content), 10_000):
            writer.write(content[start : start + 10_000])
            await writer.drain()
            received = await reader.readexactly(10_000)
            assert content[start : start + 10_000] == received
        assert loop.time() - started_s >= 0.3
        writer.close()


async def test_an_absent_broker_is_a_closed_connection() -> None:
    """Where nobody listens behind it, the client's connection ends."""
    async with echo() as (proxy, server), asyncio.timeout(DEADLINE_S):
        server.close()
        reader, writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        with suppress(ConnectionResetError):
            assert b"" == await reader.read(1)
        writer.close()


async def test_a_client_that_left_reaches_no_broker() -> None:
    """What it sent before is dropped: its CONNECT would displace its own next connection."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        with suppress(ConnectionError):
            data = await reader.read(100)
        heard.put_nowait(data)
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = Proxy("one", BrokerUrl("127.0.0.1", port, tls=False))
    await proxy.start()
    try:
        _, writer = await asyncio.open_connection(proxy.url.host, proxy.url.port)
        writer.write(b"CONNECT")
        while not proxy.sides:
            await asyncio.sleep(0)
        proxy.cut()
        assert b"" == await asyncio.wait_for(heard.get(), DEADLINE_S)
        writer.close()
    finally:
        await proxy.stop()
        server.close()
