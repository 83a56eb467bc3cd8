"""Rows of the journal, and the hash that chains each to the one before.

A row that was changed, removed or put in between breaks every hash after it. The hash
covers every column; the parts are set apart, so that no two rows read alike.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from alarm_gateway.core.errors import JournalError
from alarm_gateway.core.records import Event, Record
from alarm_protocol.units import AlarmId, DeviceId, TimestampMs

GENESIS = bytes(32)
"""What the first row is chained to."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)

Fields = tuple[int, str, int, int, str, str | None, bytes]
"""A row without its hash."""


class Row(NamedTuple):
    """One row, as it stands in the table."""

    seq: int
    device_id: str
    version: int
    at_ms: int
    kind: str
    alarm_id: str | None
    body: bytes
    hash: bytes


def body_of(record: Record) -> bytes:
    """Write the event of a record as JSON."""
    return _encoder.encode(record.event)


def record_of(row: Row) -> Record:
    """Read a row back.

    Raises:
        JournalError: The row's body is no event that this program knows.
    """
    try:
        event = _decoder.decode(row.body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise JournalError(
            f"journal row {row.seq} ({row.device_id} version {row.version}) cannot be read: {error}"
        ) from error
    return Record(
        device_id=DeviceId(row.device_id),
        version=row.version,
        at_ms=TimestampMs(row.at_ms),
        alarm_id=None if row.alarm_id is None else AlarmId(row.alarm_id),
        event=event,
    )


def link_hash(previous: bytes, fields: Fields) -> bytes:
    """Return the hash of a row that follows the row with the hash `previous`."""
    seq, device_id, version, at_ms, kind, alarm_id, body = fields
    head = f"{seq}\0{device_id}\0{version}\0{at_ms}\0{kind}\0{alarm_id or ''}\0{len(body)}\0"
    return hashlib.sha256(previous + head.encode() + body).digest()


class ChainReport(NamedTuple):
    """What a walk along the chain found; `fault` is None where all is as it was written."""

    records: int
    last_hash: bytes
    fault: str | None


def verify_chain(rows: Iterable[Row]) -> ChainReport:
    """Walk the chain and check hashes, numbers, and every device's versions."""
    previous = GENESIS
    versions: dict[str, int] = {}
    count = 0
    for row in rows:
        count += 1
        expected_version = versions.get(row.device_id, 0) + 1
        if row.seq != count:
            return ChainReport(
                count - 1, previous, f"row {count} is missing; row {row.seq} follows"
            )
        if row.hash != link_hash(previous, row[:-1]):
            return ChainReport(
                count - 1, previous, f"row {row.seq} was changed, or a row before it was removed"
            )
        if row.version != expected_version:
            return ChainReport(
                count - 1,
                previous,
                f"row {row.seq}: {row.device_id} has version {row.version}, not {expected_version}",
            )
        try:
            record_of(row)
        except JournalError as error:
            return ChainReport(count - 1, previous, str(error))
        versions[row.device_id] = row.version
        previous = row.hash
    return ChainReport(count, previous, None)
