"""Retention: what was kept long enough is removed, and the chain still proves the rest.

A purged row keeps its number, digest and hash. What a start has to know of the devices (how
many alarms, which presses and numbers were seen) is kept in a table of its own, one small
state for each device, up to the row to which its past was removed.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from alarm_gateway.adapters.chain import (
    GENESIS,
    PURGED_DEVICE,
    PURGED_KIND,
    SALT_BYTES,
    ChainReport,
    Row,
    RowsDigest,
    chained,
    digest_of,
    record_of,
    verify_chain,
)
from alarm_gateway.adapters.journal import COLUMNS, FILE_NAME, Head, read_rows
from alarm_gateway.adapters.lock import FolderLock
from alarm_gateway.adapters.snapshot import Snapshot, head_in
from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.errors import JournalError
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.records import RETENTION, Record, RowsPurged
from alarm_protocol.units import AlarmId, DeviceId, TimestampMs

_SCHEMA = """
CREATE TABLE IF NOT EXISTS purged_state (device_id TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT
"""
_PURGE_ROW = (
    "UPDATE journal SET device_id = ?, version = seq, at_ms = ?, kind = ?, alarm_id = NULL, "
    "body = ?, salt = x'' WHERE seq = ?"
)
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(DeviceState)


class Plan(NamedTuple):
    """What a purge removes, and what it has to remember."""

    seqs: list[int]
    """Rows to purge, in order."""
    alarms: set[AlarmId]
    """Alarms of which nothing is left."""
    unconfirmed: set[AlarmId]
    """Alarms that are old and closed, but a console has not confirmed the end of them yet."""
    kept: dict[DeviceId, DeviceState]
    """Each device with purged rows, as it was after the last of them, without its alarm."""
    states: dict[DeviceId, DeviceState]
    """Every device as it is after the purge."""


class PurgeReport(NamedTuple):
    """What a purge removed, or would remove."""

    rows: int
    alarms: int
    unconfirmed: int
    kept: int
    """Rows that stay readable."""


# -- what is read -----------------------------------------------------------------------


def read_states(data_dir: Path) -> dict[DeviceId, DeviceState]:
    """Read what is remembered of the devices with purged rows.

    Raises:
        JournalError: It cannot be read.
    """
    try:
        return {
            DeviceId(device_id): _decoder.decode(state)
            for device_id, state in _raw_states(data_dir)
        }
    except (msgspec.MsgspecError, ValueError) as error:
        raise JournalError(
            f"what {data_dir / FILE_NAME} remembers of purged devices is broken ({error}); "
            "restore it from a backup"
        ) from error


def _raw_states(data_dir: Path) -> list[tuple[str, bytes]]:
    path = data_dir / FILE_NAME
    if not path.is_file():
        return []
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            return _states_in(connection)
    except (sqlite3.Error, UnicodeError, TypeError) as error:  # a damaged file holds anything
        raise JournalError(f"{path} cannot be read ({error}); restore it from a backup") from error


def _states_in(connection: sqlite3.Connection) -> list[tuple[str, bytes]]:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'purged_state'"
    if connection.execute(query).fetchone() is None:
        return []
    query = "SELECT device_id, state FROM purged_state ORDER BY device_id"
    return [(str(device_id), bytes(state)) for device_id, state in connection.execute(query)]


def _states_digest(states: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for device_id, state in states:
        digest.update(f"{device_id}\0{len(state)}\0".encode() + state)
    return digest.hexdigest()


def verify_journal(data_dir: Path) -> ChainReport:
    """Check the whole journal, with what is remembered of purged rows and the snapshot's row.

    Raises:
        SettingsError: There is no journal in this folder, or it cannot be read.
        JournalError: It cannot be read to its end.
    """
    known = head_in(data_dir)  # before the journal: a gateway that runs may save one meanwhile
    raw = _raw_states(data_dir)
    last_purge: RowsPurged | None = None

    found: bytes | None = None

    def watched(rows: Iterable[Row]) -> Iterable[Row]:
        nonlocal last_purge, found
        for row in rows:
            yield row
            if known is not None and row.seq == known.seq:
                found = row.hash
            if row.device_id == RETENTION and row.kind == "rows_purged":
                event = record_of(row).event
                last_purge = event if isinstance(event, RowsPurged) else last_purge

    try:
        floors = {device_id: _decoder.decode(state).version for device_id, state in raw}
    except (msgspec.MsgspecError, ValueError) as error:
        return ChainReport(0, GENESIS, f"what is remembered of purged devices is broken: {error}")
    report = verify_chain(watched(read_rows(data_dir)), floors)
    expected = last_purge.states_digest if last_purge is not None else _states_digest([])
    if report.fault is None and expected != _states_digest(raw):
        return report._replace(fault="what is remembered of purged devices was changed")
    if report.fault is None and known is not None and known.seq and found != known.hash:
        return report._replace(fault=snapshot_fault(Head(report.records, report.last_hash), known))
    return report


def snapshot_fault(head: Head, known: Head) -> str:
    """Say what it means that a snapshot was made at a row that the journal does not hold."""
    if known.seq > head.seq:
        return (
            f"it ends at row {head.seq} ({head.hash.hex()}), and the snapshot beside it was made "
            f"at row {known.seq} ({known.hash.hex()}): the rows after {head.seq} were cut off"
        )
    return (
        f"the snapshot beside it was made at row {known.seq} with the hash {known.hash.hex()}, and "
        "this row has another one: rows were written anew, or the snapshot is of another journal"
    )


# -- what is planned --------------------------------------------------------------------


class _Stretch(NamedTuple):
    """Rows of one device that may go, up to a moment at which nothing of it was open."""

    alarm_id: AlarmId | None
    seqs: list[int]
    kept: DeviceState


class _Past:
    """One device's rows, cut into stretches that may go and rows that have to stay."""

    def __init__(self, state: DeviceState) -> None:
        self.state = state
        self.stretches: list[_Stretch] = []
        self.frozen = False
        self._waiting: list[int] = []

    def take(self, row: Row, record: Record, before_ms: int) -> None:
        """Fold the next row of this device."""
        alarm = self.state.alarm
        if record.alarm_id is not None:
            if alarm is not None and alarm.closed and alarm.alarm_id != record.alarm_id:
                self._cut()  # a newer alarm took its place
            while self.stretches and self.stretches[-1].alarm_id == record.alarm_id:
                # Reopened, or told of again: it was not over then.
                self._waiting = self.stretches.pop().seqs + self._waiting
        self.frozen = self.frozen or row.at_ms >= before_ms
        self.state = evolve(self.state, record)
        if self.frozen:
            return
        self._waiting.append(row.seq)
        alarm = self.state.alarm
        if alarm is None or (alarm.closed and alarm.cleared):
            self._cut()

    def _cut(self) -> None:
        if not self._waiting or self.frozen:
            return
        alarm = self.state.alarm
        kept = msgspec.structs.replace(self.state, alarm=None)
        alarm_id = None if alarm is None else alarm.alarm_id
        self.stretches.append(_Stretch(alarm_id, self._waiting, kept))
        self._waiting = []

    def end(self) -> tuple[list[int], set[AlarmId], DeviceState | None]:
        """Return the rows to purge, their alarms, and the state to remember."""
        seqs = [seq for one in self.stretches for seq in one.seqs]
        alarms = {one.alarm_id for one in self.stretches if one.alarm_id is not None}
        kept = self.stretches[-1].kept if self.stretches else None
        if kept is not None and not self._waiting and not self.frozen:
            self.state = kept
        return seqs, alarms, kept

    @property
    def unconfirmed(self) -> AlarmId | None:
        """Return the alarm that only waits for a console's confirmation."""
        alarm = self.state.alarm
        waits = alarm is not None and alarm.closed and not alarm.cleared and not self.frozen
        return alarm.alarm_id if alarm is not None and waits else None


def plan_purge(
    rows: Iterable[Row], remembered: Mapping[DeviceId, DeviceState], before_ms: int
) -> Plan:
    """Find what may go: of each device, its rows up to when its last old alarm was over.

    A row of an alarm that is open, or was reopened since, stays; so does every row after it.

    Args:
        rows: The whole journal.
        remembered: Devices with rows that were purged before.
        before_ms: Rows written from here on stay.
    """
    pasts: dict[DeviceId, _Past] = {}
    for row in rows:
        if row.purged:
            continue
        record = record_of(row)
        past = pasts.get(record.device_id)
        if past is None:
            base = remembered.get(record.device_id) or DeviceState(device_id=record.device_id)
            past = pasts[record.device_id] = _Past(base)
            past.frozen = record.device_id == RETENTION
        past.take(row, record, before_ms)
    plan = Plan([], set(), set(), dict(remembered), dict(remembered))
    for device_id, past in pasts.items():
        if past.unconfirmed is not None:
            plan.unconfirmed.add(past.unconfirmed)
        seqs, alarms, kept = past.end()
        plan.seqs.extend(seqs)
        plan.alarms.update(alarms)
        plan.states[device_id] = past.state
        if kept is not None:
            plan.kept[device_id] = kept
    plan.seqs.sort()
    return plan


# -- what is done -----------------------------------------------------------------------


def plan_for(data_dir: Path, before_ms: int) -> tuple[Plan, ChainReport]:
    """Check a journal, and plan a purge of it; nothing is changed.

    Raises:
        SettingsError: There is no journal in this folder, or it cannot be read.
        JournalError: The chain is broken; what may be evidence of that is not tidied away.
    """
    report = verify_journal(data_dir)
    if report.fault is not None:
        raise JournalError(
            f"the journal in {data_dir} is broken ({report.fault}); nothing is purged: "
            "keep this folder as it is, and look into it"
        )
    return plan_purge(read_rows(data_dir), read_states(data_dir), before_ms), report


def report_of(plan: Plan, before: ChainReport) -> PurgeReport:
    """Count what a plan does."""
    kept = before.records - before.purged - len(plan.seqs)
    return PurgeReport(len(plan.seqs), len(plan.alarms), len(plan.unconfirmed), kept)


def purge(data_dir: Path, before_ms: TimestampMs, now_ms: TimestampMs) -> PurgeReport:
    """Remove what alarms that were over before a moment left in the journal.

    The database is written anew afterwards, so that the bytes are gone from the file; so is
    the snapshot.

    Raises:
        SettingsError: There is no journal in this folder, or a gateway uses it.
        JournalError: The chain is broken, or the file cannot be written.
    """
    next(read_rows(data_dir), None)  # before a lock file is laid into a wrong folder
    lock = FolderLock(data_dir)
    try:
        plan, before = plan_for(data_dir, before_ms)
        snapshot = Snapshot(data_dir)
        seen_ms = snapshot.load().seen_ms
        snapshot.discard()
        path = data_dir / FILE_NAME
        try:
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
                head = _write(connection, plan, before_ms, now_ms)
                _write_anew(connection)
        except sqlite3.Error as error:
            raise JournalError(
                f"{path} cannot be written ({error}); make room and purge again: "
                "what was removed may still be found in the file"
            ) from error
        if head is not None:
            with contextlib.suppress(OSError):  # without it the next start takes longer
                snapshot.save(list(plan.states.values()), seen_ms, head)
        return report_of(plan, before)
    finally:
        lock.release()


def _write(
    connection: sqlite3.Connection, plan: Plan, before_ms: TimestampMs, now_ms: TimestampMs
) -> Head | None:
    """Purge the rows in one transaction, and write down in the journal that it was done."""
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA synchronous=FULL")
    if not plan.seqs:
        return None
    connection.execute("BEGIN IMMEDIATE")
    state = plan.states.get(RETENTION) or DeviceState(device_id=RETENTION)
    query = "SELECT max(at_ms) FROM journal WHERE device_id = ?"
    (last_ms,) = connection.execute(query, (RETENTION,)).fetchone()
    at_ms = TimestampMs(max(now_ms, (last_ms or 0) + 1))  # each purge has a time of its own
    digest = RowsDigest()
    select = f"SELECT {COLUMNS} FROM journal WHERE seq = ?"  # noqa: S608 - fixed words only
    for seq in plan.seqs:
        row = Row(*connection.execute(select, (seq,)).fetchone())
        fields = (PURGED_DEVICE, at_ms, PURGED_KIND, digest_of(row), seq)
        connection.execute(_PURGE_ROW, fields)
        digest.add(seq)
    connection.execute(_SCHEMA)
    states = sorted((str(name), _encoder.encode(one)) for name, one in plan.kept.items())
    connection.executemany("INSERT OR REPLACE INTO purged_state VALUES (?, ?)", states)
    record = Record(
        device_id=RETENTION,
        version=state.version + 1,
        at_ms=at_ms,
        alarm_id=None,
        event=RowsPurged(
            before_ms=before_ms,
            rows=len(plan.seqs),
            alarms=len(plan.alarms),
            rows_digest=digest.hex(),
            states_digest=_states_digest(states),
        ),
    )
    query = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"
    seq, last_hash = connection.execute(query).fetchone()
    row = chained(bytes(last_hash), int(seq) + 1, record, os.urandom(SALT_BYTES))
    connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("COMMIT")
    plan.states[RETENTION] = evolve(state, record)
    return Head(row.seq, row.hash)


def _write_anew(connection: sqlite3.Connection) -> None:
    """Leave no removed byte in the file or its log; also after a purge that was cut off."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
