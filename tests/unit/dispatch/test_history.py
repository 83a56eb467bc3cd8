"""The history of a console: kept over restarts, found by what is asked, and not for ever."""

import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from alarm_protocol.messages import AlarmView, OwnTrack
from alarm_protocol.units import TimestampMs
from dispatch.core.errors import SettingsError
from dispatch.core.history import PAGE_ROWS, Query
from dispatch.history import DAY_MS, PENDING_MAX, History
from tests.unit.dispatch.views import POLICE_HOUSEHOLD, RAISED_MS, make_view


def closed(alarm_id: str = "aware-000123.1", after_ms: int = 0, **changes: Any) -> AlarmView:
    """Make a view of an alarm that was closed so long after it was raised."""
    own = OwnTrack(
        status="closed",
        disposition=changes.pop("disposition", "genuine"),
        closed_at_ms=TimestampMs(RAISED_MS + after_ms),
        closed_by="K. de Boer",
    )
    return make_view(alarm_id, status="closed", own_track=own, **changes)


async def names(history: History, **query: Any) -> list[str]:
    """Return the alarms that are found."""
    return [one.alarm_id for one in (await history.search(Query(**query))).rows]


async def test_what_is_kept_is_there_after_a_restart_and_for_its_owner_only(tmp_path: Path) -> None:
    """The last view, whole, in a file that nobody else may read."""
    path = tmp_path / "history"
    history = History(path)
    history.note(closed())
    assert frozenset() == await history.keep(RAISED_MS)
    history.close()
    again = History(path)
    assert closed() == await again.view_of(closed().alarm_id, None)
    assert closed() == await again.view_of(closed().alarm_id, RAISED_MS)
    assert None is await again.view_of(closed().alarm_id, RAISED_MS + 1)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    again.close()


async def test_each_question_finds_what_fits_and_nothing_else() -> None:
    """By day, municipality, disposition and the beginning of a device's id; the newest first."""
    history = History(None)
    gouda = structs.replace(POLICE_HOUSEHOLD, municipality="Gouda")
    history.note(closed("aware-000001.1", 0))
    history.note(closed("aware-000002.1", 1_000, household=gouda, disposition="mispress"))
    history.note(closed("other_1.1", 2_000, household=None, disposition="test"))
    await history.keep(RAISED_MS)
    everything = ["other_1.1", "aware-000002.1", "aware-000001.1"]
    assert everything == await names(history)
    assert everything[1:] == await names(history, device="aware-")
    assert ["aware-000002.1"] == await names(history, municipality="gouda")
    assert ["other_1.1"] == await names(history, disposition="test")
    assert ["aware-000002.1"] == await names(
        history, from_ms=RAISED_MS + 1_000, to_ms=RAISED_MS + 2_000
    )
    assert [] == await names(history, device="%")
    assert [] == await names(history, municipality="' OR 1=1 --")
    assert ("Gouda", "Leiden") == (await history.search(Query())).municipalities
    history.close()


async def test_pages_hold_every_alarm_once() -> None:
    """Also where many were closed in one moment."""
    history = History(None)
    wanted = {f"aware-{number:06d}.1" for number in range(2 * PAGE_ROWS + 3)}
    for name in wanted:
        history.note(closed(name))
    await history.keep(RAISED_MS)
    found = [await history.search(Query(page=page)) for page in (1, 2, 3, 4)]
    assert [50, 50, 3, 0] == [len(one.rows) for one in found]
    assert {(len(wanted), 3)} == {(one.total, one.pages) for one in found}
    assert wanted == {row.alarm_id for one in found for row in one.rows}
    history.close()


async def test_a_newer_version_replaces_an_older_one_only() -> None:
    """An alarm that was opened again is in the history once, as it ended."""
    history = History(None)
    for version, disposition in ((2, "mispress"), (5, "genuine"), (3, "test")):
        history.note(closed(version=version, disposition=disposition))
        await history.keep(RAISED_MS)
    (only,) = (await history.search(Query())).rows
    assert "genuine" == only.disposition
    history.close()


async def test_an_alarm_that_is_opened_again_leaves_until_it_is_closed_again(
    tmp_path: Path,
) -> None:
    """Also after a restart; an older open view that comes late takes nothing out."""
    path = tmp_path / "history"
    history = History(path)
    history.note(closed(version=2))
    history.note(make_view(version=1))
    await history.keep(RAISED_MS)
    history.note(make_view(version=1))
    await history.keep(RAISED_MS)
    assert [closed().alarm_id] == await names(history)
    history.note(make_view(version=3))
    await history.keep(RAISED_MS)
    history.close()
    again = History(path)
    assert [] == await names(again)
    assert () == await again.table(Query())
    again.note(closed(version=4))
    await again.keep(RAISED_MS)
    assert [closed().alarm_id] == await names(again)
    again.close()


async def test_what_is_old_or_too_much_leaves() -> None:
    """By age, and the oldest past the limit."""
    history = History(None, days=10, rows_max=3)
    for number in range(6):
        history.note(closed(f"aware-{number:06d}.1", number * DAY_MS))
    await history.keep(RAISED_MS)
    assert [f"aware-00000{number}.1" for number in (5, 4, 3)] == await names(history)
    history.note(closed("aware-000009.1", 9 * DAY_MS))
    await history.keep(RAISED_MS + 15 * DAY_MS - 1)
    assert ["aware-000009.1", "aware-000005.1"] == await names(history)
    history.close()


async def test_a_disk_that_refuses_leaves_nothing_confirmed_and_is_tried_again(
    tmp_path: Path,
) -> None:
    """Whatever is not written is named, and written once the disk takes it."""
    path = tmp_path / "history"
    history = History(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        history._connection.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        history.note(closed())
        assert frozenset({closed().alarm_id}) == await history.keep(RAISED_MS)
        other.execute("ROLLBACK")
    other.close()
    assert 1 == history.failed
    assert frozenset() == await history.keep(RAISED_MS)
    assert [closed().alarm_id] == await names(history)
    history.close()


async def test_a_disk_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not have yet is told as not kept, also what came meanwhile; later it is."""
    monkeypatch.setattr("dispatch.history.KEPT_WITHIN_S", 0.02)
    back = threading.Event()
    history = History(None)
    write = history._write

    def hanging(views: tuple[AlarmView, ...], now_ms: int) -> None:
        back.wait(20)
        write(views, now_ms)

    monkeypatch.setattr(history, "_write", hanging)
    history.note(closed("aware-000001.1"))
    assert frozenset({"aware-000001.1"}) == await history.keep(RAISED_MS)
    history.note(closed("aware-000002.1"))
    assert frozenset({"aware-000001.1", "aware-000002.1"}) == await history.keep(RAISED_MS)
    monkeypatch.setattr("dispatch.history.KEPT_WITHIN_S", 20.0)
    back.set()
    assert frozenset() == await history.keep(RAISED_MS)
    assert ["aware-000001.1", "aware-000002.1"] == sorted(await names(history))
    history.close()


async def test_what_waits_for_the_disk_is_bounded() -> None:
    """A view beyond the limit is not confirmed either, so that the gateway repeats it."""
    history = History(None)
    for number in range(PENDING_MAX):
        assert history.note(closed(f"a.{number + 1}"))
    assert not history.note(closed("b.1"))
    assert history.note(closed("a.1", version=2))
    assert history.note(make_view("b.1", version=2)), "an open alarm is always taken"
    history.close()


def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    """It names the file and the option."""
    rubbish = tmp_path / "history"
    rubbish.write_text("no database at all, but long enough to be looked at " * 20)
    for path in (rubbish, tmp_path / "missing" / "history"):
        with pytest.raises(SettingsError, match=r"history in .*--history names a file"):
            History(path)


async def test_earlier_alarms_are_of_this_home_and_from_before() -> None:
    """The newest first; none of a home where the button hung before, none of another device."""
    history = History(None)
    moved = structs.replace(POLICE_HOUSEHOLD.address, street="Elders")
    elsewhere = structs.replace(POLICE_HOUSEHOLD, address=moved)
    for alarm_id, after_ms, changes in (
        ("aware-000123.1", 0, {"household": elsewhere}),
        ("aware-000123.2", 1, {"household": None}),
        ("aware-000123.3", 2, {"disposition": "mispress"}),
        ("aware-000124.1", 3, {}),
        ("aware-000123.5", 9, {}),
    ):
        raised = TimestampMs(RAISED_MS + after_ms)
        history.note(structs.replace(closed(alarm_id, **changes), raised_at_ms=raised))
    await history.keep(RAISED_MS)
    now = make_view("aware-000123.4", raised_at_ms=TimestampMs(RAISED_MS + 4))
    found = (await history.earlier_than(now)).rows
    assert ["aware-000123.3", "aware-000123.2"] == [one.alarm_id for one in found]
    assert "mispress" == found[0].disposition
