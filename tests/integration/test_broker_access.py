"""The production broker: what must not work, tried one by one, and what has to."""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import mqtt5
import pytest

from alarm_protocol import topics
from alarm_protocol.units import POLICE, VEILIG_THUIS, AlarmId, ConsoleId, DeviceId
from simulator.certs.authority import Authority
from tests.conftest import ProgramFinder
from tests.helpers.secure_broker import RawClient, SecureBroker

pytestmark = pytest.mark.broker

REFUSED = 135
"""MQTT 5's `not authorized`."""
ENDED = r"closed the connection|reset by peer|EOF|Broken pipe"
"""What is left to be seen of a broker that hangs up."""
OWN, OTHER = DeviceId("aware-000001"), DeviceId("aware-000002")
GATEWAY, SUPERVISION = "gateway", "gateway-supervision"
ALARM = AlarmId("aware-000002.1")
CLIENTS = (OWN, OTHER, POLICE, VEILIG_THUIS, GATEWAY, SUPERVISION)


@pytest.fixture(scope="module")
def broker(
    program: ProgramFinder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SecureBroker]:
    """Run the production configuration for all tests of this file."""
    one = SecureBroker(program("mosquitto"), tmp_path_factory.mktemp("broker"))
    one.start()
    yield one
    one.stop()


@pytest.fixture
def fresh(program: ProgramFinder, tmp_path: Path) -> Iterator[SecureBroker]:
    """Run it for one test alone."""
    one = SecureBroker(program("mosquitto"), tmp_path)
    one.start()
    yield one
    one.stop()


def console_topics(console: ConsoleId) -> dict[str, tuple[str, str]]:
    """Return who may write and who may read each topic of a console."""
    return {
        topics.alarm_view(console, ALARM): (GATEWAY, console),
        topics.actions(console): (console, GATEWAY),
        topics.presence(console): (console, SUPERVISION),
        topics.overview(console): (SUPERVISION, console),
    }


def device_topics(device: DeviceId) -> dict[str, tuple[str, str]]:
    """Return who may write and who may read each topic of a device."""
    return {
        topics.press(device): (device, GATEWAY),
        topics.heartbeat(device): (device, SUPERVISION),
        topics.link(device): (device, SUPERVISION),
        topics.feedback(device): (GATEWAY, device),
    }


RIGHTS: dict[str, tuple[str, set[str]]] = {
    topic: (writer, {reader})
    for one in (
        *(device_topics(device) for device in (OWN, OTHER)),
        *(console_topics(console) for console in (POLICE, VEILIG_THUIS)),
    )
    for topic, (writer, reader) in one.items()
}
RIGHTS[topics.GATEWAY_STATUS] = (GATEWAY, {POLICE, VEILIG_THUIS})
"""Each topic of the protocol: its one writer, and its readers."""
FOREIGN = (
    "rubbish",
    "$SYS/broker/uptime",
    "aware/v1/devices/police/press",
    "aware/v1/devices/gateway/press",
    "aware/v1/devices/aware-000001/press/more",
    "aware/v1/devices//press",
    "aware/v1/consoles/aware-000001/actions",
    "aware/v1/consoles/gateway/alarms/a.1",
    "aware/v2/devices/aware-000001/press",
)
"""Topics that nobody writes to, however much they look like one's own."""


@pytest.mark.parametrize("who", CLIENTS)
def test_everyone_writes_their_own_topics_and_no_other(broker: SecureBroker, who: str) -> None:
    """Of all topics, exactly those that the protocol gives a client are open to it."""
    with broker.client(who) as one:
        taken = {topic for topic in (*RIGHTS, *FOREIGN) if one.publish(topic) != REFUSED}
    assert {topic for topic, (writer, _) in RIGHTS.items() if writer == who} == taken


@pytest.mark.parametrize("pattern", ["#", "aware/#", "+/+/+/+/+", "aware/v1/consoles/#"])
@pytest.mark.parametrize("who", CLIENTS)
def test_a_wildcard_brings_nothing_that_is_not_ones_own(
    broker: SecureBroker, who: str, pattern: str
) -> None:
    """Mosquitto grants every subscription; what comes out of it is what may be read anyway."""
    last = next(topic for topic, (_, readers) in RIGHTS.items() if who in readers)
    with broker.client(who) as one, contextlib.ExitStack() as stack:
        one.subscribe(pattern)
        one.subscribe(last)
        writers = {
            writer: one if writer == who else stack.enter_context(broker.client(writer))
            for writer, _ in RIGHTS.values()
        }
        for topic, (writer, _) in RIGHTS.items():
            if topic != last:
                assert REFUSED != writers[writer].publish(topic)
        writers[RIGHTS[last][0]].publish(last)
        seen = set(one.topics_until(last))
    assert seen <= {topic for topic, (_, readers) in RIGHTS.items() if who in readers}
    if pattern == "#":
        assert {topic for topic, (_, readers) in RIGHTS.items() if who in readers} == seen


def test_views_that_are_kept_are_not_for_others(broker: SecureBroker) -> None:
    """A retained view of one agency reaches neither the other nor a device that comes later."""
    kept = topics.alarm_view(POLICE, ALARM)
    own = topics.alarm_view(VEILIG_THUIS, ALARM)
    with broker.client(GATEWAY) as gateway:
        assert REFUSED != gateway.publish(kept, retain=True)
        with broker.client(VEILIG_THUIS) as other, broker.client(OWN) as device:
            for one in (other, device):
                one.subscribe(kept)
                one.subscribe("#")
            gateway.publish(own)
            gateway.publish(topics.feedback(OWN))
            assert [own] == other.topics_until(own)
            assert [topics.feedback(OWN)] == device.topics_until(topics.feedback(OWN))
        gateway.publish(kept, b"", retain=True)


@pytest.mark.parametrize(
    "topic",
    [topics.link(OTHER), topics.press(OTHER), topics.presence(POLICE), topics.GATEWAY_STATUS],
)
def test_a_will_on_a_foreign_topic_is_never_spoken(broker: SecureBroker, topic: str) -> None:
    """The broker takes the will, and keeps it to itself when the connection is lost."""
    reader = next(iter(RIGHTS[topic][1]))
    will = mqtt5.Will(topic, payload=b"no", qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True)
    with broker.client(reader) as one:
        one.subscribe("#")
        broker.client(OWN, will=will).drop()
        # The same client again: the broker has dealt with the end of the one before.
        with broker.client(OWN), broker.client(RIGHTS[topic][0]) as rightful:
            rightful.publish(topic)
            assert b"x" == one.expect(mqtt5.PublishPacket, lambda got: got.topic == topic).payload


def test_a_will_on_ones_own_topic_is_spoken(broker: SecureBroker) -> None:
    """What the test above relies on: a connection that is lost has its will published."""
    will = mqtt5.Will(topics.link(OWN), payload=b"down", qos=mqtt5.QoS.AT_LEAST_ONCE)
    with broker.client(SUPERVISION) as one:
        one.subscribe(topics.ALL_LINKS)
        broker.client(OWN, will=will).drop()
        assert b"down" == one.expect(mqtt5.PublishPacket).payload


@pytest.mark.parametrize("topic", ["rubbish", topics.feedback(OWN), topics.link(OTHER)])
def test_rubbish_is_not_kept(broker: SecureBroker, topic: str) -> None:
    """A retained message where a device may not write is refused, and nobody finds it later."""
    with broker.client(OWN) as one:
        assert REFUSED == one.publish(topic, retain=True)
        one.subscribe("#")
        with broker.client(GATEWAY) as gateway:
            gateway.publish(topics.feedback(OWN), b"answer")
        assert b"answer" == one.expect(mqtt5.PublishPacket).payload


@pytest.mark.parametrize("size", [8_192, 100_000, 1_000_000])
def test_an_oversized_packet_ends_its_connection(broker: SecureBroker, size: int) -> None:
    """It is not delivered, and not even read; the largest message of the protocol is."""
    with broker.client(OWN) as one, broker.client(GATEWAY) as gateway:
        gateway.subscribe(topics.ALL_PRESSES)
        assert REFUSED != one.publish(topics.press(OWN), b"m" * 4_096)
        assert b"m" * 4_096 == gateway.expect(mqtt5.PublishPacket).payload
        with pytest.raises(OSError, match=ENDED):
            one.publish(topics.press(OWN), b"x" * size)
        with broker.client(OWN) as again:
            again.publish(topics.press(OWN), b"next")
        assert b"next" == gateway.expect(mqtt5.PublishPacket).payload


@pytest.mark.parametrize("who", [OTHER, POLICE, GATEWAY])
def test_nobody_throws_another_out(broker: SecureBroker, who: str) -> None:
    """Whatever client id one gives, the name in one's certificate is used: no session moves."""
    with broker.client(OWN) as one, broker.client(who, client_id=OWN):
        one.subscribe(topics.feedback(OWN))
        with broker.client(GATEWAY) as gateway:
            gateway.publish(topics.feedback(OWN), b"still here")
        assert b"still here" == one.expect(mqtt5.PublishPacket).payload


def test_the_same_certificate_takes_over(broker: SecureBroker) -> None:
    """What the test above relies on: a second connection of one name ends the first."""
    with (
        broker.client(OWN) as one,
        broker.client(OWN, client_id="other"),
        pytest.raises(OSError, match=ENDED),
    ):
        one.expect(mqtt5.PublishPacket)


def connect(broker: SecureBroker, context: ssl.SSLContext) -> str:
    """Connect at TLS 1.2, where a refusal comes within the handshake, and return its reason."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError) as raised:
        RawClient(broker.port, context, "x")
    return str(raised.value.reason)


def test_without_a_certificate_nobody_comes_in(broker: SecureBroker) -> None:
    """Whoever shows none is refused before MQTT begins, at both versions of TLS."""
    assert "SSLV3_ALERT_HANDSHAKE_FAILURE" == connect(broker, broker.context(None))
    with pytest.raises(OSError, match=rf"CERTIFICATE_REQUIRED|{ENDED}"):
        broker.client(None)


def test_an_expired_certificate_is_refused(broker: SecureBroker) -> None:
    """One that was good until yesterday is refused."""
    path = broker.folder / "expired" / OWN
    broker.authority.issue(path, "client", days=30, ended_days_ago=1)
    assert "SSLV3_ALERT_CERTIFICATE_EXPIRED" == connect(broker, broker.context(None, path=path))


def test_a_certificate_of_another_authority_is_refused(broker: SecureBroker) -> None:
    """The right name is not enough: our CA has to have signed it."""
    path = broker.folder / "other" / OWN
    Authority.make(broker.folder / "other").issue(path, "client", days=1)
    assert "TLSV1_ALERT_UNKNOWN_CA" == connect(broker, broker.context(None, path=path))


def test_the_brokers_own_certificate_is_none_for_clients(broker: SecureBroker) -> None:
    """A certificate for a server cannot be used to come in."""
    reason = connect(broker, broker.context("server"))
    assert "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE" == reason


def test_old_tls_is_refused(broker: SecureBroker) -> None:
    """TLS 1.1 is refused."""
    context = broker.context(OWN)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        RawClient(broker.port, context, "x")


def test_plain_tcp_is_refused(broker: SecureBroker) -> None:
    """A CONNECT in the clear gets no answer."""
    with pytest.raises(OSError, match=ENDED):
        RawClient(broker.port, None, OWN)


def test_a_revoked_certificate_is_refused(fresh: SecureBroker) -> None:
    """From the SIGHUP on it opens no connection; one that stands ends with a restart only."""
    with fresh.client(OWN) as standing:
        fresh.revoke(OWN)
        assert "SSLV3_ALERT_CERTIFICATE_REVOKED" == connect(fresh, fresh.context(OWN))
        assert REFUSED != standing.publish(topics.press(OWN))
        fresh.stop()
        with pytest.raises(OSError, match=ENDED):
            standing.expect(mqtt5.PublishPacket)
    fresh.start()
    assert "SSLV3_ALERT_CERTIFICATE_REVOKED" == connect(fresh, fresh.context(OWN))
    with fresh.client(OTHER) as other:
        assert REFUSED != other.publish(topics.press(OTHER))


def test_a_sighup_opens_nothing(fresh: SecureBroker) -> None:
    """After the files were read again, the rules are those of before."""
    fresh.revoke("aware-000003")
    for who in CLIENTS:
        test_everyone_writes_their_own_topics_and_no_other(fresh, who)
    test_a_wildcard_brings_nothing_that_is_not_ones_own(fresh, OWN, "#")
    test_nobody_throws_another_out(fresh, OTHER)
    test_without_a_certificate_nobody_comes_in(fresh)
    test_an_oversized_packet_ends_its_connection(fresh, 8_192)


def test_what_was_acknowledged_outlives_a_restart(fresh: SecureBroker) -> None:
    """A retained view is still there, from the folder that the configuration names."""
    view = topics.alarm_view(POLICE, ALARM)
    with fresh.client(GATEWAY) as gateway:
        gateway.publish(view, b"kept", retain=True)
    fresh.stop()
    fresh.start()
    with fresh.client(POLICE) as console:
        console.subscribe(topics.alarm_views(POLICE))
        assert b"kept" == console.expect(mqtt5.PublishPacket).payload
