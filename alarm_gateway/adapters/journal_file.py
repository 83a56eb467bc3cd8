"""What the journal does with its file besides appending: read it with care, give it room."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from alarm_gateway.adapters.chain import Row, link_fault
from alarm_gateway.core.errors import JournalError

RESERVED_BYTES = 8 * 1024 * 1024


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Name a damaged file for what it is, wherever the damage shows.

    Raises:
        JournalError: What is done inside met it.
    """
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:  # the latter where a text is no longer one
        raise JournalError(f"{path} cannot be read ({error}); restore it from a backup") from error


def checked(rows: Iterable[Row], seq: int, previous: bytes, path: Path) -> Iterator[Row]:
    """Hand rows on, and check that each is linked to the one before.

    Args:
        rows: What stands in the journal after a row.
        seq: The number of that row.
        previous: Its hash.
        path: The file, to name it.

    Raises:
        JournalError: A row was changed, or is missing.
    """
    for row in rows:
        seq += 1
        fault = link_fault(row, seq, previous)
        if fault is not None:
            raise JournalError(
                f"{path} is broken ({fault}); keep this folder as it is, and start with a copy "
                "from before, or with another --data-dir"
            )
        previous = row.hash
        yield row


def reserve(connection: sqlite3.Connection) -> None:
    """Let the log take its room now: an fsync is faster on a file that does not grow.

    Pages of a transaction larger than the cache go to the log before it ends; rolled back,
    they are nothing but room.
    """
    connection.execute("PRAGMA cache_size=16")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE reserve (room BLOB)")
    connection.execute("INSERT INTO reserve VALUES (zeroblob(?))", (RESERVED_BYTES,))
    connection.execute("ROLLBACK")
    connection.execute("PRAGMA cache_size=-8000")
