"""Broker addresses: what is read, what is refused, and what a log may show."""

import pytest

from alarm_protocol.errors import BrokerUrlError
from alarm_protocol.runtime.broker_url import BrokerUrl, parse_broker_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://127.0.0.1:1884", BrokerUrl("127.0.0.1", 1884, tls=False)),
        ("mqtt://broker", BrokerUrl("broker", 1883, tls=False)),
        ("mqtts://broker.example", BrokerUrl("broker.example", 8883, tls=True)),
        ("mqtt://broker:1/", BrokerUrl("broker", 1, tls=False)),
        ("mqtt://[::1]:1883", BrokerUrl("::1", 1883, tls=False)),
        (
            "mqtts://gateway:s%40fe@b:2",
            BrokerUrl("b", 2, True, "gateway", "s@fe"),
        ),
        ("mqtt://only%20name@b", BrokerUrl("b", 1883, tls=False, username="only name")),
    ],
)
def test_addresses_are_read(url: str, expected: BrokerUrl) -> None:
    """Scheme, host, port, name and password come out, with MQTT's usual ports."""
    assert expected == parse_broker_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:1883",
        "mqtt://",
        "mqtt://:1883",
        "mqtt:broker",
        "http://broker:1883",
        "tcp://broker",
        "mqtt://broker:port",
        "mqtt://broker:65536",
        "mqtt://broker:-1",
        "mqtt://broker/path",
        "mqtt://[::1",
    ],
)
def test_other_addresses_are_refused_with_the_right_form(url: str) -> None:
    """The error is one line that names the address and shows how one looks."""
    with pytest.raises(BrokerUrlError) as caught:
        parse_broker_url(url)
    text = str(caught.value)
    assert repr(url) in text
    assert "mqtt://host:port or mqtts://host:port" in text
    assert "\n" not in text


def test_a_log_does_not_show_the_password() -> None:
    """The address as text has neither name nor password."""
    assert str(parse_broker_url("mqtts://gateway:secret@broker:9")) == "mqtts://broker:9"
    assert str(parse_broker_url("mqtt://broker")) == "mqtt://broker:1883"
