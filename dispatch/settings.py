"""The settings of one console process, checked before anything starts."""

import ssl
from pathlib import Path

from msgspec import Struct, field

from alarm_protocol.errors import BrokerUrlError, TlsError
from alarm_protocol.guidance import Guidance
from alarm_protocol.runtime.broker_url import BrokerUrl, parse_broker_url
from alarm_protocol.runtime.tls import TlsFiles, context_for, ends_of, name_of
from alarm_protocol.units import CONSOLES, ConsoleId
from dispatch.core.errors import SettingsError
from dispatch.policy import read_guidance

PORT_MAX = 65_535


class Settings(Struct, frozen=True, kw_only=True):
    """What one console needs to run; `port` 0 lets the system choose.

    `metrics` is the host and port of the figures, where they are asked for.
    """

    console: ConsoleId
    broker: BrokerUrl
    host: str
    port: int
    tls: ssl.SSLContext | None = None
    metrics: tuple[str, int] | None = None
    guidance: Guidance = Guidance()
    certificates: dict[str, float] = field(default_factory=dict)
    """When our own certificate and our CA's end, in s since 1970."""
    certificate_name: str = ""
    """The name in our own certificate, by which the broker's access list goes."""


def read_settings(
    *,
    console: str,
    broker: str,
    host: str,
    port: int,
    tls_files: TlsFiles,
    metrics: tuple[str, int] | None = None,
    policy: Path | None = None,
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
    try:
        tls = context_for(url, tls_files)
    except TlsError as error:
        raise SettingsError(str(error)) from error
    return Settings(
        console=known[console],
        broker=url,
        host=host,
        port=port,
        tls=tls,
        metrics=metrics,
        guidance=read_guidance(policy),
        certificates=ends_of(tls_files),
        certificate_name=name_of(tls_files),
    )
