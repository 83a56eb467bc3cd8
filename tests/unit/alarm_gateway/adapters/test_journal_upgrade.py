"""Journals that an earlier gateway wrote: read, proven, gone on from, and purged as if new."""

import sqlite3
from pathlib import Path

import pytest

from alarm_gateway.adapters.journal import FILE_NAME, FORMAT, Journal
from alarm_gateway.adapters.retention import purge, verify_journal
from alarm_gateway.core.errors import SettingsError
from alarm_protocol.units import TimestampMs
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    Gateway,
    accept,
    acted,
    confirmed,
    press,
    view,
)

OLD = Path(__file__).parents[3] / "data" / "journal-format-2.sql"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The data folder of a gateway that was stopped before the upgrade."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    connection = sqlite3.connect(data_dir / FILE_NAME)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.close()
    return data_dir


def test_the_chain_of_an_older_gateway_still_verifies(old: Path) -> None:
    """Records have the same bytes today, so that the head that was kept then is found."""
    report = verify_journal(old)
    assert (None, 9) == (report.fault, report.records)


def test_its_alarms_are_open_as_they_were_and_go_on(old: Path) -> None:
    """What was accepted is accepted, a repeat is a repeat, and the next record is the next row."""
    written: list[int] = []
    journal = Journal(
        old, on_durable=lambda _, head: written.append(head.seq), on_failure=lambda _: None
    )
    gateway = Gateway()
    assert 9 == gateway.engine.recover(journal.records())
    alarm = gateway.engine.alarms[DEVICE]
    assert ("accepted", "open") == (alarm.police.status, alarm.veilig_thuis.status)
    assert ("unsigned",) == gateway.engine.alarms[OTHER_DEVICE].doubts
    assert [] == gateway.engine.receive([press(1)], TimestampMs(NOW_MS + 60_000))
    gateway.engine.persisted([])
    effects = gateway.take(acted("veilig_thuis", accept("a9", "Carla")), now_ms=NOW_MS + 61_000)
    assert "accepted" == view(effects, "veilig_thuis").own_track.status
    gateway.take(confirmed("veilig_thuis", "aware-000001.1", 4))
    journal.start()
    journal.append(gateway.journal)
    journal.close()
    assert [9 + len(gateway.journal)] == written
    assert None is verify_journal(old).fault
    assert 0 == purge(old, NOW_MS, NOW_MS).rows


def test_a_format_that_is_not_known_is_left_alone(old: Path) -> None:
    """A newer gateway's journal is refused in one line, and not touched."""
    connection = sqlite3.connect(old / FILE_NAME)
    connection.execute(f"PRAGMA user_version={FORMAT + 1}")
    connection.close()
    before = (old / FILE_NAME).read_bytes()
    with pytest.raises(SettingsError, match=f"has journal format {FORMAT + 1}"):
        Journal(old, on_durable=lambda *_: None, on_failure=lambda _: None)
    assert before == (old / FILE_NAME).read_bytes()
