"""Settings: what was typed is checked, and each mistake is one line that names the option."""

from pathlib import Path

import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.tls import TlsFiles
from dispatch.core.errors import SettingsError
from dispatch.settings import Settings, read_settings


def read(
    *,
    console: str = "police",
    broker: str = "mqtt://127.0.0.1:1883",
    port: int = 8101,
    tls_files: TlsFiles | None = None,
) -> Settings:
    """Read settings that are right where nothing else is said."""
    files = tls_files or TlsFiles()
    return read_settings(
        console=console, broker=broker, host="127.0.0.1", port=port, tls_files=files
    )


def test_good_settings_are_read() -> None:
    """A plain broker needs no TLS."""
    expected = Settings(
        console="veilig_thuis",
        broker=BrokerUrl("127.0.0.1", 1883, tls=False),
        host="127.0.0.1",
        port=0,
    )
    assert expected == read(console="veilig_thuis", port=0)


def test_mqtts_checks_the_brokers_certificate() -> None:
    """TLS without a CA file trusts the system's, and verifies names."""
    context = read(broker="mqtts://broker.example").tls
    assert context is not None
    assert context.check_hostname


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"console": "fire"}, "--console 'fire' is unknown; choose police or veilig_thuis"),
        ({"port": 65_536}, "--port 65536 is no port; give a number from 0 to 65535"),
        ({"port": -1}, "--port -1 is no port"),
        ({"broker": "127.0.0.1:1883"}, "--broker: broker address '127.0.0.1:1883' is not of"),
    ],
)
def test_a_mistake_names_its_option(changes: dict[str, object], line: str) -> None:
    """The line says what is wrong and what would be right."""
    with pytest.raises(SettingsError) as caught:
        read(**changes)  # type: ignore[arg-type]
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_certificate_files_are_checked(tmp_path: Path) -> None:
    """A missing or broken file is named, and so is TLS without TLS."""
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    for broker, files, line in (
        ("mqtts://b", TlsFiles(ca=tmp_path / "none.pem"), "none.pem is no readable CA file"),
        ("mqtts://b", TlsFiles(ca=junk), "junk.pem is no readable CA file"),
        ("mqtts://b", TlsFiles(certificate=junk), "junk.pem cannot be used"),
        ("mqtts://b", TlsFiles(key=junk), "--tls-key needs --tls-cert too"),
        ("mqtt://b", TlsFiles(ca=junk), "--tls-* need a broker address mqtts://"),
    ):
        with pytest.raises(SettingsError) as caught:
            read(broker=broker, tls_files=files)
        assert line in str(caught.value)
