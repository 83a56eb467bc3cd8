"""The record of looks: written, and on disk, before anything of an alarm leaves for a page.

One file for each day, a line for each session and alarm, chained by hashes. A disk that fails or
hangs hides no alarm: the look is kept in memory, written as soon as that is possible, and the
fault is logged; a life goes before a record.
"""

import asyncio
import os
import secrets
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.runtime.private_files import make_private_folder, open_private
from alarm_protocol.units import AlarmId, ConsoleId
from dispatch.core.errors import LooksError
from dispatch.core.looks import Kept, Look, What, chained, first_hash, pseudonym_of, trace_of
from dispatch.core.sessions import Session

SESSIONS_MAX = 1_000
"""Sessions of which it is remembered what they saw; beyond, looks are written again."""
UNWRITTEN_MAX = 10_000
WRITTEN_WITHIN_S = 0.5
"""A disk that takes longer hangs, and is waited for no more until it is back."""
KEY_BYTES = 32
KEY_NAME = "pseudonyms.key"

log = structlog.get_logger("dispatch.looks")


class LookBook:
    """The record of one console.

    Args:
        folder: Where its files are; made at the first look.
        console: Whose console it is.
    """

    def __init__(self, folder: Path, console: ConsoleId) -> None:
        self.unwritten: list[Look] = []
        """Looks that the disk did not take yet."""
        self._folder = folder
        self._console = console
        self._key: bytes | None = None
        self._known: dict[str, set[tuple[AlarmId, What]]] = {}
        self._waiting: list[Look] = []
        self._settling: set[AlarmId] = set()
        """Alarms of which a look waits, or is being written."""
        self._writing: asyncio.Task[None] | None = None
        self._hangs = False
        self._name = ""
        self._last = ""

    async def before(self, session: Session, alarms: Collection[AlarmId], what: What) -> bool:
        """Have it written that this person sees these alarms; then it may be shown.

        What a session has seen before in the same way is no news: that is written once.

        Returns:
            Whether it is on disk. An open alarm is shown all the same; a closed one can wait.
        """
        if self._key is None:
            self._key = await asyncio.to_thread(self._read_key)
        known = self._known.get(session.key)
        if known is None:
            if len(self._known) >= SESSIONS_MAX:
                self._known.clear()
            known = self._known[session.key] = set()
        news = [alarm_id for alarm_id in alarms if (alarm_id, what) not in known]
        if not news:
            # Another page of this session has just brought it; or a disk that failed is tried
            # again, but never for a queue that changes: that is shown all the same.
            again = what != "shown" and not self._kept(alarms)
            if again or not self._settling.isdisjoint(alarms):
                await self._in_time()
            return self._kept(alarms)
        at_ms, trace_id = now_ms(), trace_of(session.key)
        self._waiting += [
            Look(
                at_ms=at_ms,
                trace_id=trace_id,
                operation_name=what,
                processing_activity_id=f"aware-alarm-handling:{self._console}",
                data_subject_id=pseudonym_of(self._key, alarm_id),
                alarm_id=alarm_id,
                operator=session.name,
                console=self._console,
            )
            for alarm_id in news
        ]
        known.update((alarm_id, what) for alarm_id in news)
        self._settling.update(news)
        if len(self._waiting) > UNWRITTEN_MAX:
            log.error("looks are lost", lost=len(self._waiting) - UNWRITTEN_MAX)
            del self._waiting[:-UNWRITTEN_MAX]
        await self._in_time()
        return self._kept(alarms)

    @property
    def due(self) -> int:
        """Looks that are not on disk."""
        return len(self.unwritten) + len(self._waiting)

    def _kept(self, alarms: Collection[AlarmId]) -> bool:
        if not self._settling.isdisjoint(alarms):
            return False
        return not self.unwritten or {one.alarm_id for one in self.unwritten}.isdisjoint(alarms)

    @property
    def _is_writing(self) -> bool:
        return self._writing is not None and not self._writing.done()

    async def _in_time(self) -> None:
        """Wait for the disk, unless it hangs: what has to be seen is not kept for its sake."""
        if self._hangs:
            return
        try:
            async with asyncio.timeout(WRITTEN_WITHIN_S):
                await self._written()
        except TimeoutError:
            if not self._hangs and self._is_writing:
                self._hangs = True
                log.error(  # noqa: TRY400 - one line is enough
                    "the disk for looks hangs; alarms are shown all the same"
                )

    async def _written(self) -> None:
        """Wait until what waits now is on disk.

        Pages that get the same alarm share a write: whoever comes while one is under way is in
        the next.
        """
        running = self._writing
        if running is not None and not running.done():
            await asyncio.shield(running)
        if self._writing is running and self.due:
            self._writing = asyncio.create_task(self._write(), name="looks")
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        looks, self._waiting = [*self.unwritten, *self._waiting], []
        try:
            await asyncio.to_thread(self._append, looks)
            self.unwritten = []
        except OSError as error:
            self.unwritten = looks[-UNWRITTEN_MAX:]
            log.error(  # noqa: TRY400 - one line is enough
                "looks at alarms cannot be written; alarms are shown all the same",
                error=str(error),
                unwritten=len(self.unwritten),
                lost=len(looks) - len(self.unwritten),
            )
        self._settling = {look.alarm_id for look in self._waiting}
        if self._hangs:
            self._hangs = False
            # Nobody waits for what came meanwhile.
            self._writing = asyncio.create_task(self._write(), name="looks")

    def _append(self, looks: list[Look]) -> None:
        """Write lines, and wait until they are on disk."""
        make_private_folder(self._folder)
        for name, some in _by_day(looks).items():
            path = self._folder / name
            number = open_private(path, os.O_RDWR | os.O_APPEND)
            with os.fdopen(number, "r+b") as file:
                last = self._last if name == self._name else _mended(path, file.fileno())
                lines = []
                for look in some:
                    kept = chained(last, look)
                    last = kept.hash
                    lines.append(msgspec.json.encode(kept) + b"\n")
                self._name = ""  # until it is known that it was written whole
                file.write(b"".join(lines))
                file.flush()
                os.fsync(file.fileno())
            self._name, self._last = name, last

    def _read_key(self) -> bytes:
        """Read the key of the pseudonyms, made where it is missing; without a disk, one for now."""
        try:
            make_private_folder(self._folder)
            with os.fdopen(open_private(self._folder / KEY_NAME, os.O_RDWR), "r+b") as file:
                key = file.read(KEY_BYTES)
                if len(key) < KEY_BYTES:
                    key = secrets.token_bytes(KEY_BYTES)
                    file.seek(0)
                    file.write(key)
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            log.error("no key for pseudonyms, one for now", error=str(error))  # noqa: TRY400 - one line
            return secrets.token_bytes(KEY_BYTES)
        return key


def looks_folder(accounts: Path) -> Path:
    """Return where a console's record is: beside its accounts."""
    return accounts.with_name(f"{accounts.name}.looks")


def read_looks(folder: Path) -> Iterator[Look]:
    """Read a record, oldest first, and check its chain.

    Raises:
        LooksError: There is none, or a line was changed or is missing.
    """
    if not folder.is_dir():
        raise LooksError(f"there is no record of looks in {folder}; nobody has looked yet?")
    for path in sorted(folder.glob("*.jsonl")):
        last = first_hash(path.name)
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                kept = msgspec.json.decode(line, type=Kept)
            except (msgspec.DecodeError, UnicodeError) as error:
                raise LooksError(f"{path} line {number} cannot be read: {error}") from error
            if chained(last, kept.look) != kept:
                raise LooksError(
                    f"{path} line {number} was changed, or lines before it are missing"
                )
            last = kept.hash
            yield kept.look


def _by_day(looks: list[Look]) -> dict[str, list[Look]]:
    days: dict[str, list[Look]] = {}
    for look in looks:
        moment = datetime.fromtimestamp(look.at_ms / 1_000, UTC)
        days.setdefault(f"{moment:%Y-%m-%d}.jsonl", []).append(look)
    return days


def _mended(path: Path, number: int) -> str:
    """Return the last hash of a file; a line that was cut off never counted, and goes."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.ftruncate(number, len(whole))
    last_line = whole.splitlines()[-1:]
    try:
        return (
            msgspec.json.decode(last_line[0], type=Kept).hash
            if last_line
            else first_hash(path.name)
        )
    except msgspec.DecodeError:
        log.error("the record of looks was changed", file=path.name)  # noqa: TRY400 - one line
        return first_hash(path.name)
