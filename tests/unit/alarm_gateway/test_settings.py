"""What the gateway is told, checked before anything starts."""

from pathlib import Path

import pytest

from alarm_gateway.core.errors import SettingsError
from alarm_gateway.settings import read_settings
from alarm_protocol.runtime.tls import TlsFiles


def test_a_plain_broker_has_no_tls(tmp_path: Path) -> None:
    """`mqtt://` is TCP."""
    assert None is read_settings("mqtt://127.0.0.1", tmp_path).tls


def test_tls_comes_with_the_address(tmp_path: Path) -> None:
    """`mqtts://` is TLS with the system's authorities, certificates checked."""
    context = read_settings("mqtts://127.0.0.1", tmp_path).tls
    assert context is not None
    assert context.check_hostname


@pytest.mark.parametrize("url", ["", "127.0.0.1:1883", "http://x", "mqtt://", "mqtt://x:port"])
def test_a_wrong_address_shows_the_right_form(tmp_path: Path, url: str) -> None:
    """The line shows how an address looks."""
    with pytest.raises(SettingsError, match="mqtt://host:port"):
        read_settings(url, tmp_path)


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    """A wrong path is one line with that path."""
    with pytest.raises(SettingsError, match=r"gone\.pem"):
        read_settings("mqtts://127.0.0.1", tmp_path, files=TlsFiles(ca=tmp_path / "gone.pem"))


def test_certificates_without_tls_are_a_mistake(tmp_path: Path) -> None:
    """Whoever gives certificates means to be protected, and would not be."""
    with pytest.raises(SettingsError, match="mqtts://"):
        read_settings("mqtt://127.0.0.1", tmp_path, files=TlsFiles(ca=tmp_path / "ca.pem"))
