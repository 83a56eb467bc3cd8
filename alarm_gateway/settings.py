"""What a running gateway is told."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from alarm_gateway.core.errors import SettingsError
from alarm_protocol.errors import BrokerUrlError
from alarm_protocol.runtime.broker_url import BrokerUrl, parse_broker_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where to connect, and where to keep the journal."""

    broker: BrokerUrl
    data_dir: Path
    tls: ssl.SSLContext | None = None


def read_settings(
    broker: str,
    data_dir: Path,
    *,
    tls_ca: Path | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> Settings:
    """Check the settings of a gateway.

    Raises:
        SettingsError: An address or a certificate cannot be used; the message says which.
    """
    try:
        url = parse_broker_url(broker)
    except BrokerUrlError as error:
        raise SettingsError(str(error)) from error
    if not url.tls:
        if tls_ca or tls_cert or tls_key:
            raise SettingsError(f"certificates need a broker address with mqtts://, not {url}")
        return Settings(broker=url, data_dir=data_dir)
    if tls_key and not tls_cert:
        raise SettingsError(
            f"--tls-key {tls_key} needs --tls-cert too: the certificate of that key"
        )
    try:
        context = ssl.create_default_context(cafile=str(tls_ca) if tls_ca else None)
        if tls_cert is not None:
            context.load_cert_chain(tls_cert, tls_key)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(path) for path in (tls_ca, tls_cert, tls_key) if path)
        raise SettingsError(
            f"certificates {files} cannot be used ({error}); give PEM files"
        ) from error
    return Settings(broker=url, data_dir=data_dir, tls=context)
