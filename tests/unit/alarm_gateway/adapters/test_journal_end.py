"""What was changed or cut off shows: to a start, to a snapshot beside it, to a head kept away."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alarm_gateway.adapters import journal as module
from alarm_gateway.adapters.journal import FILE_NAME, Head, Journal
from alarm_gateway.adapters.retention import verify_journal
from alarm_gateway.adapters.snapshot import FILE_NAME as SNAPSHOT_NAME
from alarm_gateway.adapters.snapshot import Snapshot, head_in
from alarm_gateway.app import app
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import JournalError
from alarm_gateway.core.policy import Policy
from alarm_gateway.keeper import Keeper
from tests.helpers.gateway import ALARM_RECORDS, DEVICE, REGISTRY

ROWS = len(ALARM_RECORDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a short journal."""
    disk = Journal(tmp_path, on_durable=lambda *_: None, on_failure=lambda _: None)
    disk.start()
    disk.append(ALARM_RECORDS)
    disk.close()
    return tmp_path


def edit(folder: Path, statement: str, *values: int) -> None:
    """Change a journal the way somebody would who has the file."""
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        connection.execute(statement, values)


CHANGE = "UPDATE journal SET at_ms = at_ms + 1 WHERE seq = ?"
CUT_AFTER = "DELETE FROM journal WHERE seq > ?"


def head_of(folder: Path) -> Head:
    """Return where a journal ends."""
    report = verify_journal(folder)
    return Head(report.records, report.last_hash)


def start(folder: Path) -> Engine:
    """Recover a gateway from a folder."""
    journal = Journal(folder, on_durable=lambda *_: None, on_failure=lambda _: None)
    try:
        engine = Engine(Policy(), REGISTRY)
        Keeper(folder, engine, journal).recover()
        return engine
    finally:
        journal.close()


def verify(folder: Path, *options: str) -> tuple[int, str]:
    """Run the command; return its exit code and all that it said."""
    result = CliRunner().invoke(app, ["verify-journal", "--data-dir", str(folder), *options])
    return result.exit_code, result.stdout + result.stderr


CHANGES = {
    "changed": CHANGE.replace("?", "3"),
    "missing": "DELETE FROM journal WHERE seq = 3",
    "moved": "UPDATE journal SET seq = 99 WHERE seq = 3",
}


@pytest.mark.parametrize("snapshot", [None, 1, ROWS])
@pytest.mark.parametrize("change", CHANGES)
def test_a_start_refuses_a_row_that_was_changed(
    folder: Path, change: str, snapshot: int | None
) -> None:
    """A gateway does not go on silently with a journal that is not as it was written."""
    if snapshot is not None:
        save_snapshot(folder, snapshot)
    edit(folder, CHANGES[change])
    with pytest.raises(JournalError, match=r"is broken \(row 3 .*keep this folder as it is"):
        start(folder)


def save_snapshot(folder: Path, seq: int) -> None:
    """Make the snapshot that a gateway would have made at a row."""
    engine = Engine(Policy(), REGISTRY)
    engine.recover(ALARM_RECORDS[:seq])
    Snapshot(folder).save(engine.take_changed(), {}, Head(seq, hash_of(folder, seq)))


def hash_of(folder: Path, seq: int) -> bytes:
    """Return the hash of a row."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        query = "SELECT hash FROM journal WHERE seq = ?"
        return bytes(connection.execute(query, (seq,)).fetchone()[0])


def test_a_start_reads_only_so_far_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows long before the snapshot are left to `verify-journal`: a start has to be quick."""
    monkeypatch.setattr(module, "CHECKED_BEFORE", 2)
    save_snapshot(folder, ROWS)
    edit(folder, CHANGE, ROWS - 2)
    start(folder)
    edit(folder, CHANGE, ROWS - 1)
    with pytest.raises(JournalError, match=f"row {ROWS - 1} was changed"):
        start(folder)


def test_a_start_refuses_a_journal_that_ends_before_its_snapshot(folder: Path) -> None:
    """Both ends are named, and what to do; without the snapshot the gateway goes on."""
    save_snapshot(folder, ROWS)
    known = hash_of(folder, ROWS).hex()
    edit(folder, CUT_AFTER, ROWS - 2)
    with pytest.raises(JournalError) as caught:
        start(folder)
    for part in (f"row {ROWS - 2} ({hash_of(folder, ROWS - 2).hex()})", f"row {ROWS} ({known})"):
        assert part in str(caught.value)
    assert f"remove {SNAPSHOT_NAME}" in str(caught.value)
    Snapshot(folder).discard()
    start(folder)


def test_a_snapshot_that_contradicts_the_journal_is_made_anew(folder: Path) -> None:
    """The journal is what happened: a start folds all of it rather than refuse to serve."""
    engine = Engine(Policy(), REGISTRY)
    engine.recover(ALARM_RECORDS)
    behind = Head(ROWS - 2, hash_of(folder, ROWS - 2))
    Snapshot(folder).save(engine.take_changed(), {}, behind)
    assert engine.state_of(DEVICE) == start(folder).state_of(DEVICE)
    assert not (folder / SNAPSHOT_NAME).exists()


def test_a_tail_cut_off_shows_against_the_snapshot(folder: Path) -> None:
    """`verify-journal` ends with 1 and names the row where it ends, and the one it should."""
    save_snapshot(folder, ROWS)
    assert 0 == verify(folder)[0]
    edit(folder, CUT_AFTER, ROWS - 1)
    code, said = verify(folder)
    assert (1, True) == (code, "were cut off" in said)
    assert f"ends at row {ROWS - 1} (" in said
    assert f"made at row {ROWS} (" in said


def test_a_snapshot_of_another_journal_is_named(folder: Path) -> None:
    """A row of the same number with another hash is no proof of either, and is told."""
    Snapshot(folder).save([], {}, Head(2, b"x" * 32))
    code, said = verify(folder)
    assert (1, True) == (code, "another journal" in said)


def test_looking_at_a_snapshot_leaves_it_alone(folder: Path) -> None:
    """A check reads; what it cannot read knows nothing."""
    assert None is head_in(folder)
    (folder / SNAPSHOT_NAME).write_bytes(b"no database" * 100)
    before = (folder / SNAPSHOT_NAME).read_bytes()
    assert None is head_in(folder)
    assert before == (folder / SNAPSHOT_NAME).read_bytes()
    assert 0 == verify(folder)[0]


def test_a_kept_head_shows_a_tail_cut_off_and_a_chain_made_anew(folder: Path) -> None:
    """The printed line can be given back as it is, and tells what a chain alone cannot."""
    code, said = verify(folder)
    kept = said.splitlines()[1].split()[1]
    assert (0, f"{ROWS}:{head_of(folder).hash.hex()}") == (code, kept)
    assert 0 == verify(folder, "--expect", kept)[0]
    assert 0 == verify(folder, "--expect", f"head {kept.upper()}")[0]
    assert 0 == verify(folder, "--expect", f"2:{hash_of(folder, 2).hex()}")[0]
    assert 0 == verify(folder, "--expect", f"0:{'0' * 64}")[0]
    code, said = verify(folder, "--expect", f"2:{'0' * 64}")
    assert (1, True) == (code, f"row 2 has the hash {hash_of(folder, 2).hex()}, and 000" in said)
    edit(folder, CUT_AFTER, ROWS - 1)
    assert 0 == verify(folder)[0]  # what is left is whole: that is what a chain cannot show
    code, said = verify(folder, "--expect", kept)
    assert (1, True) == (code, f"row {ROWS} (" in said and "were cut off" in said)
