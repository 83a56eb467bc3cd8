"""The settings of one console process, checked before anything starts."""

import ssl
from pathlib import Path

from msgspec import Struct

from alarm_protocol.errors import BrokerUrlError
from alarm_protocol.runtime.broker_url import BrokerUrl, parse_broker_url
from alarm_protocol.units import CONSOLES, ConsoleId
from dispatch.core.errors import SettingsError

PORT_MAX = 65_535


class TlsFiles(Struct, frozen=True, kw_only=True):
    """Certificate files for `mqtts`: whom to trust, and who this console is."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def given(self) -> bool:
        """Whether any of them was named."""
        return any((self.ca, self.certificate, self.key))


class Settings(Struct, frozen=True, kw_only=True):
    """What one console needs to run; `port` 0 lets the system choose."""

    console: ConsoleId
    broker: BrokerUrl
    host: str
    port: int
    tls: ssl.SSLContext | None = None


def read_settings(
    *, console: str, broker: str, host: str, port: int, tls_files: TlsFiles
) -> Settings:
    """Check the settings as they were typed.

    Raises:
        SettingsError: One line that names the option, what is wrong and what would be right.
    """
    known = {name: name for name in CONSOLES}
    if console not in known:
        raise SettingsError(f"--console {console!r} is unknown; choose {' or '.join(CONSOLES)}")
    if not host.strip():
        raise SettingsError(
            "--host is empty, which would be every address of this machine; give one, such as "
            "127.0.0.1, or 0.0.0.0 where that is meant"
        )
    if not 0 <= port <= PORT_MAX:
        raise SettingsError(f"--port {port} is no port; give a number from 0 to {PORT_MAX}")
    try:
        url = parse_broker_url(broker)
    except BrokerUrlError as error:
        raise SettingsError(f"--broker: {error}") from error
    if tls_files.given and not url.tls:
        raise SettingsError(f"--tls-* need a broker address mqtts://...; it is {url}")
    return Settings(
        console=known[console],
        broker=url,
        host=host,
        port=port,
        tls=_tls_context(tls_files) if url.tls else None,
    )


def _tls_context(files: TlsFiles) -> ssl.SSLContext:
    """Trust the given CA (or the system's), and present a certificate where one is given."""
    try:
        context = ssl.create_default_context(cafile=files.ca)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"--tls-ca {files.ca} is no readable CA file ({error}); give a PEM file"
        ) from error
    if files.key is not None and files.certificate is None:
        raise SettingsError("--tls-key needs --tls-cert too")
    if files.certificate is not None:
        try:
            context.load_cert_chain(files.certificate, files.key)
        except (OSError, ssl.SSLError) as error:
            pair = f"--tls-cert {files.certificate}"
            if files.key is not None:
                pair += f" with --tls-key {files.key}"
            raise SettingsError(f"{pair} cannot be used ({error}); give PEM files") from error
    return context
