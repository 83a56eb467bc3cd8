"""What a running gateway is told."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alarm_gateway.core.errors import SettingsError
from alarm_protocol.errors import BrokerUrlError, TlsError
from alarm_protocol.runtime.broker_url import BrokerUrl, parse_broker_url
from alarm_protocol.runtime.tls import TlsFiles, context_for, ends_of, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where to connect, and where to keep the journal."""

    broker: BrokerUrl
    data_dir: Path
    tls: ssl.SSLContext | None = None
    supervision_tls: ssl.SSLContext | None = None
    """The supervision lane's own, or the same."""
    certificates: Mapping[str, float] = field(default_factory=dict)
    """When each one ends, in s since 1970: `alarms` and `supervision` (our own), and `ca`."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The name in the certificate of each lane, `alarms` and `supervision`."""


def read_settings(
    broker: str,
    data_dir: Path,
    *,
    files: TlsFiles | None = None,
    supervision_files: TlsFiles | None = None,
) -> Settings:
    """Check the settings of a gateway.

    Raises:
        SettingsError: An address or a certificate cannot be used; the message says which.
    """
    try:
        url = parse_broker_url(broker)
        tls = context_for(url, files or TlsFiles())
        # Its CA is that of the alarm lane, and alone says nothing of a certificate of its own.
        own = supervision_files is not None and (
            supervision_files.certificate is not None or supervision_files.key is not None
        )
        supervision_tls = context_for(url, supervision_files) if supervision_files and own else tls
    except (BrokerUrlError, TlsError) as error:
        raise SettingsError(str(error)) from error
    return Settings(
        broker=url,
        data_dir=data_dir,
        tls=tls,
        supervision_tls=supervision_tls,
        certificates=_ends(files, supervision_files if own else None),
        names=_names(files, supervision_files if own else files),
    )


def _names(alarms: TlsFiles | None, supervision: TlsFiles | None) -> dict[str, str]:
    lanes = {"alarms": alarms, "supervision": supervision}
    return {lane: name_of(files) for lane, files in lanes.items() if files is not None}


def _ends(alarms: TlsFiles | None, supervision: TlsFiles | None) -> dict[str, float]:
    """Name the ends of the certificates of both lanes, and of the CA."""
    ends: dict[str, float] = {}
    for lane, files in (("alarms", alarms), ("supervision", supervision)):
        found = ends_of(files) if files is not None else {}
        ends |= {lane if name == "own" else name: end_s for name, end_s in found.items()}
    return ends
