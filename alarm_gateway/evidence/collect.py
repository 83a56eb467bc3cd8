"""Everything one agency may have on one alarm, out of one walk along the journal."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from alarm_gateway.adapters.chain import (
    GENESIS,
    Row,
    cover_of,
    digest_of,
    link_hash,
    record_of,
    split_body,
)
from alarm_gateway.core.device_state import AlarmState, DeviceState
from alarm_gateway.core.errors import JournalError, SettingsError
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.records import Condensed, Pressed, Record
from alarm_gateway.evidence.legal_view import Reading, reading_of
from alarm_protocol.households import Household, HouseholdView
from alarm_protocol.units import (
    POLICE,
    AlarmId,
    ConsoleId,
    TimestampMs,
    device_id_of,
    other_console,
)


class Proof(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The bytes of a row, as far as the agency may have them; the rest only as its hash.

    `open` is the body, or what of it is not sealed. With `sealed` and `salt` the cover can be
    computed; without them `cover` is given.
    """

    open: str
    cover: str | None = None
    salt: str | None = None
    sealed: str | None = None


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of this alarm that the agency may read.

    `event` is what `proof` proves. `stated` is what the gateway says besides, from the part
    of the row that is sealed.
    """

    seq: int
    device_id: str
    version: int
    at_ms: int
    kind: str
    alarm_id: str
    event: dict[str, Any]
    proof: Proof
    stated: dict[str, Any] | None = None


class StatusChange(Struct, frozen=True, kw_only=True):
    """The other agency's status became this; a statement of the gateway, from rows withheld."""

    at_ms: TimestampMs
    status: str


class Count(Struct, frozen=True, kw_only=True):
    """Messages of a flood, whose senders are withheld."""

    at_ms: TimestampMs
    count: int


class Chain(Struct, frozen=True, kw_only=True):
    """The part of the chain that the evidence reaches over, to the journal's last row."""

    first_seq: int
    previous_hash: str
    last_seq: int
    last_hash: str


class Evidence(Struct, frozen=True, kw_only=True):
    """What one agency may have on one alarm."""

    format: str = "aware-evidence"
    version: int = 1
    alarm_id: AlarmId
    device_id: str
    console: ConsoleId
    synthetic: bool
    priority: int
    test: bool
    status: str
    other_status: str
    raised_at_ms: TimestampMs
    press_count: int
    household: HouseholdView | None
    records: list[Line]
    other_agency: list[StatusChange]
    condensed: list[Count]
    withheld_rows: int
    """Rows of this alarm that this agency may not read; their place in the chain is proven."""
    chain: Chain


class Collected(Struct, frozen=True):
    """The evidence, and the digest of every row from its first one on."""

    evidence: Evidence
    digests: list[bytes]


def collect(
    rows: Iterable[Row],
    alarm_id: AlarmId,
    console: ConsoleId,
    household: Household | None,
    base: DeviceState | None = None,
) -> Collected:
    """Walk along the whole journal once, and take out what belongs to one alarm.

    Args:
        rows: The whole journal.
        alarm_id: The alarm.
        console: The agency that asks; it gets its own legal view.
        household: The household of the alarm's device, as registered now.
        base: What is remembered of the device, if some of its rows are purged.

    Raises:
        SettingsError: There is no such alarm.
        JournalError: The chain is broken; a broken chain proves nothing.
    """
    walk = _Walk(alarm_id, console, base)
    for row in rows:
        walk.take(row)
    if walk.alarm is None:
        raise SettingsError(
            f"there is no alarm {alarm_id} in this journal, or it was purged; "
            "`alarm-gateway show` lists those there are"
        )
    section: HouseholdView | None = None
    if household is not None:
        section = household.police if console == POLICE else household.veilig_thuis
    return Collected(walk.evidence(walk.alarm, section), walk.digests)


class _Walk:
    """One walk along the journal."""

    def __init__(self, alarm_id: AlarmId, console: ConsoleId, base: DeviceState | None) -> None:
        self.alarm: AlarmState | None = None
        self.digests: list[bytes] = []
        self._alarm_id = alarm_id
        self._device_id = device_id_of(alarm_id)
        self._console = console
        self._state = base or DeviceState(device_id=self._device_id)
        self._lines: list[Line] = []
        self._changes: list[StatusChange] = []
        self._counts: list[Count] = []
        self._withheld = 0
        self._seq = self._first_seq = 0
        self._last_hash = self._before_first = GENESIS

    def take(self, row: Row) -> None:
        """Go on by one row."""
        if row.seq != self._seq + 1:
            raise JournalError(f"the journal is broken: row {self._seq + 1} is missing")
        mine = row.alarm_id == self._alarm_id
        if mine and not self._first_seq:
            self._first_seq, self._before_first = row.seq, self._last_hash
        if self._first_seq:
            digest = digest_of(row)
            if row.hash != link_hash(self._last_hash, digest):
                raise JournalError(
                    f"the journal is broken at row {row.seq}: it proves nothing; "
                    "see `alarm-gateway verify-journal`"
                )
            self.digests.append(digest)
        self._seq, self._last_hash = row.seq, row.hash
        if row.device_id == self._device_id and not row.purged:
            record = record_of(row)
            self._state = evolve(self._state, record)
            if mine:
                self._add(row, record)

    def _add(self, row: Row, record: Record) -> None:
        other = other_console(self._console)
        before = "" if self.alarm is None else self.alarm.track(other).status
        alarm = self._state.alarm
        if alarm is not None and alarm.alarm_id == self._alarm_id:
            self.alarm = alarm
            if alarm.track(other).status != before:
                status = alarm.track(other).status
                self._changes.append(StatusChange(at_ms=record.at_ms, status=status))
        reading = reading_of(record, self._console)
        if reading != "withheld":
            self._lines.append(_line(row, record, reading, self.alarm))
            return
        self._withheld += 1
        event = record.event
        if isinstance(event, Condensed):
            count = event.unreadable + event.presses + event.faults
            self._counts.append(Count(at_ms=record.at_ms, count=count))

    def evidence(self, alarm: AlarmState, section: HouseholdView | None) -> Evidence:
        """Return what was found."""
        return Evidence(
            alarm_id=self._alarm_id,
            device_id=self._device_id,
            console=self._console,
            synthetic=section is not None and section.synthetic,
            priority=alarm.priority,
            test=alarm.test,
            status=alarm.track(self._console).status,
            other_status=alarm.track(other_console(self._console)).status,
            raised_at_ms=alarm.raised_at_ms,
            press_count=alarm.press_count,
            household=section,
            records=self._lines,
            other_agency=self._changes,
            condensed=self._counts,
            withheld_rows=self._withheld,
            chain=Chain(
                first_seq=self._first_seq,
                previous_hash=self._before_first.hex(),
                last_seq=self._seq,
                last_hash=self._last_hash.hex(),
            ),
        )


def _line(row: Row, record: Record, reading: Reading, alarm: AlarmState | None) -> Line:
    sealed, open_part = split_body(row.kind, row.body)
    stated: dict[str, Any] | None = None
    if reading == "sealed":
        proof = Proof(open=open_part.decode(), cover=cover_of(row).hex())
        event = {"event": row.kind, **msgspec.json.decode(b"{" + open_part[1:])}
        if alarm is not None and isinstance(record.event, Pressed) and alarm.presses:
            press = msgspec.structs.replace(alarm.presses[-1], location=None)
            stated = msgspec.to_builtins(press)
    else:
        event = msgspec.json.decode(row.body)
        if sealed:
            proof = Proof(open=open_part.decode(), salt=row.salt.hex(), sealed=sealed.decode())
        else:
            proof = Proof(open=open_part.decode(), cover=row.salt.hex())
        if alarm is not None and isinstance(record.event, Pressed) and alarm.presses:
            stated = msgspec.to_builtins(alarm.presses[-1])
    return Line(
        seq=row.seq,
        device_id=row.device_id,
        version=row.version,
        at_ms=row.at_ms,
        kind=row.kind,
        alarm_id=row.alarm_id or "",
        event=event,
        proof=proof,
        stated=stated,
    )
