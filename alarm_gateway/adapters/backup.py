"""A copy of the journal, made while a gateway writes it, and checked before it counts."""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from alarm_gateway.adapters.chain import ChainReport
from alarm_gateway.adapters.devices import FILE_NAME as DEVICES_NAME
from alarm_gateway.adapters.journal import FILE_NAME, read_rows
from alarm_gateway.adapters.retention import verify_journal
from alarm_gateway.core.errors import JournalError, SettingsError
from alarm_protocol.runtime.private_files import make_private_file, make_private_folder


def back_up(data_dir: Path, out: Path) -> ChainReport:
    """Copy a journal to a new folder; the folder is whole and verified, or not there.

    The copy is the journal at one moment. What a gateway writes meanwhile is not in it, and the
    gateway does not wait. What is remembered of purged devices is in the same file. The registry
    is copied too, sealed as it is: its key is not in it.

    Raises:
        SettingsError: There is no journal, or the folder is there already, is inside the data
            folder, or cannot be made.
        JournalError: The copy cannot be written, or its chain is broken.
    """
    next(read_rows(data_dir), None)  # says what is wrong with the folder
    if out.exists():
        raise SettingsError(f"{out} is there already; give --out a new folder")
    if out.resolve().is_relative_to(data_dir.resolve()):
        raise SettingsError(
            f"{out} is inside the data folder, and would be lost with it; give --out another place"
        )
    part = out.with_name(f"{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # of an earlier try that was cut off
        make_private_folder(part)
        make_private_file(part / FILE_NAME)
    except OSError as error:
        raise SettingsError(f"{part} cannot be made ({error.strerror}); give another --out") from (
            error
        )
    try:
        _copy(data_dir / FILE_NAME, part / FILE_NAME)
        if (data_dir / DEVICES_NAME).is_file():
            # After the journal: what is newer than that is written down again.
            make_private_file(part / DEVICES_NAME)
            _copy(data_dir / DEVICES_NAME, part / DEVICES_NAME)
            _sync(part / DEVICES_NAME)
        report = verify_journal(part)
        if report.fault is not None:
            raise JournalError(
                f"the copy of {data_dir} is broken after {report.records} good records "
                f"({report.fault}); run verify-journal on {data_dir}, and keep older backups"
            )
        _sync(part / FILE_NAME)
        part.rename(out)
        _sync(out.parent)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"{part} cannot be written ({error}); make room and try again") from (
            error
        )
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return report


def _copy(source: Path, target: Path) -> None:
    """Copy all pages as of one moment: in pieces it would begin anew with every commit."""
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as journal,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        journal.backup(copy, pages=-1)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
