"""What is written of a look at somebody's data: who, when, which alarm, and for what.

The names of the fields are those of the Dutch government's Logboek Dataverwerkingen.
"""

import hashlib
import hmac
from typing import Literal

import msgspec
from msgspec import Struct

from alarm_protocol.units import AlarmId, ConsoleId, TimestampMs, device_id_of

What = Literal["shown", "listed", "opened", "acted"]
"""In the queue of a page, in a list, one alarm whole, or with an action."""

_encoder = msgspec.json.Encoder()


class Look(Struct, frozen=True, kw_only=True):
    """One alarm's data went to one person's page."""

    at_ms: TimestampMs
    trace_id: str
    """Of one session: all that somebody saw between signing in and out."""
    operation_name: What
    processing_activity_id: str
    data_subject_id: str
    """A pseudonym of the home, the same in all of this console's records."""
    alarm_id: AlarmId
    operator: str
    console: ConsoleId


class Kept(Struct, frozen=True, kw_only=True):
    """A line of the record: a look, and the hash over it and the line before."""

    look: Look
    hash: str


def pseudonym_of(key: bytes, alarm_id: AlarmId) -> str:
    """Return who an alarm is about, for readers without the key."""
    return hmac.digest(key, device_id_of(alarm_id).encode(), "sha256").hex()[:32]


def trace_of(session_key: str) -> str:
    """Return a session's name in the record; nobody gets back from it to the session."""
    return hashlib.sha256(b"look:" + session_key.encode()).hexdigest()[:32]


def chained(previous: str, look: Look) -> Kept:
    """Return the line that follows the one with this hash."""
    digest = hashlib.sha256(previous.encode() + b"\n" + _encoder.encode(look)).hexdigest()
    return Kept(look=look, hash=digest)


def first_hash(name: str) -> str:
    """Return what the first line of a file follows: the file's own name."""
    return hashlib.sha256(name.encode()).hexdigest()
