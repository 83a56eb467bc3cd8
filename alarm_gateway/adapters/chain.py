"""Rows of the journal, and the hash that chains each to the one before.

A row that was changed, removed or put in between breaks every hash after it:

    cover  = salt, and for a press SHA-256(salt, sealed)
    digest = SHA-256(head, cover, open)     head: every column but body, salt and hash
    hash   = SHA-256(previous hash, digest)

So the chain can be checked from digests alone: evidence about one alarm shows nothing of the
others, and a purged row keeps its place. The salt, random and never in a digest's reader's
hands, keeps a digest from being guessed back into its row. The body of a press has two parts:
`sealed` is the text of the device, with its location, and can be withheld from an agency that
may not see it while the rest, `open`, is still proven.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple, get_args

import msgspec

from alarm_gateway.core.errors import JournalError, NewerRowError
from alarm_gateway.core.records import Event, Record, RowsPurged
from alarm_protocol.units import AlarmId, DeviceId, TimestampMs

GENESIS = bytes(32)
"""What the first row is chained to."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)

_KINDS = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Event))
"""What this version knows. A later one may write others; rows keep their place all the same."""

SALT_BYTES = 16
PURGED_KIND = "purged"
PURGED_DEVICE = "_purged"
"""What stands in a purged row. No device has this name: ids start with a letter or digit."""
_DAMAGED = "a column holds what no gateway writes there; restore the journal from a copy"
_SEALED_END = b',"doubts":'
"""Where the open part of a press begins. Inside JSON's strings every quote is escaped, so the
device's own text cannot hold this."""


class Row(NamedTuple):
    """One row, as it stands in the table.

    Of a purged row only `seq`, `hash`, and its digest, as `body`, are left; `at_ms` is then
    when it was purged, and `version` repeats `seq`.
    """

    seq: int
    device_id: str
    version: int
    at_ms: int
    kind: str
    alarm_id: str | None
    body: bytes
    salt: bytes
    hash: bytes

    @property
    def purged(self) -> bool:
        """Whether what this row held was removed."""
        return self.kind == PURGED_KIND


def body_of(record: Record) -> bytes:
    """Write the event of a record as JSON."""
    return _encoder.encode(record.event)


def is_sound(row: Row) -> bool:
    """Tell whether every column holds what belongs there; in a damaged file anything may."""
    seq, device_id, version, at_ms, kind, alarm_id, body, salt, this = row
    return (
        type(seq) is type(version) is type(at_ms) is int
        and type(device_id) is type(kind) is str
        and (alarm_id is None or type(alarm_id) is str)
        and type(body) is type(salt) is type(this) is bytes
    )


def record_of(row: Row) -> Record:
    """Read a row back.

    Raises:
        NewerRowError: The row is of a kind that this version does not know.
        JournalError: The row is damaged, or its body is no event that this program knows.
    """
    if not is_sound(row):
        raise JournalError(f"journal row {row.seq} is damaged: {_DAMAGED}")
    if row.kind not in _KINDS:
        raise NewerRowError(
            f"journal row {row.seq} is of a kind that this version does not know "
            f"({row.kind!r:.60}): it was written by a newer one; use that, "
            "or restore the backup from before it"
        )
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


def split_body(kind: str, body: bytes) -> tuple[bytes, bytes]:
    """Return the sealed and the open part of a body."""
    if kind != "pressed":
        return b"", body
    end = body.find(_SEALED_END)
    return (body, b"") if end < 0 else (body[:end], body[end:])


def _cover(kind: str, body: bytes, salt: bytes) -> tuple[bytes, bytes]:
    sealed, open_part = split_body(kind, body)
    return (hashlib.sha256(salt + sealed).digest() if sealed else salt), open_part


def cover_of(row: Row) -> bytes:
    """Return what hides a row's content from whoever knows its digest only."""
    return _cover(row.kind, row.body, row.salt)[0]


def head_text(columns: tuple[int, str, int, int, str], alarm_id: str | None) -> bytes:
    """Write the columns of a row before its body, set apart so that no two read alike."""
    seq, device_id, version, at_ms, kind = columns
    return f"{seq}\0{device_id}\0{version}\0{at_ms}\0{kind}\0{alarm_id or ''}\0".encode()


def digest_of(row: Row) -> bytes:
    """Return what the chain knows of a row's content."""
    if row.purged:
        return row.body
    cover, open_part = _cover(row.kind, row.body, row.salt)
    return hashlib.sha256(head_text(row[:5], row.alarm_id) + cover + open_part).digest()


def link_hash(previous: bytes, digest: bytes) -> bytes:
    """Return the hash of a row that follows the row with the hash `previous`."""
    return hashlib.sha256(previous + digest).digest()


def chained(previous: bytes, seq: int, record: Record, salt: bytes) -> Row:
    """Return the row of a record that follows the row with the hash `previous`.

    Args:
        previous: Hash of the row before; `GENESIS` for the first.
        seq: Number of the row, from 1.
        record: What happened.
        salt: Random bytes, `SALT_BYTES` of them.
    """
    body, alarm_id, kind = body_of(record), record.alarm_id, record.kind
    cover, open_part = _cover(kind, body, salt)
    head = head_text((seq, record.device_id, record.version, record.at_ms, kind), alarm_id)
    digest = hashlib.sha256(head + cover + open_part).digest()
    this = link_hash(previous, digest)
    return Row(
        seq, record.device_id, record.version, record.at_ms, kind, alarm_id, body, salt, this
    )


class ChainReport(NamedTuple):
    """What a walk along the chain found; `fault` is None where all is as it was written."""

    records: int
    last_hash: bytes
    fault: str | None
    purged: int = 0
    """How many of the records were purged: their content is gone, their place is proven."""
    newer: str | None = None
    """What is said of the first row that only a newer version can read; its place is proven."""


def verify_chain(rows: Iterable[Row], floors: Mapping[str, int] | None = None) -> ChainReport:
    """Walk the chain; check hashes, numbers, every device's versions, and every purge.

    Args:
        rows: The whole journal.
        floors: Of each device with purged rows, the version up to which they went.
    """
    previous = GENESIS
    versions = dict(floors or {})
    purges = _Purges()
    count = 0
    newer: str | None = None
    for row in rows:
        count += 1
        fault = link_fault(row, count, previous)
        if fault is None and row.purged:
            purges.saw(row)
        elif fault is None:
            expected = versions.get(row.device_id, 0) + 1
            try:
                fault = _content_fault(row, expected, purges)
            except NewerRowError as error:
                newer = newer or str(error)
            versions[row.device_id] = row.version
        if fault is not None:
            return ChainReport(count - 1, previous, fault, purges.count, newer)
        previous = row.hash
    return ChainReport(count, previous, purges.fault(), purges.count, newer)


def link_fault(row: Row, seq: int, previous: bytes) -> str | None:
    """Say why a row is not the one with number `seq` that follows the hash `previous`, if so."""
    if row.seq != seq:
        return f"row {seq} is missing; row {row.seq} follows"
    if not is_sound(row):
        return f"row {row.seq} is damaged: {_DAMAGED}"
    if row.hash != link_hash(previous, digest_of(row)):
        return f"row {row.seq} was changed, or a row before it was removed"
    return None


def _content_fault(row: Row, expected_version: int, purges: "_Purges") -> str | None:
    if row.version != expected_version:
        return f"row {row.seq}: {row.device_id} has version {row.version}, not {expected_version}"
    try:
        event = record_of(row).event
    except NewerRowError:
        raise
    except JournalError as error:
        return str(error)
    if isinstance(event, RowsPurged):
        purges.ordered[row.at_ms] = event.rows_digest
    return None


class RowsDigest:
    """A digest of row numbers, fed in order."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, seq: int) -> None:
        """Take the next number."""
        self.count += 1
        self._hash.update(seq.to_bytes(8, "big"))

    def hex(self) -> str:
        """Return the digest so far."""
        return self._hash.hexdigest()


class _Purges:
    """Compares what is purged with what the journal says was purged, by the time of it."""

    def __init__(self) -> None:
        self.count = 0
        self.ordered: dict[int, str] = {}
        self._found: dict[int, RowsDigest] = {}

    def saw(self, row: Row) -> None:
        self.count += 1
        self._found.setdefault(row.at_ms, RowsDigest()).add(row.seq)

    def fault(self) -> str | None:
        found = {at_ms: one.hex() for at_ms, one in self._found.items()}
        if found == self.ordered:
            return None
        return "rows are purged that no purge in this journal names, or the other way round"
