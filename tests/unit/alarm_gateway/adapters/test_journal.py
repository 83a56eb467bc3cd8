"""The journal on a real disk."""

import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from alarm_gateway.adapters.chain import GENESIS, verify_chain
from alarm_gateway.adapters.journal import (
    FILE_NAME,
    ROWS_TOGETHER_MAX,
    Head,
    Journal,
    read_rows,
)
from alarm_gateway.core.errors import JournalError, SettingsError
from alarm_gateway.core.records import Record
from tests.helpers.gateway import ALARM_RECORDS


class Disk:
    """A journal with its callbacks collected; `wait` returns once so many batches are durable."""

    def __init__(self, folder: Path) -> None:
        self.groups: list[list[Record]] = []
        self.failures: list[JournalError] = []
        self._changed = threading.Condition()
        self.journal = Journal(folder, on_durable=self._durable, on_failure=self._failed)

    def _durable(self, groups: list[list[Record]], _head: Head) -> None:
        with self._changed:
            self.groups += groups
            self._changed.notify_all()

    def _failed(self, error: JournalError) -> None:
        with self._changed:
            self.failures.append(error)
            self._changed.notify_all()

    def wait(self, batches: int) -> None:
        """Wait until so many batches are durable, or the journal failed."""
        with self._changed:
            done = self._changed.wait_for(
                lambda: len(self.groups) >= batches or self.failures, timeout=20
            )
        assert done


def test_what_is_reported_durable_can_be_read_back(tmp_path: Path) -> None:
    """Records come back equal, in order, from a fresh journal on the same folder."""
    disk = Disk(tmp_path)
    disk.journal.start()
    for record in ALARM_RECORDS:
        disk.journal.append([record])
    disk.wait(len(ALARM_RECORDS))
    disk.journal.close()
    again = Disk(tmp_path)
    assert list(again.journal.records()) == ALARM_RECORDS
    again.journal.close()


def test_batches_are_reported_in_order_also_empty_ones(tmp_path: Path) -> None:
    """An empty batch keeps its place, so that an answer never overtakes what it answers."""
    disk = Disk(tmp_path)
    batches = [[ALARM_RECORDS[0]], [], [ALARM_RECORDS[1]], []]
    for batch in batches:
        disk.journal.append(batch)
    disk.journal.start()
    disk.wait(4)
    disk.journal.close()
    assert batches == disk.groups


def test_waiting_batches_share_one_commit(tmp_path: Path) -> None:
    """Group commit: what gathered before the writer came costs one fsync."""
    disk = Disk(tmp_path)
    for record in ALARM_RECORDS:
        disk.journal.append([record])
    disk.journal.start()
    disk.wait(len(ALARM_RECORDS))
    disk.journal.close()
    assert (1, len(ALARM_RECORDS)) == (disk.journal.stats.commits, disk.journal.stats.records)


@pytest.mark.parametrize(
    "count", [1, ROWS_TOGETHER_MAX, ROWS_TOGETHER_MAX + 1, 3 * ROWS_TOGETHER_MAX]
)
def test_a_group_of_any_size_is_one_commit_in_order(tmp_path: Path, count: int) -> None:
    """Rows that fit in one statement and rows that need several come back alike."""
    records = [
        msgspec.structs.replace(ALARM_RECORDS[0], version=number + 1) for number in range(count)
    ]
    disk = Disk(tmp_path)
    disk.journal.append(records)
    disk.journal.start()
    disk.wait(1)
    disk.journal.close()
    assert (1, count) == (disk.journal.stats.commits, disk.journal.stats.records)
    again = Disk(tmp_path)
    assert records == list(again.journal.records())
    again.journal.close()


def test_closing_writes_what_was_handed_over(tmp_path: Path) -> None:
    """A stop on purpose loses nothing."""
    disk = Disk(tmp_path)
    disk.journal.start()
    disk.journal.append(ALARM_RECORDS)
    disk.journal.close()
    assert len(ALARM_RECORDS) == len(list(read_rows(tmp_path)))


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    """The journal runs with a write-ahead log and full synchronisation, as the law asks."""
    disk = Disk(tmp_path)
    connection = disk.journal._connection
    assert (
        connection.execute("PRAGMA journal_mode").fetchone()[0],
        connection.execute("PRAGMA synchronous").fetchone()[0],
        connection.execute("PRAGMA wal_autocheckpoint").fetchone()[0],
    ) == ("wal", 2, 0)
    disk.journal.close()


def test_a_failed_write_stops_the_journal_and_reports_nothing_durable(tmp_path: Path) -> None:
    """Fail-stop: a version that exists already cannot be written, and then nothing more is."""
    disk = Disk(tmp_path)
    disk.journal.start()
    disk.journal.append([ALARM_RECORDS[0]])
    disk.wait(1)
    disk.journal.append([ALARM_RECORDS[0]])
    disk.journal.append([ALARM_RECORDS[1]])
    disk.wait(2)
    assert len(disk.failures) == 1
    assert FILE_NAME in str(disk.failures[0])
    disk.journal.close()
    assert len(list(read_rows(tmp_path))) == 1


def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    """Rows written by two runs form one chain."""
    for record in ALARM_RECORDS:
        disk = Disk(tmp_path)
        disk.journal.start()
        disk.journal.append([record])
        disk.journal.close()
    report = verify_chain(read_rows(tmp_path))
    assert (len(ALARM_RECORDS), None) == (report.records, report.fault)


def test_an_empty_journal_verifies(tmp_path: Path) -> None:
    """Nothing written is nothing wrong."""
    Disk(tmp_path).journal.close()
    assert verify_chain(read_rows(tmp_path)) == (0, GENESIS, None, 0, None)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with a journal of a few records."""
    disk = Disk(tmp_path)
    disk.journal.start()
    disk.journal.append(ALARM_RECORDS)
    disk.journal.close()
    return tmp_path


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE journal SET body = CAST(replace(body, 'press', 'prezz') AS BLOB) WHERE seq = 1",
        "UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2",
        "UPDATE journal SET alarm_id = 'aware-000001.7' WHERE seq = 2",
        "UPDATE journal SET hash = zeroblob(32) WHERE seq = 2",
        "UPDATE journal SET salt = zeroblob(16) WHERE seq = 1",
        "UPDATE journal SET salt = zeroblob(16) WHERE seq = 2",
        "UPDATE journal SET body = CAST(replace(body, 'false', 'true') AS BLOB) WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 2",
        "UPDATE journal SET seq = 9 WHERE seq = 3",
    ],
)
def test_a_changed_or_missing_row_shows(written: Path, tampering: str) -> None:
    """Whoever changes the past breaks the chain."""
    connection = sqlite3.connect(written / FILE_NAME)
    with connection:
        connection.execute(tampering)
    connection.close()
    assert None is not verify_chain(read_rows(written)).fault


def test_one_alarm_can_be_read_alone(written: Path) -> None:
    """The history of an alarm is its rows."""
    rows = list(read_rows(written, "aware-000001.1"))
    assert [row.kind for row in rows] == ["pressed", "acted", "refused", "delivered", "escalated"]


def test_two_gateways_cannot_share_a_folder(tmp_path: Path) -> None:
    """The second is told that the first is there."""
    disk = Disk(tmp_path)
    with pytest.raises(SettingsError, match="in use by another gateway"):
        Disk(tmp_path)
    disk.journal.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """One line says which file is wrong and what to do."""
    (tmp_path / FILE_NAME).write_text("this is no database at all" * 100)
    with pytest.raises(SettingsError, match=r"journal\.sqlite3 cannot be opened"):
        Disk(tmp_path)


def test_a_newer_format_is_refused(written: Path) -> None:
    """An old program does not touch the journal of a newer one."""
    connection = sqlite3.connect(written / FILE_NAME)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(SettingsError, match="format 99"):
        Disk(written)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the way of the data folder is one clear line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be made"):
        Disk(tmp_path / "file" / "data")


def test_reading_where_there_is_no_journal_says_so(tmp_path: Path) -> None:
    """`show` on the wrong folder is not an empty list."""
    with pytest.raises(SettingsError, match="there is no journal"):
        list(read_rows(tmp_path))


def test_a_row_that_cannot_be_read_names_itself(written: Path) -> None:
    """Recovery does not guess at a broken row."""
    connection = sqlite3.connect(written / FILE_NAME)
    with connection:
        connection.execute("UPDATE journal SET body = x'7b7d' WHERE seq = 2")
    connection.close()
    disk = Disk(written)
    with pytest.raises(JournalError, match="row 2"):
        list(disk.journal.records())
    disk.journal.close()
