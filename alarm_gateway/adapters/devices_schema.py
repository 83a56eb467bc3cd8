"""The tables of the registry. What a table of a later version holds, an earlier one leaves be."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS sealed_check (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS digest_key (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS devices (
    device_id TEXT PRIMARY KEY,
    in_service INTEGER NOT NULL,
    category TEXT,
    key_number INTEGER NOT NULL,
    overlap_until_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    imported BLOB,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS acts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    act TEXT NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    devices TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS acts_kept (
    number INTEGER PRIMARY KEY,
    keys TEXT NOT NULL,
    services TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS imported_before (
    device_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (device_id, digest)
) STRICT, WITHOUT ROWID;
"""
