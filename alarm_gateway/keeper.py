"""Recovery and snapshots: how the engine comes back, and what makes that quick."""

import asyncio
from pathlib import Path

import structlog

from alarm_gateway.adapters.journal import Journal
from alarm_gateway.adapters.retention import read_states, snapshot_fault
from alarm_gateway.adapters.snapshot import Loaded, Snapshot
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import InvariantError, JournalError
from alarm_protocol.runtime.clock import monotonic_s, now_ms

SAVE_EVERY_S = 30.0
SAVE_AFTER_RECORDS = 50_000
"""Rows after which a snapshot is due at once: they bound what a start has to fold."""

log = structlog.get_logger()


class Keeper:
    """Brings an engine back from snapshot and journal, and keeps the snapshot young."""

    def __init__(self, data_dir: Path, engine: Engine, journal: Journal) -> None:
        self.head = journal.head
        """The last row whose effects the engine has given out."""
        self._engine = engine
        self._journal = journal
        self._snapshot = Snapshot(data_dir)
        self._saved_seq = 0
        self._saved_s = monotonic_s()
        self._saving: asyncio.Task[None] | None = None

    def recover(self) -> None:
        """Restore the snapshot where it fits, and fold the rest of the journal.

        Raises:
            JournalError: A row cannot be read, was changed, or is missing; what is checked is
                what is read here, and the rows shortly before.
            InvariantError: The journal has a gap.
        """
        started_s = monotonic_s()
        loaded = self._snapshot.load()
        if loaded.head.seq > self._journal.head.seq:
            fault = snapshot_fault(self._journal.head, loaded.head)
            raise JournalError(
                f"{self._journal.path} is broken: {fault}; restore the journal from a copy, or "
                f"remove {self._snapshot.path.name} to go on without what was in these rows"
            )
        if loaded.head.seq and not self._journal.holds(loaded.head):
            log.warning("snapshot does not fit the journal and is made anew")
            self._snapshot.discard()
            loaded = self._snapshot.load()
        try:
            count = self._fold(loaded)
        except InvariantError as error:
            if not loaded.head.seq:
                raise
            # A snapshot is a copy: whatever is wrong with it, the journal is what happened.
            log.warning("snapshot contradicts the journal and is made anew", error=str(error))
            self._snapshot.discard()
            self._engine.forget()
            loaded = self._snapshot.load()
            count = self._fold(loaded)
        self._engine.resume_watch(loaded.seen_ms, now_ms())
        self._saved_seq = loaded.head.seq
        log.info(
            "recovered",
            records=count,
            from_snapshot=loaded.head.seq,
            open_alarms=self._engine.open_count,
            seconds=round(monotonic_s() - started_s, 3),
        )

    def _fold(self, loaded: Loaded) -> int:
        """Start from a snapshot and what purges left; fold the rows after it, and count them."""
        self._engine.restore(loaded.states)
        versions = {state.device_id: state.version for state in loaded.states}
        self._engine.restore(
            state
            for device_id, state in read_states(self._journal.path.parent).items()
            if state.version > versions.get(device_id, 0)
        )
        return self._engine.recover(self._journal.records(loaded.head.seq))

    def save_when_due(self) -> None:
        """Begin a snapshot beside everything else, if one is due and none is under way."""
        if self._saving is not None and not self._saving.done():
            return
        rows = self.head.seq - self._saved_seq
        if rows >= SAVE_AFTER_RECORDS or monotonic_s() - self._saved_s >= SAVE_EVERY_S:
            self._saved_s = monotonic_s()
            self._saving = asyncio.create_task(self._save(), name="snapshot")

    async def _save(self) -> None:
        changed, seen_ms, head = self._engine.take_changed(), dict(self._engine.seen_ms), self.head
        try:
            await asyncio.to_thread(self._snapshot.save, changed, seen_ms, head)
            self._saved_seq = head.seq
        except OSError as error:
            log.warning("no snapshot, the next start takes longer", error=str(error))

    def save_now(self) -> None:
        """Write a last snapshot, when nothing else runs any more."""
        if self._saving is not None and not self._saving.done():
            return  # cut off in its thread; what it leaves is the old snapshot or the new one
        try:
            self._snapshot.save(self._engine.take_changed(), self._engine.seen_ms, self.head)
        except OSError as error:
            log.warning("no snapshot, the next start takes longer", error=str(error))
