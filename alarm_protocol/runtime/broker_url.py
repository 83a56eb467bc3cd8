"""The address of a broker: `mqtt://[user:password@]host[:port]`, or `mqtts://` for TLS."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from alarm_protocol.errors import BrokerUrlError

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerUrl(NamedTuple):
    """Where a broker listens, and as whom to connect."""

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        """The address without the password, fit for a log."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_broker_url(url: str) -> BrokerUrl:
    """Read a broker address.

    Raises:
        BrokerUrlError: The address has another form; the message shows the right one, and no
            password that may be in the wrong one.
    """
    shown = url.rpartition("@")[2]
    form = f"broker address {shown!r} is not of the form mqtt://host:port or mqtts://host:port"
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")  # a name that no address can be looked up for
    except ValueError:
        raise BrokerUrlError(form) from None
    if (
        parts.scheme not in _PORTS
        or not parts.hostname
        or any(sign.isspace() for sign in url)
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or port == 0
    ):
        raise BrokerUrlError(form)
    return BrokerUrl(
        parts.hostname,
        port or _PORTS[parts.scheme],
        parts.scheme == "mqtts",
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )
