"""The closed alarms of one console, kept in a file of its own: the views that it was given.

A closed view is written, with its fsync, before its confirmation leaves: after that the gateway
clears the topic and never sends it again. An alarm that is opened again leaves the file; its open
view is retained, so that one which was missed comes again. Nothing here is evidence; that is the
gateway's journal. All work on the file is done by one thread beside the event loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog

from alarm_protocol.messages import AlarmView
from alarm_protocol.runtime.private_files import make_private_file
from alarm_protocol.units import AlarmId
from dispatch.core.errors import SettingsError
from dispatch.core.history import (
    EARLIER_MAX,
    PAGE_ROWS,
    TABLE_ROWS_MAX,
    EarlierAlarms,
    Found,
    Past,
    Query,
    earlier_of,
    past_of,
    same_home,
)

DAYS: Final = 1_826
"""Five years: after that the police take what they hold out of daily use."""
ROWS_MAX: Final = 200_000
"""Past it the oldest leave, however young: a file has to have an end."""
PENDING_MAX: Final = 10_000
"""Closed views that wait for a disk that refuses; one beyond them is not taken."""
KEPT_WITHIN_S: Final = 0.25
DAY_MS: Final = 86_400_000
PURGE_EVERY_MS: Final = 3_600_000
MUNICIPALITIES_MAX: Final = 400
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS closed (
  alarm_id TEXT NOT NULL, raised_at_ms INTEGER NOT NULL, closed_at_ms INTEGER NOT NULL,
  device_id TEXT NOT NULL, municipality TEXT, disposition TEXT, priority INTEGER NOT NULL,
  test INTEGER NOT NULL, closed_by TEXT, version INTEGER NOT NULL, view BLOB NOT NULL,
  PRIMARY KEY (alarm_id, raised_at_ms));
CREATE INDEX IF NOT EXISTS closed_at ON closed (closed_at_ms);
CREATE INDEX IF NOT EXISTS closed_device ON closed (device_id);
"""
_COLUMNS: Final = tuple(Past.__struct_fields__)
_KEEP: Final = f"""
INSERT INTO closed ({", ".join(_COLUMNS)}, version, view)
VALUES ({", ".join("?" * (len(_COLUMNS) + 2))})
ON CONFLICT (alarm_id, raised_at_ms) DO UPDATE SET closed_at_ms = excluded.closed_at_ms,
  municipality = excluded.municipality, disposition = excluded.disposition,
  priority = excluded.priority, test = excluded.test, closed_by = excluded.closed_by,
  version = excluded.version, view = excluded.view
WHERE excluded.version >= version
"""  # noqa: S608 - the names are those of a struct of this program
_TAKE_OUT: Final = "DELETE FROM closed WHERE alarm_id = ? AND raised_at_ms = ? AND version < ?"

log = structlog.get_logger("dispatch.history")

T = TypeVar("T")
_Key = tuple[AlarmId, int]


class History:
    """Keeps closed views and finds them again.

    Args:
        path: The file; None keeps them in memory, for tests and for who wants no file.
        days: How long an alarm is kept after it was closed.
        rows_max: How many are kept at most.

    Raises:
        SettingsError: The file cannot be used.
    """

    def __init__(self, path: Path | None, *, days: int = DAYS, rows_max: int = ROWS_MAX) -> None:
        self.failed = 0
        """Writes that the disk refused, since the start."""
        self._keep_ms = days * DAY_MS
        self._rows_max = rows_max
        self._purged_at_ms = 0
        self._pending: dict[_Key, AlarmView] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._connection = _open(path)

    def note(self, view: AlarmView) -> bool:
        """Take a closed view, which `keep` writes; return whether there was room for it.

        A view that is open (again) takes a closed one out, and always finds room.
        """
        key = (view.alarm_id, view.raised_at_ms)
        waiting = self._pending.get(key)
        if waiting is None and view.status == "closed" and len(self._pending) >= PENDING_MAX:
            return False
        if waiting is None or waiting.version <= view.version:
            self._pending[key] = view
        return True

    async def keep(self, now_ms: int) -> frozenset[AlarmId]:
        """Write what was noted; return the closed alarms that are not kept for certain.

        A disk that hangs is waited for a moment only: open alarms are confirmed meanwhile.
        """
        running = self._keeping
        if running is not None and not running.done():
            await asyncio.wait((running,), timeout=KEPT_WITHIN_S)
        if self._pending and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.create_task(self._keep(now_ms), name="history")
            await asyncio.wait((self._keeping,), timeout=KEPT_WITHIN_S)
        if self._keeping is not None and self._keeping.done():
            self._keeping.result()
        waiting = self._pending.values()
        return frozenset(view.alarm_id for view in waiting if view.status == "closed")

    async def _keep(self, now_ms: int) -> None:
        views = dict(self._pending)
        try:
            await self._run(self._write, tuple(views.values()), now_ms)
        except sqlite3.Error as error:
            self.failed += 1
            log.error("history not written; the gateway repeats it", error=str(error))  # noqa: TRY400 - one line says it
            return
        for key, view in views.items():
            if self._pending.get(key) is view:
                del self._pending[key]

    async def search(self, query: Query) -> Found:
        """Return one page of what fits, the newest first."""
        return await self._run(self._search, query)

    async def table(self, query: Query) -> tuple[Past, ...]:
        """Return all that fits, the newest first: one more than `TABLE_ROWS_MAX` at most."""
        return await self._run(self._lines, *_where(query), TABLE_ROWS_MAX + 1)

    async def view_of(self, alarm_id: AlarmId, raised_at_ms: int | None) -> AlarmView | None:
        """Return a closed alarm's last view; without a moment the newest of that name."""
        body = await self._run(self._find, alarm_id, raised_at_ms)
        return None if body is None else msgspec.json.decode(body, type=AlarmView)

    async def earlier_than(self, view: AlarmView) -> EarlierAlarms:
        """Return the closed alarms of the same home from before this one."""
        bodies = await self._run(self._find_earlier, view.device_id, view.raised_at_ms)
        views = [msgspec.json.decode(body, type=AlarmView) for body in bodies]
        return EarlierAlarms(rows=tuple(earlier_of(one) for one in views if same_home(view, one)))

    def close(self) -> None:
        """Let go of the file."""
        self._thread.shutdown(wait=True)
        self._connection.close()

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    # -- in the thread ------------------------------------------------------------------

    def _write(self, views: tuple[AlarmView, ...], now_ms: int) -> None:
        rows = [
            (*msgspec.structs.astuple(past_of(view)), view.version, msgspec.json.encode(view))
            for view in views
            if view.status == "closed"
        ]
        reopened = [
            (view.alarm_id, view.raised_at_ms, view.version)
            for view in views
            if view.status != "closed"
        ]
        with self._connection as connection:
            connection.executemany(_KEEP, rows)
            connection.executemany(_TAKE_OUT, reopened)
            if now_ms - self._purged_at_ms >= PURGE_EVERY_MS:
                self._purge(connection, now_ms)
                self._purged_at_ms = now_ms

    def _purge(self, connection: sqlite3.Connection, now_ms: int) -> None:
        connection.execute("DELETE FROM closed WHERE closed_at_ms < ?", (now_ms - self._keep_ms,))
        connection.execute(
            "DELETE FROM closed WHERE rowid IN"
            " (SELECT rowid FROM closed ORDER BY closed_at_ms DESC LIMIT -1 OFFSET ?)",
            (self._rows_max,),
        )

    def _search(self, query: Query) -> Found:
        where, values = _where(query)
        connection = self._connection
        (total,) = connection.execute(f"SELECT count(*) FROM closed{where}", values).fetchone()  # noqa: S608 - made of constants
        rows = self._lines(where, values, PAGE_ROWS, (query.page - 1) * PAGE_ROWS)
        names = connection.execute(
            "SELECT DISTINCT municipality FROM closed WHERE municipality IS NOT NULL"
            " ORDER BY municipality LIMIT ?",
            (MUNICIPALITIES_MAX,),
        ).fetchall()
        return Found(
            total=total,
            page=query.page,
            pages=-(-total // PAGE_ROWS),
            rows=rows,
            municipalities=tuple(name for (name,) in names),
        )

    def _lines(
        self, where: str, values: list[object], limit: int, offset: int = 0
    ) -> tuple[Past, ...]:
        rows = self._connection.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM closed{where}"  # noqa: S608 - made of constants
            " ORDER BY closed_at_ms DESC, alarm_id LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return tuple(
            msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), Past, strict=False)
            for row in rows
        )

    def _find(self, alarm_id: AlarmId, raised_at_ms: int | None) -> bytes | None:
        row = self._connection.execute(
            "SELECT view FROM closed WHERE alarm_id = ?"
            " AND raised_at_ms = coalesce(?, raised_at_ms) ORDER BY raised_at_ms DESC LIMIT 1",
            (alarm_id, raised_at_ms),
        ).fetchone()
        return None if row is None else row[0]

    def _find_earlier(self, device_id: str, before_ms: int) -> list[bytes]:
        rows = self._connection.execute(
            "SELECT view FROM closed WHERE device_id = ? AND raised_at_ms < ?"
            " ORDER BY raised_at_ms DESC LIMIT ?",
            (device_id, before_ms, EARLIER_MAX),
        )
        return [body for (body,) in rows]


def _where(query: Query) -> tuple[str, list[object]]:
    """Return the condition of a query; whatever a person typed is a value and never part of it."""
    end = None if query.device is None else f"{query.device}\U0010ffff"
    conditions: dict[str, object] = {
        "closed_at_ms >= ?": query.from_ms,
        "closed_at_ms < ?": query.to_ms,
        "municipality = ? COLLATE NOCASE": query.municipality,
        "disposition = ?": query.disposition,
        "device_id >= ?": query.device,
        "device_id < ?": end,
    }
    asked = {text: value for text, value in conditions.items() if value is not None}
    return (f" WHERE {' AND '.join(asked)}" if asked else ""), list(asked.values())


def _open(path: Path | None) -> sqlite3.Connection:
    """Open the file, made private where it is new."""
    try:
        if path is not None:
            make_private_file(path)
        connection = sqlite3.connect(path or ":memory:", check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # What retention removes must not be readable in the file's free pages.
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(
            f"the history in {path} cannot be used ({error}); --history names a file in a folder "
            "that this user may write"
        ) from error
    return connection
