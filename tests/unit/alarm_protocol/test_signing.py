"""The press signature, against vectors that other programs computed."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from alarm_protocol.signing import SIGNATURE_HEX_LENGTH, sign, signature_fits

KEY = bytes(range(32))
TOPIC = "aware/v1/devices/aware-000123/press"
LINE = (
    b'{"press_id":"01KAV3Q4W8F6T9M2X7B5C1D0EH","device_id":"aware-000123","sequence":17,'
    b'"pressed_at_ms":1795503119000,"trigger":"press","attempt":1}'
)
VECTOR = b"6caf668fb14230a961fa8ebfa60904fdb59879c4381d8d951460085cfadbdc60"
"""By `openssl dgst -sha256 -mac HMAC` over the topic, a newline and the line."""


def test_known_vector() -> None:
    """The signature is the one that openssl computed when this test was written."""
    assert sign(KEY, TOPIC, LINE) == VECTOR
    assert len(VECTOR) == SIGNATURE_HEX_LENGTH
    assert signature_fits(KEY, TOPIC, LINE, VECTOR)


def test_rfc_2104_by_hand() -> None:
    """The signature is HMAC as RFC 2104 writes it: hash(outer, hash(inner, message))."""
    block = KEY.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in block) + TOPIC.encode() + b"\n" + LINE)
    outer = hashlib.sha256(bytes(one ^ 0x5C for one in block) + inner.digest())
    assert outer.hexdigest().encode() == sign(KEY, TOPIC, LINE)


def test_openssl_computes_the_same(program: Callable[[str], Path]) -> None:
    """Whoever signs with openssl, as the README shows, gets the same 64 digits."""
    options = ("dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{KEY.hex()}", "-r")
    message = TOPIC.encode() + b"\n" + LINE
    done = subprocess.run(
        [program("openssl"), *options], input=message, capture_output=True, check=True
    )
    assert done.stdout.split()[0] == sign(KEY, TOPIC, LINE)


def test_a_copy_on_another_topic_does_not_fit() -> None:
    """A press replayed on another device's topic no longer verifies."""
    assert not signature_fits(KEY, "aware/v1/devices/aware-000124/press", LINE, VECTOR)


def test_the_border_of_topic_and_line_is_covered() -> None:
    """Text that moves from the topic to the line changes the signature."""
    assert sign(KEY, "a", b"b\nc") != sign(KEY, "ab", b"\nc")


@pytest.mark.parametrize(
    "signature",
    [b"", VECTOR[:-1], VECTOR + b"0", VECTOR[::-1], b"0" * 64, "é".encode() * 32, b"\xff" * 64],
)
def test_any_other_signature_does_not_fit(signature: bytes) -> None:
    """Anything but the 64 digits is no signature, and never an error."""
    assert not signature_fits(KEY, TOPIC, LINE, signature)


def test_another_key_or_one_changed_byte_does_not_fit() -> None:
    """The key and every byte of the line count."""
    assert not signature_fits(KEY[::-1], TOPIC, LINE, VECTOR)
    assert not signature_fits(KEY, TOPIC, LINE + b" ", VECTOR)
    assert not signature_fits(KEY, TOPIC, LINE.replace(b"17", b"18"), VECTOR)


def test_capital_digits_fit() -> None:
    """Hex digits may be written in capitals."""
    assert signature_fits(KEY, TOPIC, LINE, VECTOR.upper())
