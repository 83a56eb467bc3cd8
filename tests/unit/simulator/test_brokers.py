"""The settings that our own brokers get."""

import tomllib
from pathlib import Path

import pytest

from simulator import brokers
from simulator.brokers import LocalBroker
from simulator.core.errors import StackError


def test_without_mosquitto_the_embedded_broker_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`auto` falls back to the embedded broker, on two loopback ports, one a version of MQTT."""
    monkeypatch.setattr(brokers, "find_mosquitto", lambda: None)
    broker = LocalBroker("auto", tmp_path)
    assert broker.kind == "embedded"
    settings = tomllib.loads((tmp_path / "embedded-broker.toml").read_text())
    expected = (f"127.0.0.1:{broker.url.port}", f"127.0.0.1:{broker.url_v4.port}")
    assert expected == (settings["v5"]["1"]["listen"], settings["v4"]["1"]["listen"])
    assert broker.url.port != broker.url_v4.port


def test_mosquitto_is_chosen_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Mosquitto installed both versions of MQTT are spoken on one loopback port."""
    monkeypatch.setattr(brokers, "find_mosquitto", lambda: Path("/usr/sbin/mosquitto"))
    broker = LocalBroker("auto", tmp_path)
    assert broker.kind == "mosquitto"
    assert broker.url == broker.url_v4
    lines = (tmp_path / "mosquitto.conf").read_text().splitlines()
    assert f"listener {broker.url.port} 127.0.0.1" in lines


def test_every_line_for_mosquitto_says_why(tmp_path: Path) -> None:
    """Each setting, or group of settings, has a comment right above it."""
    explained = False
    for line in brokers.MOSQUITTO_CONFIG.splitlines():
        if line.startswith("#"):
            explained = True
        elif not line:
            explained = False
        else:
            assert explained, line


def test_asking_for_a_missing_mosquitto_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says how to get it."""
    monkeypatch.setattr(brokers, "find_mosquitto", lambda: None)
    with pytest.raises(StackError, match="apt-get install mosquitto"):
        LocalBroker("mosquitto", tmp_path)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """The message names the file."""
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"embedded-broker\.toml cannot be written"):
        LocalBroker("embedded", tmp_path / "file")
