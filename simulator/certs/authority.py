"""A certificate authority in a folder: it issues, and takes back what it issued.

Keys are ECDSA on P-256: what every TLS library takes, and small enough for a device.
"""

import contextlib
import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from alarm_protocol.runtime import clock
from simulator.core.errors import CertificateError
from simulator.files import write_atomically

Use = Literal["server", "client"]

CA_NAME = "AWARE simulation CA"
CA_DAYS = 3_650
PUBLIC_MODE = 0o644
_START = timedelta(minutes=5)
"""How far back things begin to hold, for clocks that are behind."""
_USES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


class Authority:
    """An authority whose key, certificate and revocation list lie in one folder."""

    def __init__(
        self, folder: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        self.folder = folder
        self._key = key
        self._certificate = certificate

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        """Make a new one, with an empty revocation list.

        Raises:
            CertificateError: The folder cannot be written.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(CA_NAME)
        begin = _now() - _START
        certificate = (
            _builder(name, name, key, begin, begin + timedelta(days=CA_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(ca=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder, key, certificate)
        # The key first: a folder with a certificate alone could not go on.
        _write(folder / "ca.key", _private_pem(key))
        _write(folder / "ca.crt", _public_pem(certificate), PUBLIC_MODE)
        made._write_list([], begin)
        return made

    @classmethod
    def read(cls, folder: Path) -> "Authority":
        """Read the one that lies in a folder.

        Raises:
            CertificateError: It cannot be read.
        """
        try:
            key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
            certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise CertificateError(
                f"the authority in {folder} cannot be read ({error}); "
                "give --out a new folder, and every part its new certificates"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertificateError(f"{folder}/ca.key is no ECDSA key; give --out a new folder")
        return cls(folder, key, certificate)

    def issue(
        self,
        path: Path,
        use: Use,
        *,
        hosts: Sequence[str] = (),
        days: float,
        ended_days_ago: float | None = None,
    ) -> None:
        """Write `path`.crt and `path`.key; the file's name is the common name.

        Args:
            path: Without an ending.
            use: What the other end accepts it for.
            hosts: Names and addresses of a server.
            days: How long it holds.
            ended_days_ago: Makes one that is over already, for tests.

        Raises:
            CertificateError: It cannot be written.
        """
        end = _now() + timedelta(days=days)
        begin = _now() - _START
        if ended_days_ago is not None:
            end = _now() - timedelta(days=ended_days_ago)
            begin = end - timedelta(days=days)
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self._certificate
        builder = (
            _builder(
                _name(path.name),
                issuer.subject,
                key,
                max(begin, issuer.not_valid_before_utc) if ended_days_ago is None else begin,
                min(end, issuer.not_valid_after_utc),
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([_USES[use]]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(one) for one in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        _write(path.with_name(f"{path.name}.key"), _private_pem(key))
        _write(path.with_name(f"{path.name}.crt"), _public_pem(certificate), PUBLIC_MODE)

    def revoke(self, path: Path) -> bool:
        """Put `path`.crt on the revocation list; return False where it is on it already.

        Raises:
            CertificateError: It is not there, or of another authority, or cannot be written.
        """
        file = path.with_name(f"{path.name}.crt")
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
            certificate.verify_directly_issued_by(self._certificate)
        except OSError as error:
            raise CertificateError(
                f"--revoke {path.name}: {file} cannot be read ({error.strerror}); "
                "names are those of the .crt files, such as aware-000001"
            ) from error
        except Exception as error:  # an unreadable one, or another issuer's signature
            raise CertificateError(
                f"--revoke {path.name}: {file} is no certificate of {self.folder}/ca.crt"
            ) from error
        known = self._list()
        revoked = list(known)
        if any(one.serial_number == certificate.serial_number for one in revoked):
            return False
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(_now())
            .build()
        )
        # A list has to be younger than the one before: of two that a broker holds the younger
        # counts, and their time is in whole seconds.
        last = known.last_update_utc + timedelta(seconds=1)
        self._write_list([*revoked, entry], max(_now() - _START, last))
        return True

    @property
    def revoked_count(self) -> int:
        """How many certificates are on the list."""
        return len(list(self._list()))

    def _list(self) -> x509.CertificateRevocationList:
        path = self.folder / "crl.pem"
        try:
            return x509.load_pem_x509_crl(path.read_bytes())
        except (OSError, ValueError) as error:
            raise CertificateError(
                f"the revocation list {path} cannot be read ({error}); "
                "put it back: without it nobody knows what was revoked"
            ) from error

    def _write_list(self, revoked: Sequence[x509.RevokedCertificate], since: datetime) -> None:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(since)
            .next_update(self._certificate.not_valid_after_utc)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        for one in revoked:
            builder = builder.add_revoked_certificate(one)
        pem = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        _write(self.folder / "crl.pem", pem, PUBLIC_MODE)


def hosts_of(file: Path) -> set[str]:
    """Return the names and addresses that a server's certificate is for, in small letters.

    Raises:
        CertificateError: It cannot be read.
    """
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    except (OSError, ValueError) as error:
        raise CertificateError(
            f"{file} cannot be read as a certificate; remove it and its key, and call this again"
        ) from error
    addresses = names.get_values_for_type(x509.IPAddress)
    return {*map(str.lower, names.get_values_for_type(x509.DNSName)), *map(str, addresses)}


def normal(host: str) -> str:
    """Return a name or address in the one form that it is compared in."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return host.lower()


def _now() -> datetime:
    return datetime.fromtimestamp(clock.now_ms() // 1_000, tz=UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begin: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(text))
    try:
        return x509.DNSName(text)
    except ValueError:
        raise CertificateError(f"--host {text!r} is no host name or address") from None


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file, its owner's alone unless a mode says otherwise."""
    try:
        write_atomically(path, content)
        if mode is not None:
            path.chmod(mode)
    except OSError as error:
        raise CertificateError(
            f"{path} cannot be written: {error.strerror}; give --out a folder that is yours"
        ) from None
