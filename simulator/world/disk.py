"""A virtual disk with the gateway's journal on it: group commit, and all that disks do wrong.

The rows are the journal's own, with its JSON and its hash chain, so that what comes back after
a crash went through the real format. That is why this module imports the gateway's
`adapters.chain`, which is pure.

Of a commit that was not finished, any prefix may be found on the disk afterwards. SQLite
keeps all of it or nothing; the rules must hold on a lesser disk too.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from alarm_gateway.adapters.chain import GENESIS, SALT_BYTES, Row, chained, record_of
from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.records import Record, is_urgent
from alarm_protocol.units import DeviceId
from simulator.world.loop import Loop, dice_of

USUAL_MS_MAX = 6
LAZY_MS = 20
GROUP_RECORDS_MAX = 5_000

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DeviceState)

OnDurable = Callable[[list[list[Record]]], None]


class Disk:
    """What outlives the gateway's process.

    Args:
        loop: Time.
        seed: Seed of the run.
        witness: Hears of every row the moment it is on the disk.
    """

    def __init__(self, loop: Loop, seed: int, witness: Callable[[list[Row]], None]) -> None:
        self.rows: list[Row] = []
        self.slow_ms_max = USUAL_MS_MAX
        self.full = False
        self.fail_next = False
        self.commits = 0
        self.snapshot = Snapshot()
        self._loop = loop
        self._dice = dice_of(seed, "disk")
        self._witness = witness

    def records(self, after_seq: int = 0) -> Iterator[Record]:
        """Read back what was written after a row, oldest first."""
        return map(record_of, self.rows[after_seq:])

    def write_ms(self) -> int:
        """Say how long the next commit takes, in milliseconds."""
        return 1 + int(self._dice.random() * self.slow_ms_max)

    def keep(self, records: list[Record], *, torn: bool = False) -> None:
        """Put records on the disk; a torn write leaves any prefix of them."""
        if torn:
            records = records[: self._dice.randint(0, len(records))]
        rows: list[Row] = []
        seq, last_hash = len(self.rows), self.rows[-1].hash if self.rows else GENESIS
        for record in records:
            seq += 1
            row = chained(last_hash, seq, record, bytes(SALT_BYTES))
            last_hash = row.hash
            rows.append(row)
        self.rows += rows
        if rows:
            self._witness(rows)


class Snapshot:
    """The newest snapshot: every device's state at one row, encoded as on a real disk."""

    def __init__(self) -> None:
        self.seq = 0
        self.seen: tuple[DeviceId, ...] = ()
        self._states: dict[DeviceId, bytes] = {}

    def save(self, changed: Iterable[DeviceState], seen: Iterable[DeviceId], seq: int) -> None:
        """Write what changed since the last time."""
        for state in changed:
            self._states[state.device_id] = _encoder.encode(state)
        self.seen = tuple(seen)
        self.seq = seq

    def read(self) -> Iterator[DeviceState]:
        """Read all states back."""
        return map(_decoder.decode, self._states.values())


class Journal:
    """One process's writer: while one group is being written, the next one gathers.

    Args:
        disk: Where it writes.
        loop: Time.
        on_durable: Gets every group of batches that is on the disk, in order.
        on_failure: Called once, when writing fails; nothing is durable after that.
    """

    def __init__(
        self, disk: Disk, loop: Loop, *, on_durable: OnDurable, on_failure: Callable[[str], None]
    ) -> None:
        self._disk = disk
        self._loop = loop
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._queue: deque[list[Record]] = deque()
        self._writing: list[list[Record]] | None = None
        self._ended = False

    def append(self, records: list[Record]) -> None:
        """Hand over a batch; also an empty one keeps its place in the order."""
        self._queue.append(records)
        if is_urgent(records):
            self._begin()
        elif len(self._queue) == 1:
            self._loop.after(LAZY_MS, self._begin)

    def crash(self) -> None:
        """End with the process: of what is being written, a prefix may have reached the disk."""
        self._ended = True
        if self._writing is not None:
            self._disk.keep([one for batch in self._writing for one in batch], torn=True)

    def _begin(self) -> None:
        if self._ended or self._writing is not None or not self._queue:
            return
        group: list[list[Record]] = []
        count = 0
        while self._queue and count < GROUP_RECORDS_MAX:
            group.append(self._queue.popleft())
            count += len(group[-1])
        self._writing = group
        self._loop.after(self._disk.write_ms() if count else 0, self._finish)

    def _finish(self) -> None:
        group = self._writing
        if self._ended or group is None:
            return
        records = [one for batch in group for one in batch]
        disk = self._disk
        if records and (disk.full or disk.fail_next):
            self._ended = True
            self._writing = None
            if disk.full:
                self._on_failure("the disk is full")
                return
            disk.fail_next = False
            disk.keep(records, torn=True)
            self._on_failure("fsync failed")
            return
        if records:
            disk.commits += 1
            disk.keep(records)
        self._writing = None
        self._on_durable(group)
        self._begin()
