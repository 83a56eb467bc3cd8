"""Backups: whole and verified, or not there."""

import sqlite3
import stat
from pathlib import Path

import pytest

from alarm_gateway.adapters.backup import back_up
from alarm_gateway.adapters.journal import FILE_NAME, Journal, read_rows
from alarm_gateway.adapters.retention import verify_journal
from alarm_gateway.core.errors import JournalError, SettingsError
from tests.helpers.gateway import ALARM_RECORDS


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A data folder with one record of every kind."""
    disk = Journal(tmp_path / "data", on_durable=lambda *_: None, on_failure=lambda _: None)
    disk.start()
    disk.append(ALARM_RECORDS)
    disk.close()
    return tmp_path / "data"


def test_a_backup_is_the_journal_and_its_owner_s_alone(journal: Path, tmp_path: Path) -> None:
    """The same rows in the same chain, in a folder that nobody else can read."""
    report = back_up(journal, tmp_path / "copy")
    assert (len(ALARM_RECORDS), None) == (report.records, report.fault)
    assert list(read_rows(journal)) == list(read_rows(tmp_path / "copy"))
    assert report == verify_journal(tmp_path / "copy")
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "copy").rglob("*")]
    assert [0o600] == modes[:1]
    assert 0o700 == stat.S_IMODE((tmp_path / "copy").stat().st_mode)


def test_a_folder_that_is_there_is_left_alone(journal: Path, tmp_path: Path) -> None:
    """An older backup is never written over."""
    back_up(journal, tmp_path / "copy")
    with pytest.raises(SettingsError, match="is there already; give --out a new folder"):
        back_up(journal, tmp_path / "copy")


def test_a_backup_is_never_inside_the_data_folder(journal: Path, tmp_path: Path) -> None:
    """Whatever takes the folder would take the copy too; a link to it is no other place."""
    (tmp_path / "link").symlink_to(journal)
    for out in (journal / "inner", journal / "a" / "b", tmp_path / "link" / "inner"):
        with pytest.raises(SettingsError, match="is inside the data folder"):
            back_up(journal, out)
    assert [] == [one for one in journal.rglob("*") if one.is_dir()]
    assert back_up(journal, tmp_path / "data-copy").fault is None


def test_no_journal_is_no_backup(tmp_path: Path) -> None:
    """The wrong folder is said, and nothing is left behind."""
    with pytest.raises(SettingsError, match="there is no journal"):
        back_up(tmp_path, tmp_path / "copy")
    assert [] == list(tmp_path.iterdir())


def test_a_broken_chain_is_no_backup(journal: Path, tmp_path: Path) -> None:
    """A copy that would not verify does not take the place of one that does."""
    with sqlite3.connect(journal / FILE_NAME) as connection:
        connection.execute("UPDATE journal SET body = x'7b7d' WHERE seq = 2")
    connection.close()
    with pytest.raises(JournalError, match="is broken after 1 good records"):
        back_up(journal, tmp_path / "copy")
    assert ["data"] == [one.name for one in tmp_path.iterdir()]


def test_a_folder_that_cannot_be_made_is_said(journal: Path, tmp_path: Path) -> None:
    """One line with the folder and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"cannot be made .*; give another --out"):
        back_up(journal, tmp_path / "file" / "copy")
