"""What only Mosquitto offers: passwords, a small window, limits, and a reason in words."""

import getpass
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.mqtt_outbox import OnDone
from tests.helpers.mqtt_witness import client, until
from tests.integration.conftest import Mosquitto

LIMITED = """\
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages 2
max_packet_size 10000
message_size_limit 5000
"""
GUARDED = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
user {user}
"""


@pytest.fixture
def custom(program: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[[str], BrokerUrl]]:
    """Start a Mosquitto with a configuration of one's own."""
    started: list[Mosquitto] = []

    def start(config: str) -> BrokerUrl:
        broker = Mosquitto(program("mosquitto"), tmp_path)
        broker._config.write_text(
            config.format(port=broker.port, folder=tmp_path, user=getpass.getuser())
        )
        broker.start()
        started.append(broker)
        return BrokerUrl("127.0.0.1", broker.port, tls=False)

    yield start
    for broker in started:
        broker.kill()


async def test_a_small_window_is_honoured_and_slows_only(
    custom: Callable[[str], BrokerUrl],
) -> None:
    """With a Receive Maximum of 2 Mosquitto would disconnect a client that exceeds it."""
    url = custom(LIMITED)
    async with client(url, "hearer") as hearer, client(url, "teller") as teller:
        await hearer.connected()
        payloads = [str(number).encode() for number in range(500)]
        for payload in payloads:
            teller.session.publish("to/hearer", payload)
        await until(lambda: len(hearer.received) >= 500)
        assert payloads == hearer.payloads()
        assert teller.session._outbox._window == 2
        assert 1 == sum(state.connected for state in teller.states)


async def test_a_message_above_the_broker_s_limits_is_refused_and_over(
    custom: Callable[[str], BrokerUrl],
) -> None:
    """Too large for the broker's packets or for its messages: refused once, never repeated."""
    url = custom(LIMITED)
    async with client(url, "teller") as teller:
        await teller.connected()
        done: list[tuple[int, bool]] = []

        def noted(size: int) -> OnDone:
            return lambda taken: done.append((size, taken))

        for size in (20_000, 7_000, 100):
            teller.session.publish("out", b"x" * size, on_done=noted(size))
        await until(lambda: len(done) == 3)
        assert [(100, True), (7_000, False), (20_000, False)] == sorted(done)
        assert (0, 2) == (teller.session.backlog, teller.session.refused)
        assert 1 == sum(state.connected for state in teller.states)


async def test_a_message_above_our_limit_is_not_sent_to_us(mosquitto: Mosquitto) -> None:
    """Mosquitto honours our Maximum Packet Size: the session never sees what is too large."""
    url = BrokerUrl("127.0.0.1", mosquitto.port, tls=False)
    async with (
        client(url, "hearer", packet_bytes_max=1_000) as hearer,
        client(url, "teller") as teller,
    ):
        await hearer.connected()
        teller.session.publish("to/hearer", b"x" * 5_000)
        teller.session.publish("to/hearer", b"small")
        await until(lambda: hearer.received)
        assert hearer.payloads() == [b"small"]
        assert 1 == sum(state.connected for state in hearer.states)


@pytest.fixture
def passwords(program: Callable[[str], Path], tmp_path: Path) -> Path:
    """Make a password file in which anna's is `right`."""
    path = tmp_path / "passwords"
    tool = program("mosquitto_passwd")
    subprocess.run([tool, "-b", "-c", path, "anna", "right"], check=True, capture_output=True)
    return path


async def test_a_wrong_password_is_told_and_the_right_one_works(
    passwords: Path, custom: Callable[[str], BrokerUrl]
) -> None:
    """The detail says that the broker refused us, and does not show the password."""
    url = custom(GUARDED)
    wrong, right = (url._replace(username="anna", password=word) for word in ("wrong", "right"))
    async with client(wrong) as refused:
        await until(lambda: refused.states)
        assert f"{url}: the broker refused us: not authorized" == refused.details()[0]
        assert "wrong" not in refused.details()[0]
    async with client(right) as welcome:
        await welcome.connected()


async def test_a_goodbye_of_the_broker_is_told_by_its_own_reason(mosquitto: Mosquitto) -> None:
    """Mosquitto ends a connection over a topic of too many levels, and says why."""
    url = BrokerUrl("127.0.0.1", mosquitto.port, tls=False)
    async with client(url) as one:
        await one.connected()
        one.session.publish("a" + "/" * 300, b"", qos=0)
        await one.connected(2)
        assert f"{url}: the broker said goodbye: protocol error" == one.details()[1]
