"""What a gateway leaves on its disk is its owner's alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from alarm_gateway.adapters.journal import Journal
from alarm_gateway.adapters.snapshot import Snapshot
from alarm_gateway.adapters.spool import MaintenanceCommand, lay
from tests.helpers.gateway import ALARM_RECORDS, DEVICE, NOW_MS


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_umask")
def test_nobody_else_can_read_a_data_folder(tmp_path: Path) -> None:
    """Journal, its log, lock, snapshot and commands: 0600, in folders of 0700."""
    folder = tmp_path / "data"
    disk = Journal(folder, on_durable=lambda *_: None, on_failure=lambda _: None)
    disk.start()
    disk.append(ALARM_RECORDS)
    Snapshot(folder).save([], {}, disk.head)
    command = MaintenanceCommand(device_id=DEVICE, until_ms=NOW_MS, by="Tom", reason="battery")
    lay(folder, "c1", command)
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    disk.close()
    assert {"journal.sqlite3", "journal.sqlite3-wal", "lock", "snapshot.sqlite3"} < set(rights)
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert 0o700 == rights.pop("commands")
    assert {0o600} == set(rights.values())
