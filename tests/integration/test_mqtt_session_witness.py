"""The session over real sockets, against a server that sees every packet."""

import asyncio
import gc
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import mqtt5
import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.loop import run_async
from tests.helpers.mqtt_witness import Client, client, until, witness

ProgramFinder = Callable[[str], Path]


async def test_the_receive_maximum_of_the_server_is_never_exceeded() -> None:
    """However much is offered, no more than the window is unacknowledged."""
    async with witness() as server:
        server.receive_max = 3
        async with client(server.url) as one:
            for number in range(100):
                one.session.publish("out", str(number).encode())
            await one.connected()
            (visit,) = server.visits
            while len(visit.publishes()) < 100 or visit.unanswered:
                await until(lambda: visit.unanswered)
                visit.acknowledge()
            await until(lambda: one.session.backlog == 0)
            assert not visit.window_exceeded
            expected = [str(number).encode() for number in range(100)]
            assert expected == [payload for payload, _, _ in visit.publishes()]


async def test_a_kept_session_gets_the_unacknowledged_again_with_dup() -> None:
    """Same ids, DUP set, in order; what was acknowledged does not come again."""
    async with witness() as server, client(server.url) as one:
        await one.connected()
        for payload in (b"1", b"2", b"3"):
            one.session.publish("out", payload)
        (first,) = server.visits
        await until(lambda: len(first.unanswered) == 3)
        first.acknowledge()
        await until(lambda: one.session.backlog == 2)
        server.session_present = True
        first.transport.abort()
        await one.connected(2)
        second = server.visits[1]
        await until(lambda: len(second.publishes()) == 2)
        assert [(b"2", 2, True), (b"3", 3, True)] == second.publishes()
        assert second.kinds()[:2] == ["Connect", "Subscribe"]


async def test_a_forgotten_session_gets_the_unacknowledged_as_new() -> None:
    """A server without memory of the ids gets new ones, without DUP."""
    async with witness() as server, client(server.url) as one:
        await one.connected()
        one.session.publish("out", b"1")
        await until(lambda: server.visits[0].unanswered)
        server.visits[0].transport.abort()
        await one.connected(2)
        await until(server.visits[1].publishes)
        assert [(b"1", 2, False)] == server.visits[1].publishes()


async def test_a_server_that_says_nothing_is_left_after_the_limit() -> None:
    """An open port is no broker; the detail says what was missing."""
    async with witness() as server:
        server.silent = True
        async with client(server.url, connect_s_max=0.05) as one:
            await until(lambda: len(server.visits) == 2)
            assert f"{server.url}: no answer within 0.05 s" == one.details()[0]
            server.silent = False
            await one.connected()


async def test_close_while_the_server_says_nothing_ends_at_once() -> None:
    """Nobody waits ten seconds for a session that is not wanted any more."""
    async with witness() as server:
        server.silent = True
        async with client(server.url, connect_s_max=1_000) as one:
            await until(lambda: server.visits and server.visits[0].packets)
        await until(lambda: server.visits[0].lost)
        assert server.visits[0].kinds() == ["Connect", "Disconnect"]
        assert one.details() == [f"{server.url}: closed"]


async def test_a_refused_subscription_is_told_with_its_filter() -> None:
    """The session keeps trying, and says what it may not hear."""
    async with witness() as server:
        server.suback = mqtt5.SubAckReasonCode.NOT_AUTHORIZED
        async with client(server.url) as one:
            await until(lambda: one.states)
            expected = f"{server.url}: subscription refused: to/client: not authorized"
            assert expected == one.details()[0]


async def test_malformed_bytes_from_the_server_are_survived() -> None:
    """A named reason, and a new connection."""
    async with witness() as server, client(server.url) as one:
        await one.connected()
        server.visits[0].transport.write(b"\x00\x01\x02")
        await one.connected(2)
        assert "not MQTT 5" in one.details()[1]


async def test_a_server_that_closes_without_a_word_is_told_as_lost() -> None:
    """An end of the stream has a reason for people too."""
    async with witness() as server, client(server.url) as one:
        await one.connected()
        server.visits[0].transport.close()
        await one.connected(2)
        assert one.details()[1] == f"{server.url}: the connection was lost"


async def test_small_writes_are_not_gathered_by_the_kernel() -> None:
    """TCP_NODELAY is set: Nagle costs milliseconds on each alarm."""
    async with witness() as server, client(server.url) as one:
        await one.connected()
        connection = one.session._connection
        assert connection is not None
        assert connection._socket is not None
        assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_host_that_cannot_be_a_name_does_not_end_the_session() -> None:
    """An address with a typing error is a visible state like any other."""
    async with client(BrokerUrl("a..b", 1883, tls=False)) as one:
        await until(lambda: len(one.states) == 2)
        assert not one.running.done()


async def test_a_closed_port_is_told_and_tried_again() -> None:
    """Nobody listens: the session says so each time, and goes on."""
    async with witness() as server:
        url = server.url
    async with client(url) as one:
        await until(lambda: len(one.states) >= 2)
        assert all("Connect call failed" in detail for detail in one.details())


async def test_a_peer_that_stops_reading_cannot_hold_up_close() -> None:
    """With full buffers on the way the goodbye is given up after a second."""
    async with witness() as server:
        server.receive_max = 65_535
        async with client(server.url) as one:
            await one.connected()
            server.visits[0].transport.pause_reading()
            for _ in range(200):
                one.session.publish("out", b"x" * 100_000)
            connection = one.session._connection
            assert connection is not None
            await until(lambda: not connection.writable)
            assert one.session.backlog == 200
        assert one.running.done()


async def test_a_connection_lost_in_the_tls_handshake_is_told_in_words() -> None:
    """A server that hangs up on our hello leaves a reason, and no warning."""
    hung_up = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hung_up
        await reader.read(1)
        writer.transport.abort()
        hung_up += 1

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = BrokerUrl("127.0.0.1", server.sockets[0].getsockname()[1], tls=True)
    async with client(url) as one:
        await until(lambda: len(one.states) >= 2 and hung_up >= 2)
        assert len(one.details()[0]) > len(f"{url}: ")
    server.close()
    await server.wait_closed()
    gc.collect()


@pytest.mark.parametrize("run", [asyncio.run, run_async], ids=["asyncio", "uvloop"])
def test_close_during_the_tls_handshake_ends_at_once(run: Callable[..., None]) -> None:
    """A server that never answers our hello does not hold up the end, on either loop."""

    async def scenario() -> None:
        greeted = asyncio.Event()

        async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            greeted.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
        url = BrokerUrl("127.0.0.1", server.sockets[0].getsockname()[1], tls=True)
        async with client(url, connect_s_max=1_000) as one:
            await greeted.wait()
        assert one.details() == [f"{url}: closed"]
        server.close()

    run(scenario())


@pytest.mark.parametrize("run", [asyncio.run, run_async], ids=["asyncio", "uvloop"])
def test_the_whole_way_on_either_loop(run: Callable[..., None]) -> None:
    """Connect, pause, resume, publish, lose, reconnect, cancel: the same on uvloop."""

    async def scenario() -> None:
        async with witness() as server:
            one = Client(server.url)
            await one.connected()
            one.session.pause_reading()
            one.session.pause_reading()
            one.session.resume_reading()
            one.session.publish("out", b"1")
            await until(lambda: server.visits[0].unanswered)
            server.session_present = True
            server.visits[0].transport.abort()
            await one.connected(2)
            await until(lambda: server.visits[1].publishes() == [(b"1", 1, True)])
            one.running.cancel()
            await asyncio.wait([one.running])
            assert one.running.cancelled()
            await until(lambda: server.visits[1].lost)

    run(scenario())


@pytest.fixture
def certificates(program: ProgramFinder, tmp_path: Path) -> Path:
    """Make a CA and a server certificate for the loopback."""
    openssl = program("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=tmp_path, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test CA")
    run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=test broker")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    run("x509", "-req", "-in", "server.csr", *signed, "-out", "server.crt", "-days", "2")
    return tmp_path


async def test_tls_with_a_ca_of_our_own(certificates: Path) -> None:
    """With its CA the server is trusted, and everything goes over TLS; goodbye included."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    trusting = ssl.create_default_context(cafile=certificates / "ca.crt")
    async with witness(serving) as server:
        async with client(server.url, tls=trusting) as one:
            await one.connected()
            one.session.publish("out", b"x" * 300_000)
            await until(lambda: server.visits[0].unanswered)
            server.visits[0].acknowledge()
            await until(lambda: one.session.backlog == 0)
        await until(lambda: server.visits[0].lost)
        assert server.visits[0].kinds() == ["Connect", "Subscribe", "Publish", "Disconnect"]


async def test_tls_without_that_ca_is_refused_in_words(certificates: Path) -> None:
    """A broker that nobody vouches for gets no CONNECT and no password."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    async with witness(serving) as server, client(server.url) as one:
        await until(lambda: one.states)
        assert "certificate verify failed" in one.details()[0]
        assert not any(visit.packets for visit in server.visits)
