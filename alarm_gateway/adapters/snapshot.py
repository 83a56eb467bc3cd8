"""The snapshot: every device's state at one row of the journal, so that a start is quick.

It is a copy, never the truth: a snapshot that does not fit the journal, or was made by
another version of the states, is ignored and the journal folded from its first row.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import msgspec

from alarm_gateway.adapters.chain import GENESIS
from alarm_gateway.adapters.journal import Head
from alarm_gateway.core.device_state import DeviceState
from alarm_protocol.runtime.private_files import make_private_file
from alarm_protocol.units import DeviceId, TimestampMs

FILE_NAME = "snapshot.sqlite3"
STATES_PER_TURN = 200
"""States encoded before other threads may run: encoding holds the interpreter."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (device_id TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS seen (device_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS head (
    one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT;
"""
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DeviceState)


def fingerprint() -> str:
    """Return what the states of a snapshot have to be made by: this version, this shape."""
    try:
        release = version("aware-alarm-dispatch")
    except PackageNotFoundError:  # run from a folder that is not installed
        release = "unknown"
    shape = msgspec.json.encode(msgspec.json.schema(DeviceState), order="sorted")
    return f"{release}-{hashlib.sha256(shape).hexdigest()[:16]}"


class Loaded(NamedTuple):
    """What a snapshot holds: states up to a row of the journal, and last signs of life."""

    head: Head
    states: list[DeviceState]
    seen_ms: dict[DeviceId, TimestampMs]


def head_in(data_dir: Path) -> Head | None:
    """Return the row that a snapshot in this folder was made at; nothing is changed there.

    An absent or broken snapshot, which a start throws away too, knows no row.
    """
    path = data_dir / FILE_NAME
    if not path.is_file():
        return None
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            row = connection.execute("SELECT seq, hash FROM head").fetchone()
            return None if row is None else msgspec.convert(row, Head)
    except (sqlite3.Error, OSError, msgspec.MsgspecError, TypeError, ValueError):
        return None


EMPTY = Loaded(Head(0, GENESIS), [], {})


class Snapshot:
    """The snapshot file of a data folder. Not for two threads at once."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE_NAME
        self._unsaved: dict[DeviceId, DeviceState] = {}

    def load(self) -> Loaded:
        """Read it; an absent, broken or foreign snapshot is an empty one."""
        if not self.path.is_file():
            return EMPTY
        try:
            with contextlib.closing(self._connect()) as connection:
                row = connection.execute("SELECT seq, hash, fingerprint FROM head").fetchone()
                if row is None or row[2] != fingerprint():
                    self._forget(connection)
                    return EMPTY
                states = [
                    _decoder.decode(state)
                    for (state,) in connection.execute("SELECT state FROM state")
                ]
                seen = connection.execute("SELECT device_id, at_ms FROM seen").fetchall()
            # In a damaged file a column can hold anything; this checks what it holds.
            seen_ms = msgspec.convert(dict(seen), dict[DeviceId, TimestampMs])
            head = msgspec.convert(row[:2], Head)
        except (sqlite3.Error, OSError, msgspec.MsgspecError, TypeError, ValueError):
            self.discard()
            return EMPTY
        return Loaded(head, states, seen_ms)

    def discard(self) -> None:
        """Remove a snapshot that does not fit."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(FILE_NAME + suffix).unlink(missing_ok=True)

    def save(
        self, changed: list[DeviceState], seen_ms: Mapping[DeviceId, TimestampMs], head: Head
    ) -> None:
        """Write what changed since the last time; what failed to be written goes along.

        Raises:
            OSError: It cannot be written; the snapshot that was there stays good.
        """
        for state in changed:
            self._unsaved[state.device_id] = state
        try:
            with contextlib.closing(self._connect()) as connection:
                connection.executescript(_SCHEMA)
                connection.execute("BEGIN IMMEDIATE")
                self._write_states(connection)
                connection.execute("DELETE FROM seen")
                connection.executemany("INSERT INTO seen VALUES (?, ?)", list(seen_ms.items()))
                connection.execute(
                    "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)", (*head, fingerprint())
                )
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise OSError(f"{self.path} cannot be written: {error}") from error
        self._unsaved.clear()

    def _write_states(self, connection: sqlite3.Connection) -> None:
        states = list(self._unsaved.values())
        for start in range(0, len(states), STATES_PER_TURN):
            rows = [
                (state.device_id, _encoder.encode(state))
                for state in states[start : start + STATES_PER_TURN]
            ]
            connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", rows)

    @staticmethod
    def _forget(connection: sqlite3.Connection) -> None:
        for table in ("state", "seen", "head"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed words only

    def _connect(self) -> sqlite3.Connection:
        make_private_file(self.path)
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection
