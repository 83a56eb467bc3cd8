"""TLS towards a broker: files that are checked, and errors that say what to do."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from alarm_protocol.errors import TlsError
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.tls import (
    LastError,
    TlsFiles,
    context_for,
    ends_of,
    in_words,
    unanswered,
    words_of,
)
from simulator.certs.authority import Authority

PLAIN = BrokerUrl("broker.example", 1883, tls=False)
SECURE = BrokerUrl("broker.example", 8883, tls=True)


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority, and certificates in every state."""
    folder = tmp_path_factory.mktemp("certs")
    authority = Authority.make(folder)
    authority.issue(folder / "good", "client", days=1)
    authority.issue(folder / "second", "client", days=1)
    authority.issue(folder / "expired", "client", days=1, ended_days_ago=2)
    authority.issue(folder / "early", "client", days=10, ended_days_ago=-20)
    authority.issue(folder / "server", "server", days=1)
    key = serialization.load_pem_private_key((folder / "good.key").read_bytes(), None)
    (folder / "locked.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    (folder / "junk.crt").write_text("no certificate")
    return folder


def files(certs: Path, name: str, key: str = "") -> TlsFiles:
    """Return the files of one that trusts our authority."""
    return TlsFiles(
        ca=certs / "ca.crt", certificate=certs / f"{name}.crt", key=certs / f"{key or name}.key"
    )


def test_the_first_end_in_a_file_counts(certs: Path, tmp_path: Path) -> None:
    """A chain is as good as its first link to go; what is in no file has no end."""
    chain = tmp_path / "chain.crt"
    chain.write_bytes((certs / "ca.crt").read_bytes() + (certs / "good.crt").read_bytes())
    good = ends_of(files(certs, "good"))
    assert good["own"] < good["ca"]
    assert {"own": good["own"]} == ends_of(TlsFiles(certificate=chain))
    assert {} == ends_of(TlsFiles(ca=certs / "junk.crt"))


def test_a_good_certificate_is_taken(certs: Path) -> None:
    """The broker's name and certificate are checked, and ours is shown."""
    context = context_for(SECURE, files(certs, "good"))
    assert context is not None
    assert context.check_hostname
    assert ssl.CERT_REQUIRED == context.verify_mode


def test_in_the_clear_there_is_nothing_to_check() -> None:
    """`mqtt://` without files is TCP."""
    assert None is context_for(PLAIN, TlsFiles())


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        ("expired", "", r"--tls-cert .*expired.crt .*has expired on \d{4}-\d\d-\d\d .*a new one"),
        ("early", "", r"early.crt .*begins to hold on .*clock"),
        ("server", "", r"server.crt .*is not for clients"),
        ("good", "second", r"second.key: this key is not the one of this certificate"),
        ("good", "locked", r"locked.key cannot be used .*without a password"),
        ("junk", "good", r"junk.crt .*cannot be used .*PEM"),
        ("gone", "", r"gone.crt .*cannot be used .*No such file"),
    ],
)
def test_a_bad_certificate_is_said_in_one_line(certs: Path, name: str, key: str, says: str) -> None:
    """It is found before anything connects, and the line names option, file and remedy."""
    with pytest.raises(TlsError, match=says) as raised:
        context_for(SECURE, files(certs, name, key))
    assert "\n" not in str(raised.value)


def test_another_option_is_named_as_it_is_called(certs: Path) -> None:
    """A second certificate has options of its own, and the line names those."""
    second = TlsFiles(certificate=certs / "junk.crt", options="--tls-supervision")
    with pytest.raises(TlsError, match="--tls-supervision-cert"):
        context_for(SECURE, second)


def test_files_for_a_plain_address_are_a_mistake(certs: Path) -> None:
    """Whoever gives certificates means to be protected, and would not be."""
    with pytest.raises(TlsError, match="mqtts://"):
        context_for(PLAIN, files(certs, "good"))


@pytest.mark.parametrize(
    ("code", "fact", "means"),
    [
        ("SSLV3_ALERT_CERTIFICATE_REVOKED", "revoked", "our certificate is revoked; get a new one"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "old", "our certificate has expired; get a new one"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "none", "wants a certificate of us; give --tls-cert"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "none", "wants a certificate of us; give --tls-cert"),
        ("TLSV1_ALERT_UNKNOWN_CA", "whose", "does not know the CA of our certificate; get one"),
        ("SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "use", "not take our certificate; give one for"),
        ("WRONG_VERSION_NUMBER", "what", "no TLS is spoken at that port; use mqtt://"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "old", "know no version of TLS in common"),
        ("CERTIFICATE_VERIFY_FAILED", "Hostname mismatch, not x", "for another name; use a name"),
        ("CERTIFICATE_VERIFY_FAILED", "certificate has expired", "has expired; it needs a new one"),
        ("CERTIFICATE_VERIFY_FAILED", "is not yet valid", "not hold yet; look at this machine's"),
        ("CERTIFICATE_VERIFY_FAILED", "self-signed", "not trust; give its CA with --tls-ca"),
        ("UNEXPECTED_EOF_WHILE_READING", "eof", "the broker hung up"),
    ],
)
def test_what_openssl_says_becomes_a_sentence(code: str, fact: str, means: str) -> None:
    """What is wrong and what to do, with the bare fact behind it, in one line."""
    for before in ("", "failed to receive on socket: "):
        words = in_words(f"{before}[SSL: {code}] {fact} (_ssl.c:2580)")
        assert means in words
        assert words.endswith(f" [{fact}]")


@pytest.mark.parametrize("said", ["[Errno 111] Connect call failed", ""])
def test_what_is_not_of_tls_stays_as_it_is(said: str) -> None:
    """Other errors speak for themselves."""
    assert said == in_words(said)


@pytest.mark.parametrize(
    ("said", "tls", "means"),
    [
        ("", True, "hung up before it answered; it may have refused our certificate"),
        ("", False, "hung up before it answered; does it want mqtts://?"),
        ("[Errno 104] Connection reset by peer", True, "reset by peer; it may have refused"),
        ("Operation timed out", False, "timed out; does it want mqtts://?"),
        ("the broker hung up [eof]", True, "[eof]; it may have refused"),
    ],
)
def test_an_end_before_the_first_word_has_its_likely_cause(
    said: str, tls: bool, means: str
) -> None:
    """A broker that refuses a certificate, or is spoken to in the wrong way, may say nothing."""
    assert means in unanswered(said, tls=tls)


def test_an_end_with_a_cause_is_not_guessed_at() -> None:
    """What is known stays as it is."""
    assert "Connect call failed" == unanswered("Connect call failed", tls=True)


def test_an_error_that_says_nothing_has_a_name() -> None:
    """A timeout has no text, and is told all the same."""
    assert "TimeoutError" == words_of(TimeoutError())


def test_the_last_error_of_a_library_is_kept_until_taken() -> None:
    """Errors only, the newest, once, and without touching anybody else's logging."""
    last = LastError("test.mqtt")
    logger = last.logger
    logger.warning("only a warning")
    assert "" == last.take()
    logger.error("first")
    logger.error("failed: %s", "[SSL: X_ALERT_UNKNOWN_CA] unknown ca (_ssl.c:1)")
    assert last.take().startswith("the broker does not know the CA of our certificate")
    assert "" == last.take()
