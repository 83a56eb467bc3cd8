"""The settings that our own brokers get."""

import tomllib
from pathlib import Path

import pytest

from simulator import brokers
from simulator.brokers import LocalBroker
from simulator.certs.command import make_all
from simulator.core.errors import StackError
from simulator.secure_broker import configuration


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


def test_tls_without_mosquitto_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded broker speaks none: the message says what to install, or to leave out."""
    with pytest.raises(StackError, match="leave --embedded out, or --tls"):
        LocalBroker("embedded", tmp_path, certs=tmp_path)
    monkeypatch.setattr(brokers, "find_mosquitto", lambda: None)
    with pytest.raises(StackError, match=r"apt-get install mosquitto\), or leave --tls out"):
        LocalBroker("auto", tmp_path, certs=tmp_path)


def test_with_certificates_it_is_the_broker_of_real_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another port and folder, every other setting as shipped, and the CA's key stays out."""
    monkeypatch.setattr(brokers, "find_mosquitto", lambda: Path("/usr/sbin/mosquitto"))
    make_all(tmp_path / "certs", 0, ("localhost",), 1)
    broker = LocalBroker("auto", tmp_path, certs=tmp_path / "certs")
    assert broker.url.tls
    folder = tmp_path / "broker" / "etc"
    written = (folder / "mosquitto.conf").read_text().splitlines()
    shipped = configuration("mosquitto.conf").splitlines()
    pairs = zip(shipped, written, strict=True)
    moved = [new for old, new in pairs if old != new and not new.startswith("#")]
    assert f"listener {broker.url.port} 127.0.0.1" == moved[0]
    assert [] == [line for line in moved[1:] if str(tmp_path) not in line and "user " not in line]
    assert (folder / "acl.conf").read_text() == configuration("acl.conf")
    names = {path.name for path in (folder / "certs").iterdir()}
    assert {"ca.crt", "server.crt", "server.key", "crl.pem"} == names
