"""Retention: what is over and old goes; nothing else changes, and the chain still proves it."""

import sqlite3
from pathlib import Path

import pytest

from alarm_gateway.adapters.chain import PURGED_DEVICE, digest_of
from alarm_gateway.adapters.journal import FILE_NAME, Head, Journal, read_rows
from alarm_gateway.adapters.lock import FolderLock
from alarm_gateway.adapters.retention import (
    _decoder,
    plan_purge,
    purge,
    read_states,
    verify_journal,
)
from alarm_gateway.adapters.snapshot import Snapshot
from alarm_gateway.core.effects import ViewDue
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import JournalError, SettingsError
from alarm_gateway.core.policy import Policy
from alarm_gateway.keeper import Keeper
from alarm_protocol.messages import Accept, Reopen
from alarm_protocol.units import AlarmId, DeviceId, TimestampMs
from tests.helpers.evidence import YEAR_MS, Story, recovered, rows_of, written
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    REGISTRY,
    press,
    statuses,
    unreadable,
)

LIMIT_MS = TimestampMs(NOW_MS + 2 * YEAR_MS)
LATER_MS = TimestampMs(NOW_MS + 7 * YEAR_MS)


def old_and_new() -> Story:
    """Tell of an old alarm, a younger one, and an open old one of another device."""
    story = Story()
    story.whole()
    story.press(OTHER_DEVICE)
    story.act("police", Accept, AlarmId(f"{OTHER_DEVICE}.1"), operator="OPEN-Operator")
    story.gateway.take(unreadable(), now_ms=story.at_ms)
    story.at_ms = NOW_MS + 3 * YEAR_MS
    story.close(story.press())
    return story


def started(folder: Path) -> Engine:
    """Start a gateway's memory on a folder, as the program does."""
    engine = Engine(Policy(), REGISTRY)
    journal = Journal(folder, on_durable=lambda *_: None, on_failure=lambda _: None)
    Keeper(folder, engine, journal).recover()
    journal.close()
    return engine


def shown(engine: Engine) -> list[ViewDue]:
    """Return what the consoles should hold, in an order that does not depend on the devices'."""
    return sorted(engine.open_views().views, key=lambda due: (due.console, due.alarm_id))


def bytes_in(folder: Path) -> bytes:
    """Return every byte of every file in a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_is_old_and_closed_goes_and_the_chain_verifies(tmp_path: Path) -> None:
    """The rows are counted as purged, and the last hash covers them still."""
    story = old_and_new()
    written(tmp_path, story.records)
    before = verify_journal(tmp_path)
    report = purge(tmp_path, LIMIT_MS, LATER_MS)
    after = verify_journal(tmp_path)
    assert (None, report.rows) == (after.fault, after.purged)
    assert before.records + 1 == after.records
    old = [row for row in rows_of(story.records) if row.alarm_id == f"{DEVICE}.1"]
    assert len(old) + 1 == report.rows  # and the unreadable bytes
    assert 1 == report.alarms


def test_no_byte_of_what_was_removed_is_left_in_any_file(tmp_path: Path) -> None:
    """Texts, places, press ids and the alarm's name are gone from the database and beside it."""
    written(tmp_path, old_and_new().records)
    started(tmp_path)  # leaves a snapshot, as a gateway does
    engine = Engine(Policy(), REGISTRY)
    engine.recover(old_and_new().records[:20])
    Snapshot(tmp_path).save(engine.take_changed(), {DEVICE: NOW_MS}, Snapshot(tmp_path).load().head)
    found = bytes_in(tmp_path)
    words = (b"POLICE-Note", b"THUIS-Note", b"POLICE-Operator", b"POLICE-Unit", b"52.160127")
    assert all(word in found for word in words)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    found = bytes_in(tmp_path)
    assert [] == [word for word in words[:-1] if word in found]
    assert b"OPEN-Operator" in found
    assert 1 == sum(b"52.160127" in row.body for row in read_rows(tmp_path) if not row.purged) - 1


def test_the_file_is_written_anew(tmp_path: Path) -> None:
    """No page with old bytes is left to be used again, and the log beside it is empty."""
    story = Story()
    for number in range(40):
        story.whole(DeviceId(f"stranger-{number}"))
    path = written(tmp_path, story.records) / FILE_NAME
    size = path.stat().st_size
    purge(tmp_path, LIMIT_MS, LATER_MS)
    assert path.stat().st_size < 0.8 * size
    log = tmp_path / f"{FILE_NAME}-wal"
    assert not log.exists() or log.stat().st_size == 0


def test_purged_rows_name_no_device_and_no_alarm(tmp_path: Path) -> None:
    """Number, digest and hash are all that is left of a row."""
    written(tmp_path, old_and_new().records)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    purged = [row for row in read_rows(tmp_path) if row.purged]
    assert {(PURGED_DEVICE, None, LATER_MS, b"", 32)} == {
        (row.device_id, row.alarm_id, row.at_ms, row.salt, len(row.body)) for row in purged
    }


def test_a_gateway_starts_on_a_purged_journal_as_it_was(tmp_path: Path) -> None:
    """Every device's state is the same, but for the alarm that is gone."""
    story = old_and_new()
    whole = recovered(story.records)
    written(tmp_path, story.records)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    for _ in ("from the snapshot", "from the rows"):
        engine = started(tmp_path)
        assert whole.state_of(DEVICE) == engine.state_of(DEVICE)
        assert whole.state_of(OTHER_DEVICE) == engine.state_of(OTHER_DEVICE)
        assert shown(whole) == shown(engine)
        Snapshot(tmp_path).discard()


def test_the_journal_goes_on_after_a_purge(tmp_path: Path) -> None:
    """New rows follow, versions rise by one, alarms are numbered on, and all of it verifies."""
    story = Story()
    story.whole()
    written(tmp_path, story.records)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    for number in (2, 3):
        Snapshot(tmp_path).discard()
        engine = started(tmp_path)
        records = engine.receive(
            [press(10 + number, pressed_at_ms=LATER_MS, sequence=10 + number)], LATER_MS
        )
        engine.persisted(records)
        assert {f"{DEVICE}.2"} == {record.alarm_id for record in records}
        written(tmp_path, records)
    assert None is verify_journal(tmp_path).fault


def test_a_replay_of_a_purged_press_is_still_a_repeat(tmp_path: Path) -> None:
    """What was pressed once and purged opens no alarm when it comes again, in whole or in part."""
    story = Story()
    alarm_id = story.whole()
    written(tmp_path, story.records)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    engine = started(tmp_path)
    records = engine.receive([press(1, pressed_at_ms=NOW_MS)], LATER_MS)
    effects = engine.persisted(records)
    assert [] == records
    assert (["received"], alarm_id) == (statuses(effects), effects.feedback[0].feedback.alarm_id)
    again = engine.receive([press(9, sequence=1, pressed_at_ms=LATER_MS)], LATER_MS)
    assert ("sequence_reused",) == again[0].event.doubts  # type: ignore[union-attr]


def test_what_may_not_go_stays(tmp_path: Path) -> None:
    """Open, reopened, unconfirmed and young alarms keep every row."""
    story = Story()
    story.press()  # open
    closed = Story()
    closed.close(closed.press(), confirm=False)
    reopened = Story()
    alarm_id = reopened.whole()
    reopened.act("police", Reopen, alarm_id, 3 * YEAR_MS, reason="weer")
    young = Story(LIMIT_MS + 1)
    young.whole()
    for one in (story, closed, reopened, young):
        plan = plan_purge(rows_of(one.records), {}, LIMIT_MS)
        assert ([], set()) == (plan.seqs, plan.alarms)
    assert {AlarmId(f"{DEVICE}.1")} == plan_purge(rows_of(closed.records), {}, LIMIT_MS).unconfirmed


def test_an_unconfirmed_alarm_goes_once_a_newer_one_took_its_place() -> None:
    """A console that never came back does not keep an alarm for ever."""
    story = Story()
    story.close(story.press(), confirm=False)
    story.press(after_ms=3 * YEAR_MS)
    plan = plan_purge(rows_of(story.records), {}, LIMIT_MS)
    assert {AlarmId(f"{DEVICE}.1")} == plan.alarms


def test_a_second_purge_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    """Each purge has its own line, and all of them verify."""
    story = old_and_new()
    written(tmp_path, story.records)
    first = purge(tmp_path, LIMIT_MS, LATER_MS)
    nothing = purge(tmp_path, LIMIT_MS, LATER_MS)
    second = purge(tmp_path, TimestampMs(LATER_MS - YEAR_MS), LATER_MS)
    report = verify_journal(tmp_path)
    assert (0, None) == (nothing.rows, report.fault)
    assert first.rows + second.rows == report.purged
    assert 2 == sum(row.kind == "rows_purged" for row in read_rows(tmp_path))
    engine = started(tmp_path)
    state, whole = engine.state_of(DEVICE), recovered(story.records).state_of(DEVICE)
    assert state is not None
    assert whole is not None
    assert (whole.version, whole.known, 2, None) == (
        state.version, state.known, state.alarm_count, state.alarm,
    )  # fmt: skip


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE journal SET kind = 'purged' WHERE seq = 30",
        "UPDATE journal SET body = zeroblob(32) WHERE seq = 1",
        "UPDATE journal SET at_ms = 1 WHERE seq = 1",
        "UPDATE purged_state SET state = CAST(replace(state, '1', '2') AS BLOB)",
        "UPDATE purged_state SET state = x'00'",
        "DELETE FROM purged_state WHERE device_id = '_quarantine'",
        "DELETE FROM journal WHERE kind = 'rows_purged'",
    ],
)
def test_a_purge_that_was_none_shows(tmp_path: Path, tampering: str) -> None:
    """Nobody can pass a row off as purged, nor change what is remembered."""
    written(tmp_path, old_and_new().records)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(tampering)
    connection.close()
    assert None is not verify_journal(tmp_path).fault


def test_what_is_remembered_and_broken_is_one_named_error(tmp_path: Path) -> None:
    """A start on a damaged file says which file, and what to do."""
    written(tmp_path, old_and_new().records)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    for broken in (b"{", b"\xff", b"{}"):
        with sqlite3.connect(tmp_path / FILE_NAME) as connection:
            connection.execute("UPDATE purged_state SET state = ?", (broken,))
        connection.close()
        with pytest.raises(JournalError, match="restore it from a backup"):
            read_states(tmp_path)


def test_a_row_made_to_look_purged_shows(tmp_path: Path) -> None:
    """With the right digest the chain holds; that no purge names the row gives it away."""
    story = old_and_new()
    written(tmp_path, story.records)
    rows = list(read_rows(tmp_path))
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(
            "UPDATE journal SET kind = 'purged', device_id = '_purged', version = seq, "
            "alarm_id = NULL, body = ? WHERE seq = ?",
            (digest_of(rows[-1]), rows[-1].seq),
        )
    connection.close()
    assert "no purge in this journal names" in str(verify_journal(tmp_path).fault)


def test_a_broken_chain_is_not_purged(tmp_path: Path) -> None:
    """What may be evidence of tampering is not tidied away."""
    written(tmp_path, old_and_new().records)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 3")
    connection.close()
    with pytest.raises(JournalError, match="nothing is purged"):
        purge(tmp_path, LIMIT_MS, LATER_MS)
    assert 0 == sum(row.purged for row in read_rows(tmp_path))


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """A purge under a running gateway would pull the rows away below it."""
    written(tmp_path, old_and_new().records)
    lock = FolderLock(tmp_path)
    with pytest.raises(SettingsError, match="in use by another gateway"):
        purge(tmp_path, LIMIT_MS, LATER_MS)
    lock.release()


def test_a_folder_without_a_journal_stays_as_it_is(tmp_path: Path) -> None:
    """A wrong folder gets no lock file."""
    with pytest.raises(SettingsError, match="there is no journal"):
        purge(tmp_path, LIMIT_MS, LATER_MS)
    assert [] == list(tmp_path.iterdir())


def test_signs_of_life_survive_a_purge(tmp_path: Path) -> None:
    """A fleet does not fall out of supervision because somebody tidied up."""
    written(tmp_path, old_and_new().records)
    journal = Journal(tmp_path, on_durable=lambda *_: None, on_failure=lambda _: None)
    head = journal.head
    journal.close()
    Snapshot(tmp_path).save([], {DEVICE: NOW_MS}, head)
    purge(tmp_path, LIMIT_MS, LATER_MS)
    assert {DEVICE: NOW_MS} == Snapshot(tmp_path).load().seen_ms


def test_a_snapshot_of_before_the_purge_does_not_stop_a_start(tmp_path: Path) -> None:
    """Somebody put an old copy back: what was purged since is taken from what is remembered."""
    story = old_and_new()
    for known in (5, 20, len(story.records)):
        folder = tmp_path / str(known)
        written(folder, story.records)
        early = recovered(story.records[:known])
        purge(folder, LIMIT_MS, LATER_MS)
        row = list(read_rows(folder))[known - 1]
        Snapshot(folder).discard()
        Snapshot(folder).save(early.take_changed(), {}, Head(row.seq, row.hash))
        state = started(folder).state_of(DEVICE)
        assert recovered(story.records).state_of(DEVICE) == state


def test_what_is_remembered_can_be_read_by_later_programs() -> None:
    """A state written by this version, frozen here, is read the same for ever."""
    frozen = (
        b'{"device_id":"aware-000001","version":18,"alarm_count":1,"alarm":null,'
        b'"sequence_max":2,"sequence_floor":-1,"known":[{"press_id":"press-1","sequence":1,'
        b'"pressed_at_ms":1,"trigger":"press","alarm_id":"aware-000001.1"}],'
        b'"known_doubtful":[],"quarantined":0,"conditions":["silent"],"maintenance_until_ms":5}'
    )
    state = _decoder.decode(frozen)
    assert (18, 1, 2, "press-1") == (
        state.version, state.alarm_count, state.sequence_max, state.known[0].press_id,
    )  # fmt: skip
