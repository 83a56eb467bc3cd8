"""Identifiers for presses: sortable by time, and never the same twice."""

import hashlib
import secrets

from alarm_protocol.units import PressId, TimestampMs

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for a digit."""
_TIME_DIGITS = 10
_RANDOM_DIGITS = 16


def press_id(now_ms: TimestampMs) -> PressId:
    """Make a ULID: ten digits of time, then eighty random bits.

    The random part never comes from a seed: a second run with the same seed would repeat
    the ids of the first, and the gateway would rightly take its presses for repeats.
    """
    return PressId(
        _base32(now_ms, _TIME_DIGITS)
        + _base32(secrets.randbits(5 * _RANDOM_DIGITS), _RANDOM_DIGITS)
    )


def _base32(number: int, digits: int) -> str:
    return "".join(_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(digits)))


def traceparent(press: PressId) -> str:
    """Make the W3C `traceparent` of a press: all its attempts belong to one trace."""
    digits = hashlib.sha256(press.encode()).hexdigest()
    return f"00-{digits[:32]}-{digits[32:48]}-01"
