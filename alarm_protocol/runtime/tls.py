"""TLS towards a broker: certificate files that are checked, and its errors in words.

What OpenSSL says when a certificate is refused is a code that few know. What is wrong is in
there, though: here it becomes a sentence with what to do.
"""

import contextlib
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from alarm_protocol.errors import TlsError
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files for `mqtts`: whom to trust, and who we are.

    `options` is how the command line calls certificate and key: `--tls` for `--tls-cert`.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    options: str = "--tls"

    @property
    def given(self) -> bool:
        """Whether any of them was named."""
        return any((self.ca, self.certificate, self.key))


def context_for(broker: BrokerUrl, files: TlsFiles) -> ssl.SSLContext | None:
    """Return how to speak to a broker: None in the clear, else with its certificate checked.

    Without a CA file the authorities of this machine are trusted.

    Raises:
        TlsError: A file cannot be used, or the address is not `mqtts://`; one line that names
            the option.
    """
    if not broker.tls:
        if files.given:
            raise TlsError(f"--tls-* need a broker address mqtts://...; it is {broker}")
        return None
    try:
        context = ssl.create_default_context(cafile=files.ca)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(
            f"--tls-ca {files.ca} is no readable CA file ({error}); give a PEM file"
        ) from error
    _introduce(context, files)
    return context


def _introduce(context: ssl.SSLContext, files: TlsFiles) -> None:
    """Present our certificate, where there is one."""
    option = files.options
    if files.certificate is None:
        if files.key is not None:
            raise TlsError(f"{option}-key needs {option}-cert too: the certificate of {files.key}")
        return
    pair = f"{option}-cert {files.certificate}"
    if files.key is not None:
        pair += f" with {option}-key {files.key}"
    try:
        # A key with a password would make OpenSSL ask for it on the terminal.
        context.load_cert_chain(files.certificate, files.key, password="")
    except ssl.SSLError as error:
        if "KEY_VALUES_MISMATCH" in str(error):
            raise TlsError(f"{pair}: this key is not the one of this certificate") from error
        raise TlsError(
            f"{pair} cannot be used ({error}); give PEM files, the key without a password"
        ) from error
    except (OSError, ValueError) as error:
        raise TlsError(f"{pair} cannot be used ({error}); give PEM files") from error
    _check(files.certificate.read_bytes(), pair)


_USES = ExtensionOID.EXTENDED_KEY_USAGE


def _check(pem: bytes, pair: str) -> None:
    """Say now what every broker would only refuse later."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        uses = [one for one in certificate.extensions if one.oid == _USES]
    except ValueError as error:
        raise TlsError(f"{pair} cannot be used ({error}); give PEM files") from error
    now = datetime.fromtimestamp(clock.now_ms() / 1_000, tz=UTC)
    if certificate.not_valid_after_utc < now:
        raise TlsError(
            f"{pair} has expired on {_day(certificate.not_valid_after_utc)}; give a new one"
        )
    if certificate.not_valid_before_utc > now:
        raise TlsError(
            f"{pair} begins to hold on {_day(certificate.not_valid_before_utc)}; "
            "look at this machine's clock, or give one that holds today"
        )
    if any(ExtendedKeyUsageOID.CLIENT_AUTH not in list(one.value) for one in uses):
        raise TlsError(f"{pair} is not for clients; give one that was made for one")


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def ends_of(files: TlsFiles) -> dict[str, float]:
    """Return when our own certificate (`own`) and our authority's (`ca`) end, in s since 1970.

    Of several in a file the first end counts. `context_for` has judged the files; what only OpenSSL
    can read is left out here.
    """
    ends: dict[str, float] = {}
    for name, path in (("own", files.certificate), ("ca", files.ca)):
        if path is not None:
            with contextlib.suppress(OSError, ValueError):
                found = x509.load_pem_x509_certificates(path.read_bytes())
                ends[name] = min(one.not_valid_after_utc for one in found).timestamp()
    return ends


def name_of(files: TlsFiles) -> str:
    """Return the name in our own certificate, by which a broker's access list goes; or nothing."""
    if files.certificate is None:
        return ""
    with contextlib.suppress(OSError, ValueError):
        subject = x509.load_pem_x509_certificate(files.certificate.read_bytes()).subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return " ".join(str(one.value) for one in names)
    return ""


def peer_end_s(certificate: Mapping[str, Any] | None) -> float | None:
    """Return when the other end's certificate ends, in s since 1970; None in the clear.

    `certificate` is what a transport calls `peercert`.
    """
    end = None if certificate is None else certificate.get("notAfter")
    return None if end is None else float(ssl.cert_time_to_seconds(end))


_WORDS = (
    (
        r"CERTIFICATE_VERIFY_FAILED.*(?:Hostname|IP address) mismatch",
        "the broker's certificate is for another name; use a name that is in it, or make it anew",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED.*certificate has expired",
        "the broker's certificate has expired; it needs a new one",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED.*not yet valid",
        "the broker's certificate does not hold yet; look at this machine's clock",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "the broker's certificate is from a CA that we do not trust; give its CA with --tls-ca",
    ),
    (
        r"ALERT_CERTIFICATE_REVOKED",
        "the broker says that our certificate is revoked; get a new one",
    ),
    (
        r"ALERT_CERTIFICATE_EXPIRED",
        "the broker says that our certificate has expired; get a new one",
    ),
    (
        r"ALERT_UNKNOWN_CA|ALERT_DECRYPT_ERROR",
        "the broker does not know the CA of our certificate; get one from the broker's CA",
    ),
    (
        r"ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE",
        "the broker wants a certificate of us; give --tls-cert and --tls-key",
    ),
    (
        r"ALERT_(?:BAD|UNSUPPORTED)_CERTIFICATE|ALERT_CERTIFICATE_UNKNOWN",
        "the broker does not take our certificate; give one for clients, from the broker's CA",
    ),
    (
        r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE",
        "the broker and we know no version of TLS in common",
    ),
    (
        r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG",
        "no TLS is spoken at that port; use mqtt://, or the broker's port for TLS",
    ),
    (
        r"UNEXPECTED_EOF_WHILE_READING|EOF occurred in violation of protocol",
        "the broker hung up",
    ),
)
_SILENT = re.compile(r"reset by peer|Broken pipe|timed out|hung up|connection lost")
"""What an error says when the other end said nothing."""
_KNOWN = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in _WORDS)


def words_of(error: BaseException) -> str:
    """Return what an error says, or at least its name: some say nothing."""
    return in_words(str(error)) or type(error).__name__


def unanswered(said: str = "", *, tls: bool) -> str:
    """Return an error's words, with what may be behind an end before the broker's first word."""
    if said and not _SILENT.search(said):
        return said
    hint = (
        "it may have refused our certificate, or speak no TLS there; its log says why"
        if tls
        else "does it want mqtts://?"
    )
    return f"{said or 'the broker hung up before it answered'}; {hint}"


def in_words(said: str) -> str:
    """Return what an error's text means, with that text; any other text as it is."""
    for pattern, words in _KNOWN:
        if pattern.search(said):
            return f"{words} [{_bare(said)}]"
    return said


def _bare(said: str) -> str:
    """Leave out what only its makers can read: `[SSL: X] x (_ssl.c:1000)` becomes `x`."""
    inner = re.sub(r"^.*?\[SSL: [A-Z0-9_]+\] |\s*\(_ssl\.c:\d+\)", "", said, flags=re.DOTALL)
    return inner.strip().rstrip(".")


class LastError(logging.Handler):
    """Keeps the last error that a library logged and did not raise."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.ERROR)
        self._said = ""
        # Its own: others stay out of it. Below its level no record is made: paho logs each packet.
        self.logger = logging.Logger(name, logging.ERROR)  # noqa: LOG001
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Take an error."""
        self._said = record.getMessage()

    def take(self) -> str:
        """Return it in words, or nothing, and forget it."""
        said, self._said = self._said, ""
        return in_words(said)
