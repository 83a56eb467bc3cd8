"""The authority for tests: what it makes, keeps and takes back."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from simulator.certs.authority import Authority
from simulator.certs.command import certs, device_path, make_all, revoke_one
from simulator.core.errors import CertificateError

HOSTS = ("broker.example", "127.0.0.1")
DEVICE = "aware-000001"


def certificate(path: Path) -> x509.Certificate:
    """Read a certificate by its path without ending."""
    return x509.load_pem_x509_certificate(path.with_name(f"{path.name}.crt").read_bytes())


def test_each_part_and_device_gets_a_pair_that_works(tmp_path: Path) -> None:
    """Each key fits its certificate, which our CA signed, under the name of its file."""
    line = make_all(tmp_path, 2, HOSTS, 30)
    assert f"{tmp_path}: made the CA, made 7 certificates and kept 0; 0 revoked" == line
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    names = ("server", "gateway", "gateway-supervision", "police", "veilig_thuis")
    paths = [*(tmp_path / name for name in names), device_path(tmp_path, "aware-000002")]
    for path in paths:
        one = certificate(path)
        one.verify_directly_issued_by(ca)
        assert f"CN={path.name}" == one.subject.rfc4514_string()
        context = ssl.create_default_context(cafile=tmp_path / "ca.crt")
        context.load_cert_chain(
            path.with_name(f"{path.name}.crt"), path.with_name(f"{path.name}.key")
        )


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    """No key, the CA's least of all, can be read by others; certificates may be."""
    make_all(tmp_path / "new", 1, HOSTS, 30)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*.*")}
    assert {0o600} == {mode for name, mode in modes.items() if name.endswith(".key")}
    assert {0o644} == {mode for name, mode in modes.items() if not name.endswith(".key")}
    assert 0o700 == (tmp_path / "new").stat().st_mode & 0o777


def test_the_server_has_its_names(tmp_path: Path) -> None:
    """A client finds the host that it connects to in the certificate, be it name or address."""
    make_all(tmp_path, 0, HOSTS, 30)
    names = certificate(tmp_path / "server").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert ["broker.example"] == names.value.get_values_for_type(x509.DNSName)
    assert ["127.0.0.1"] == [str(one) for one in names.value.get_values_for_type(x509.IPAddress)]


def test_a_second_call_keeps_what_is_there(tmp_path: Path) -> None:
    """More devices come beside the first, whose certificates stay byte for byte."""
    make_all(tmp_path, 1, HOSTS, 30)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    line = make_all(tmp_path, 3, HOSTS, 30)
    assert f"{tmp_path}: kept the CA, made 2 certificates and kept 6; 0 revoked" == line
    assert before == {path: path.read_bytes() for path in before}


def test_a_host_that_the_kept_certificate_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clients would refuse the broker under that name, and nothing else would tell why."""
    certs(out=tmp_path, devices=0, host=["broker.example", "::1"], days=30)
    assert "server.crt" not in capsys.readouterr().out
    certs(out=tmp_path, devices=0, host=["Broker.example", "0::1", "10.0.0.1", "new"], days=30)
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith(f"{tmp_path}/server.crt was kept and is not for 10.0.0.1, new: ")
    certs(out=tmp_path, devices=0, days=30)
    assert 1 == len(capsys.readouterr().out.splitlines())


def test_after_a_revocation_the_broker_is_restarted(tmp_path: Path) -> None:
    """A signal would leave the connection standing that was to end: as docs/broker.md has it."""
    make_all(tmp_path, 1, HOSTS, 30)
    said = revoke_one(tmp_path, DEVICE)
    assert said.endswith("restart that: a SIGHUP would end no connection that stands")


def test_revoking_puts_one_on_the_list_once(tmp_path: Path) -> None:
    """The list grows by one certificate, and each list is younger than the one before."""
    make_all(tmp_path, 2, HOSTS, 30)
    first = x509.load_pem_x509_crl((tmp_path / "crl.pem").read_bytes())
    assert "aware-000001 is revoked, 1 in all" in revoke_one(tmp_path, DEVICE)
    assert "aware-000001 was revoked before, 1 in all" in revoke_one(tmp_path, DEVICE)
    assert "police is revoked, 2 in all" in revoke_one(tmp_path, "police")
    last = x509.load_pem_x509_crl((tmp_path / "crl.pem").read_bytes())
    serials = {certificate(device_path(tmp_path, DEVICE)).serial_number}
    serials.add(certificate(tmp_path / "police").serial_number)
    assert serials == {one.serial_number for one in last}
    assert last.last_update_utc > first.last_update_utc


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    """A client would refuse it with a less helpful word."""
    authority = Authority.make(tmp_path)
    authority.issue(tmp_path / "x", "client", days=10_000)
    assert certificate(tmp_path / "ca").not_valid_after_utc == (
        certificate(tmp_path / "x").not_valid_after_utc
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("aware-000009", "aware-000009.crt cannot be read"),
        ("../ca", "no name of a certificate"),
        ("aware-000002", "is no certificate of"),
    ],
)
def test_what_cannot_be_revoked_is_said(tmp_path: Path, name: str, says: str) -> None:
    """A name that is nobody's, a path, and another authority's certificate are refused."""
    make_all(tmp_path / "own", 1, HOSTS, 30)
    other = device_path(tmp_path / "own", "aware-000002")
    Authority.make(tmp_path / "other").issue(other, "client", days=1)
    with pytest.raises(CertificateError, match=says):
        revoke_one(tmp_path / "own", name)


def test_a_broken_authority_is_never_replaced(tmp_path: Path) -> None:
    """A new CA over an old one would lock every part out that has the old one's certificate."""
    make_all(tmp_path, 0, HOSTS, 30)
    (tmp_path / "ca.key").write_text("x")
    with pytest.raises(CertificateError, match="give --out a new folder"):
        make_all(tmp_path, 0, HOSTS, 30)
    (tmp_path / "ca.key").unlink()
    with pytest.raises(CertificateError, match="give --out a new folder"):
        make_all(tmp_path, 0, HOSTS, 30)


def test_a_lost_list_is_said(tmp_path: Path) -> None:
    """Without the list a new one would let everybody in again who was revoked."""
    make_all(tmp_path, 1, HOSTS, 30)
    (tmp_path / "crl.pem").unlink()
    with pytest.raises(CertificateError, match="put it back"):
        revoke_one(tmp_path, DEVICE)


def test_a_host_that_is_none_is_said(tmp_path: Path) -> None:
    """A name that no certificate can hold is refused in one line."""
    with pytest.raises(CertificateError, match="--host"):
        make_all(tmp_path, 0, ("bröker",), 30)
