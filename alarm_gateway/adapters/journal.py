"""The journal: SQLite, one writer thread, group commit, a hash chain.

While one transaction is being fsynced the next batches gather; they then share the next
fsync. Checkpoints copy the write-ahead log into the database from a thread and connection
of their own, so that no commit waits for them.
"""

import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from alarm_gateway.adapters.chain import GENESIS, SALT_BYTES, Row, chained, record_of
from alarm_gateway.adapters.journal_file import checked, readable, reserve
from alarm_gateway.adapters.lock import FolderLock
from alarm_gateway.core.errors import JournalError, SettingsError
from alarm_gateway.core.records import Record, is_urgent
from alarm_protocol.runtime.clock import monotonic_s
from alarm_protocol.runtime.histogram import SIZES, Histogram
from alarm_protocol.runtime.private_files import make_private_file, make_private_folder
from alarm_protocol.units import AlarmId, device_id_of

FILE_NAME = "journal.sqlite3"
FORMAT = 2
"""Version of the table layout, kept in `user_version`."""
GROUP_RECORDS_MAX = 5_000
"""Records in one transaction; more would make the first of them wait for the last."""
LAZY_S = 0.02
"""How long records that nobody waits for may wait for company."""
CHECKPOINT_EVERY_S = 1.0
CHECKPOINT_RECORDS_QUIET = 1
CHECKPOINT_RECORDS_BUSY = 20_000
"""Records after which the log is copied although the gateway is busy; the disk then has two
things to do, and commits wait longer."""
CHECKED_BEFORE = 50_000
"""Rows before the first one that a start reads of which it checks the chain too, at some 4 us
each. Checking all would hold up the alarms where there are many; `verify-journal` does it."""
WAL_BYTES_MAX = 512 * 1024 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    alarm_id TEXT,
    body BLOB NOT NULL,
    salt BLOB NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (device_id, version)
) STRICT;
"""
ROWS_TOGETHER_MAX = 32
"""Rows in one INSERT. SQLite lets go of the interpreter in each statement, and the writer then
waits for its turn again: one statement for a small group, so one wait and not one for each row."""
_INSERT = "INSERT INTO journal VALUES "
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERTS = tuple(_INSERT + ", ".join([_ROW] * rows) for rows in range(ROWS_TOGETHER_MAX + 1))
COLUMNS = "seq, device_id, version, at_ms, kind, alarm_id, body, salt, hash"


class Head(NamedTuple):
    """The last row that is written: its number and its hash; (0, GENESIS) is an empty journal."""

    seq: int
    hash: bytes


OnDurable = Callable[[list[list[Record]], Head], None]
OnFailure = Callable[[JournalError], None]


class _Entry(NamedTuple):
    """A batch in the writer's queue; None is the last entry: write what is before it, and end."""

    records: list[Record] | None
    urgent: bool


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    mode = "ro" if read_only else "rwc"
    if not read_only:
        make_private_file(path)  # SQLite gives its log the same rights
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=10,
    )
    if not read_only:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def _open(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a journal file and check that this program can read its layout."""
    try:
        connection = _connect(path, read_only=read_only)
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found not in (0, FORMAT):
            connection.close()
            raise SettingsError(
                f"{path} has journal format {found}; this program knows format {FORMAT}: "
                "use the version of the gateway that wrote it, or a newer one"
            )
        if not read_only:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version={FORMAT}")
    except (sqlite3.Error, UnicodeError, OSError) as error:
        raise SettingsError(
            f"{path} cannot be opened as a journal ({error}); restore it from a backup, "
            "or give another --data-dir"
        ) from error
    return connection


def read_rows(data_dir: Path, alarm_id: str | None = None) -> Iterator[Row]:
    """Read a journal, also while a gateway writes it: all of it, or one alarm's rows.

    Raises:
        SettingsError: There is no journal in this folder, or it cannot be read.
    """
    path = data_dir / FILE_NAME
    if not path.is_file():
        raise SettingsError(f"there is no journal in {data_dir} ({FILE_NAME} is missing)")
    with contextlib.closing(_open(path, read_only=True)) as connection:
        where: tuple[str, ...] = ()
        query = f"SELECT {COLUMNS} FROM journal"  # noqa: S608 - fixed words only
        if alarm_id is not None:
            # An alarm's rows are its device's, and those are indexed.
            query += " WHERE device_id = ? AND alarm_id = ?"
            where = (device_id_of(AlarmId(alarm_id)), alarm_id)
        query += " ORDER BY seq"
        with readable(path):
            for fields in connection.execute(query, where):
                yield Row(*fields)


@dataclass(slots=True)
class JournalStats:
    """What the writer has done since the start."""

    records: int = 0
    commits: int = 0
    commit_s: Histogram = field(default_factory=Histogram)
    """How long a transaction took, its fsync included."""
    commit_records: Histogram = field(default_factory=lambda: Histogram(SIZES))


class Journal:
    """The gateway's own journal, open for appending. One gateway per folder.

    Args:
        data_dir: Folder of the journal; made if missing.
        on_durable: Called on the writer thread with every group of batches that is on disk,
            in the order of `append`.
        on_failure: Called on the writer thread, once, if writing fails. After that nothing
            is written any more and nothing is reported durable.

    Raises:
        SettingsError: The folder cannot be used, or another gateway uses it.
        JournalError: The file is damaged.
    """

    def __init__(self, data_dir: Path, *, on_durable: OnDurable, on_failure: OnFailure) -> None:
        self.stats = JournalStats()
        self.path = data_dir / FILE_NAME
        if data_dir.exists() and not data_dir.is_dir():
            raise SettingsError(f"data folder {data_dir} is no folder; give another --data-dir")
        try:
            make_private_folder(data_dir)
        except OSError as error:
            raise SettingsError(
                f"data folder {data_dir} cannot be made ({error.strerror}); "
                "give a --data-dir that can be written"
            ) from error
        self._lock = FolderLock(data_dir)
        self._connection, self.head = self._begin()
        """Where the journal ended when it was opened, and after each commit."""
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._queue: queue.SimpleQueue[_Entry] = queue.SimpleQueue()
        self._pending = 0
        self._stopped = threading.Event()
        self._writer = threading.Thread(target=self._write, name="journal-writer", daemon=True)
        self._checkpointer = threading.Thread(
            target=self._checkpoint, name="journal-checkpoint", daemon=True
        )

    def _begin(self) -> tuple[sqlite3.Connection, Head]:
        """Open the file, reserve room, and find its end; let the folder go where that fails."""
        with contextlib.ExitStack() as undone:
            undone.callback(self._lock.release)
            connection = _open(self.path)
            undone.callback(connection.close)
            with readable(self.path):
                reserve(connection)
                query = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"
                row = connection.execute(query).fetchone()
            head = Head(0, GENESIS) if row is None else Head(*row)
            if type(head.seq) is not int or type(head.hash) is not bytes:
                raise JournalError(f"{self.path} is damaged at its end; restore it from a backup")
            undone.pop_all()
        return connection, head

    def records(self, after_seq: int = 0) -> Iterator[Record]:
        """Read the records after a row, oldest first; to be called before `start`.

        The chain is checked on the way, beginning `CHECKED_BEFORE` rows earlier. Purged rows
        hold no record; `retention.read_states` has what is remembered of them.

        Raises:
            JournalError: A row cannot be read as a record, was changed, or is missing.
        """
        seq = max(0, min(after_seq, self.head.seq) - CHECKED_BEFORE)
        previous = self._hash_of(seq) or b""
        query = f"SELECT {COLUMNS} FROM journal WHERE seq > ? ORDER BY seq"  # noqa: S608 - fixed
        with readable(self.path):
            rows = (Row(*fields) for fields in self._connection.execute(query, (seq,)))
            for row in checked(rows, seq, previous, self.path):
                if row.seq > after_seq and not row.purged:
                    yield record_of(row)

    def holds(self, head: Head) -> bool:
        """Tell whether a row with this number and hash is in this journal."""
        return self._hash_of(head.seq) == head.hash

    def _hash_of(self, seq: int) -> bytes | None:
        if seq == 0:
            return GENESIS
        query = "SELECT hash FROM journal WHERE seq = ?"
        with readable(self.path):
            row = self._connection.execute(query, (seq,)).fetchone()
        return row[0] if row is not None and type(row[0]) is bytes else None

    def start(self) -> None:
        """Begin to write."""
        self._writer.start()
        self._checkpointer.start()

    @property
    def pending(self) -> int:
        """Records handed over and not yet durable."""
        return self._pending

    @property
    def writing(self) -> bool:
        """Whether the writer works: it has begun, and has not failed."""
        return self._writer.is_alive()

    def bytes_now(self) -> int:
        """Return how large the journal is on disk, its log included."""
        size = 0
        for path in (self.path, self.path.with_name(FILE_NAME + "-wal")):
            with contextlib.suppress(OSError):
                size += path.stat().st_size
        return size

    def append(self, records: list[Record]) -> None:
        """Hand over a batch; also an empty one keeps its place in the order."""
        self._pending += len(records)
        self._queue.put(_Entry(records, urgent=is_urgent(records)))

    def durable(self, groups: list[list[Record]]) -> None:
        """Count these batches as written; called by the owner, on its own thread."""
        self._pending -= sum(map(len, groups))

    def close(self) -> None:
        """Write what was handed over, then stop; the log is merged into the database file."""
        if self._writer.is_alive():
            self._queue.put(_Entry(None, urgent=True))
            self._writer.join()
        self._stopped.set()
        if self._checkpointer.is_alive():
            self._checkpointer.join()
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._lock.release()

    # -- the writer thread --------------------------------------------------------------

    def _write(self) -> None:
        while True:
            groups, stop = self._gather()
            try:
                self._commit(groups)
            except sqlite3.Error as error:
                self._on_failure(
                    JournalError(
                        f"{self.path} cannot be written ({error}); the gateway stops, nothing "
                        "unwritten was acknowledged: make room or mend the disk and start again"
                    )
                )
                return
            if groups:
                self._on_durable(groups, self.head)
            if stop:
                return

    def _gather(self) -> tuple[list[list[Record]], bool]:
        """Wait for a batch, and take the others that are there; True says that it is the end.

        Batches that nobody waits for are kept a moment: they then share the fsync of the next
        one that is urgent.
        """
        groups: list[list[Record]] = []
        count = 0
        entry = self._queue.get()
        until_s = monotonic_s() + LAZY_S
        urgent = False
        while entry.records is not None:
            groups.append(entry.records)
            count += len(entry.records)
            urgent = urgent or entry.urgent
            if count >= GROUP_RECORDS_MAX:
                return groups, False
            wait_s = 0.0 if urgent else max(0.0, until_s - monotonic_s())
            try:
                entry = self._queue.get(wait_s > 0, wait_s or None)
            except queue.Empty:
                return groups, False
        return groups, True

    def _commit(self, groups: list[list[Record]]) -> None:
        rows: list[Row] = []
        seq, last_hash = self.head
        salts = os.urandom(SALT_BYTES * sum(map(len, groups)))
        for records in groups:
            for record in records:
                at = SALT_BYTES * len(rows)
                seq += 1
                row = chained(last_hash, seq, record, salts[at : at + SALT_BYTES])
                last_hash = row.hash
                rows.append(row)
        if not rows:
            return
        started_s = monotonic_s()
        self._insert(rows)
        self.stats.commit_s.observe(monotonic_s() - started_s)
        self.stats.commit_records.observe(len(rows))
        self.head = Head(seq, last_hash)
        self.stats.records += len(rows)
        self.stats.commits += 1
        self._hold_back()

    def _insert(self, rows: list[Row]) -> None:
        """Write rows in one transaction; what fits in one statement is one by itself."""
        if len(rows) <= ROWS_TOGETHER_MAX:
            self._connection.execute(_INSERTS[len(rows)], list(chain.from_iterable(rows)))
            return
        self._connection.execute("BEGIN IMMEDIATE")
        for start in range(0, len(rows), ROWS_TOGETHER_MAX):
            some = rows[start : start + ROWS_TOGETHER_MAX]
            self._connection.execute(_INSERTS[len(some)], list(chain.from_iterable(some)))
        self._connection.execute("COMMIT")

    def _hold_back(self) -> None:
        """Should checkpoints ever fall far behind, wait for one: the log has a limit too."""
        with contextlib.suppress(OSError):
            if self.stats.commits % 256 == 0 and self._wal_bytes() > WAL_BYTES_MAX:
                self._connection.execute("PRAGMA wal_checkpoint(RESTART)")

    # -- the checkpoint thread ----------------------------------------------------------

    def _wal_bytes(self) -> int:
        return self.path.with_name(FILE_NAME + "-wal").stat().st_size

    def _checkpoint(self) -> None:
        """Copy the log into the database whenever it has grown, beside the writer."""
        connection = _connect(self.path)
        copied = seen = self.stats.records
        while not self._stopped.wait(CHECKPOINT_EVERY_S):
            quiet = self.stats.records == seen
            seen = self.stats.records
            if seen - copied >= (CHECKPOINT_RECORDS_QUIET if quiet else CHECKPOINT_RECORDS_BUSY):
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    copied = seen
        connection.close()
