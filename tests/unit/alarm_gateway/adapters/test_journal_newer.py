"""Journals that a newer gateway wrote on: not broken, and not for this version to judge."""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alarm_gateway.adapters.backup import back_up
from alarm_gateway.adapters.chain import Row, chained, digest_of, link_hash
from alarm_gateway.adapters.journal import FILE_NAME, Journal, read_rows
from alarm_gateway.adapters.retention import verify_journal
from alarm_gateway.app import app
from alarm_gateway.core.errors import NewerRowError
from tests.helpers.evidence import Story, written

SALT = b"s" * 16


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A data folder with two rows of a kind of tomorrow, and one of today between them."""
    told = Story()
    told.whole()
    first, *records = told.records
    folder = written(tmp_path, [first])
    (last,) = read_rows(folder)
    for record in (records[0], records[1], records[2]):
        like = chained(last.hash, last.seq + 1, record, SALT)
        if record is not records[1]:
            like = like._replace(kind="device_moved", body=b'{"event":"device_moved","to":"x"}')
        last = like._replace(hash=link_hash(last.hash, digest_of(like)))
        insert(folder, last)
    return folder


def insert(folder: Path, row: Row) -> None:
    """Put a row at the end, as a gateway would."""
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()


def verified(folder: Path) -> tuple[int, str]:
    """Run the command; return its exit code and its one line."""
    done = CliRunner().invoke(app, ["verify-journal", "--data-dir", str(folder)])
    (line,) = done.output.splitlines()
    return done.exit_code, line


def test_rows_of_a_newer_version_are_linked_and_not_broken(newer: Path) -> None:
    """The whole chain is checked; the first such row is named with what to do; a copy is whole."""
    report = verify_journal(newer)
    assert (4, None) == (report.records, report.fault)
    code, line = verified(newer)
    assert 2 == code
    assert "broken" not in line
    assert "all 4 rows are linked" in line
    assert "row 2 is of a kind that this version does not know ('device_moved')" in line
    assert 4 == back_up(newer, newer.with_name("copy")).records


def test_a_start_names_the_row_and_what_to_do(newer: Path) -> None:
    """A gateway that does not know what happened does not go on as if it had not."""
    journal = Journal(newer, on_durable=lambda *_: None, on_failure=lambda _: None)
    with pytest.raises(NewerRowError, match=r"row 2 .*written by a newer one; use that"):
        list(journal.records())
    journal.close()


@pytest.mark.parametrize("seq", [2, 3, 4])
def test_a_row_of_any_kind_that_was_changed_is_still_found(newer: Path, seq: int) -> None:
    """Being of tomorrow protects no row: the hash is over what this version cannot read too."""
    connection = sqlite3.connect(newer / FILE_NAME)
    connection.execute("UPDATE journal SET body = CAST(body || ' ' AS BLOB) WHERE seq = ?", (seq,))
    connection.commit()
    connection.close()
    code, line = verified(newer)
    assert 1 == code
    assert f"is broken after {seq - 1} good records: row {seq} was changed" in line
