r"""The press signature: HMAC-SHA256 with the device's key.

It covers `topic + "\n" + the first line's exact bytes`, so that there is no canonical form
to agree on, and a press copied to another device's topic no longer verifies.
"""

import hmac

SIGNATURE_HEX_LENGTH = 64


def sign(key: bytes, topic: str, line: bytes) -> bytes:
    """Return the 64 hex digits that make up the second line of a press."""
    return hmac.digest(key, topic.encode() + b"\n" + line, "sha256").hex().encode()


def signature_fits(key: bytes, topic: str, line: bytes, signature: bytes) -> bool:
    """Tell, in constant time, whether `signature` (hex digits) is that of `line`."""
    return hmac.compare_digest(sign(key, topic, line), signature.lower())
