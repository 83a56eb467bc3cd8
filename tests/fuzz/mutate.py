"""Random damage to good inputs: bits, bytes, numbers, pieces of others. Fast, and needs nothing."""

from collections.abc import Sequence
from random import Random

BYTES_MAX = 6_000
_TELLING = (0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x22, 0x5C, 0x7B, 0x7D, 0x2C)
_PIECES = (
    b"\xff\xfe", b"\x00" * 8, b"9" * 30, b"-1", b"1e999", b"null", b"\\ud800", b'"' * 3, b"[" * 64,
    b'{"a":' * 40, b"\n", b"\xed\xa0\x80", b"\x80\x80\x80\x80\x01",
)  # fmt: skip


def mutated(dice: Random, pool: Sequence[bytes]) -> bytes:
    """Return an input that is near one of these, and now and then pure noise."""
    if dice.random() < 0.02:
        return dice.randbytes(dice.randrange(200))
    data = bytearray(dice.choice(pool))
    for _ in range(1 + int(dice.expovariate(0.7))):
        place = dice.randrange(len(data) + 1)
        match dice.randrange(7):
            case 0 if data:
                data[place - 1] ^= 1 << dice.randrange(8)
            case 1 if data:
                data[place - 1] = dice.choice(_TELLING)
            case 2:
                data[place:place] = dice.choice(_PIECES)
            case 3:
                del data[place : place + dice.randrange(1, 20)]
            case 4:
                data[place:place] = data[place : place + dice.randrange(1, 40)]
            case 5:
                other = dice.choice(pool)
                start = dice.randrange(len(other) + 1)
                data[place:] = other[start:]
            case _:
                data[place : place + 2] = dice.randbytes(2)
    return bytes(data[:BYTES_MAX])
