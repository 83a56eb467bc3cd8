"""Damaged files: whatever is in them, a named error or a sound answer comes out."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from alarm_gateway.adapters.chain import Row, record_of, verify_chain
from alarm_gateway.adapters.journal import FILE_NAME, Head, Journal, read_rows
from alarm_gateway.adapters.lock import FolderLock
from alarm_gateway.adapters.snapshot import EMPTY, Snapshot
from alarm_gateway.core.errors import GatewayError, JournalError
from alarm_gateway.core.records import Pressed, Record
from tests.helpers.evidence import Story, recovered, rows_of, written
from tests.helpers.gateway import DEVICE, NOW_MS


def story() -> list[Record]:
    """Return the records of one alarm."""
    told = Story()
    told.whole()
    return told.records


def read_for_writing(folder: Path) -> None:
    """Open a journal as a gateway does, read all of it, and close it."""
    journal = Journal(folder, on_durable=lambda *_: None, on_failure=lambda _: None)
    try:
        list(journal.records())
    finally:
        journal.close()


def test_a_press_that_cannot_be_read_is_named() -> None:
    """A press whose line was changed into no press is refused with its device and version."""
    first, *others = story()
    assert isinstance(first.event, Pressed)
    changed = replace(first, event=replace(first.event, line='{"press_id"'))
    with pytest.raises(JournalError, match="aware-000001 version 1: its press cannot be read"):
        recovered([changed, *others])


@pytest.mark.parametrize(
    "change", [{"body": None}, {"salt": "text"}, {"version": 1.5}, {"device_id": b"x"}]
)
def test_a_column_of_another_kind_is_named(change: dict[str, Any]) -> None:
    """A row with a value that no gateway writes is refused, and shows in the chain."""
    rows = rows_of(story())
    rows[2] = Row(**{**rows[2]._asdict(), **change})
    with pytest.raises(JournalError, match="row 3 is damaged"):
        record_of(rows[2])
    report = verify_chain(rows)
    assert (2, True) == (report.records, "row 3 is damaged" in str(report.fault))


@pytest.mark.parametrize("number", [1, 3, 4])
def test_a_journal_with_a_spoilt_page_is_refused(tmp_path: Path, number: int) -> None:
    """Whichever page of rows is spoilt, reading ends by name, and the folder is free again."""
    path = written(tmp_path, story()) / FILE_NAME
    content = bytearray(path.read_bytes())
    content[number * 4_096 : number * 4_096 + 64] = b"\xe8" * 64
    path.write_bytes(content)
    with pytest.raises(GatewayError, match=FILE_NAME):
        list(read_rows(tmp_path))
    with pytest.raises(GatewayError, match=FILE_NAME):
        read_for_writing(tmp_path)
    FolderLock(tmp_path).release()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("state", "state", None),
        ("seen", "at_ms", "soon"),
        ("head", "hash", None),
        ("head", "seq", "x"),
    ],
)
def test_a_damaged_snapshot_is_an_empty_one(
    tmp_path: Path, table: str, column: str, value: object
) -> None:
    """A snapshot with a value that belongs to nothing is ignored and removed: it is a copy."""
    snapshot = Snapshot(tmp_path)
    snapshot.save(recovered(story()).take_changed(), {DEVICE: NOW_MS}, Head(1, b"x"))
    assert EMPTY != snapshot.load()
    loosened(snapshot.path, table, column, value)
    assert EMPTY == snapshot.load()
    assert not snapshot.path.exists()


def loosened(path: Path, table: str, column: str, value: object) -> None:
    """Put a value into a table that its own rules would refuse, as damage does."""
    connection = sqlite3.connect(path)
    rows = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own words
    names = [one[1] for one in connection.execute(f"PRAGMA table_info({table})")]
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")
    marks = ", ".join("?" for _ in names)
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own words
    connection.execute(f"UPDATE {table} SET {column} = ?", (value,))  # noqa: S608 - our own words
    connection.commit()
    connection.close()
