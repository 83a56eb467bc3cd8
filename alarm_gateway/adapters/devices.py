"""The registry in the data folder: one row for each device, sealed, and every act that changed it.

The commands write here, also while a gateway runs; the gateway reads the acts that its journal
does not have yet, writes each down, and then goes by it. Content is sealed with a key that is
not in this folder; a row that was changed, or put under another device's name, does not open.
"""

import contextlib
import hmac
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
from msgspec import Struct

from alarm_gateway.adapters.devices_schema import SCHEMA
from alarm_gateway.adapters.merge import Imported, Kept
from alarm_gateway.adapters.vault import Vault
from alarm_gateway.core.errors import JournalError, SettingsError
from alarm_gateway.core.inputs import RegistryChanged
from alarm_gateway.core.records import RegistryAct
from alarm_protocol.households import Household
from alarm_protocol.runtime.private_files import make_private_file, make_private_folder
from alarm_protocol.units import DeviceId, TimestampMs

FILE_NAME = "devices.sqlite3"
FORMAT = 1
RESEALED = 2
"""The same, with a digest key of its own, which a program of format 1 would not go by."""
ACT_DEVICES_MAX = 100
"""Devices in one act: a running gateway takes one act in each beat, some 2 ms of its time."""
_CHECK = "aware registry"
_DIGEST = "aware registry digest"
_decoder = msgspec.json.Decoder(Household)

log = structlog.get_logger()


class Who(NamedTuple):
    """Who changes the registry, when, and why."""

    by: str
    reason: str
    at_ms: TimestampMs


class Listed(Struct, frozen=True, kw_only=True):
    """What may be told of a device without its key and its household."""

    device_id: DeviceId
    in_service: bool
    category: str | None
    key_number: int
    overlap_until_ms: int
    changed_ms: int


class Devices:
    """The registry's database, open for reading and changing.

    Args:
        data_dir: The gateway's data folder.
        vault: What opens and seals.
        make: Whether to make it where there is none.

    Raises:
        SettingsError: It is not there, cannot be used, or is sealed with another key.
    """

    def __init__(self, data_dir: Path, vault: Vault, *, make: bool = False) -> None:
        self.path = data_dir / FILE_NAME
        self._vault = vault
        self._digest_key = vault.digest_key
        if not make and not self.path.is_file():
            raise SettingsError(
                f"there is no registry in {data_dir} ({FILE_NAME} is missing); "
                "`alarm-gateway devices import` makes one"
            )
        try:
            if make:
                make_private_folder(data_dir)
                make_private_file(self.path)
            self._connection = sqlite3.connect(self.path, isolation_level=None, timeout=10)
            self._open()
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be made ({error.strerror})") from error
        except (sqlite3.Error, UnicodeError) as error:
            raise SettingsError(
                f"{self.path} cannot be used as a registry ({error}); restore it from a backup"
            ) from error

    def _open(self) -> None:
        connection = self._connection
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found not in (0, FORMAT, RESEALED):
            raise SettingsError(f"{self.path} has format {found}; this program knows {RESEALED}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(SCHEMA)
        if not found:
            connection.execute(f"PRAGMA user_version={FORMAT}")
        sealed = self._vault.seal(_CHECK, b"")
        connection.execute("INSERT OR IGNORE INTO sealed_check VALUES (1, ?)", (sealed,))
        self.check_key()
        row = connection.execute("SELECT sealed FROM digest_key").fetchone()
        if row is not None:
            self._digest_key = self._content(_DIGEST, row[0])

    def check_key(self) -> None:
        """Refuse a key that is not, or no more, the one that the registry is sealed with.

        Raises:
            SettingsError: It is another.
        """
        (sealed,) = self._connection.execute("SELECT sealed FROM sealed_check").fetchone()
        if self._vault.open(_CHECK, sealed) is None:
            raise SettingsError(f"{self.path} is sealed with another key than the one given")

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()

    # -- reading ------------------------------------------------------------------------

    def households(self, devices: Iterable[str] | None = None) -> dict[DeviceId, Household]:
        """Open these devices, or all of them.

        Raises:
            SettingsError: A row does not open: it was changed by somebody without the key.
        """
        query = "SELECT device_id, sealed FROM devices"
        if devices is None:
            rows = self._connection.execute(query + " ORDER BY device_id")
        else:
            query += " WHERE device_id IN (SELECT value FROM json_each(?)) ORDER BY device_id"
            rows = self._connection.execute(query, (json.dumps(list(devices)),))
        return {DeviceId(name): self._unsealed(name, sealed) for name, sealed in rows}

    def _unsealed(self, device_id: str, sealed: bytes) -> Household:
        return _decoder.decode(self._content(device_id, sealed))

    def _content(self, name: str, sealed: bytes) -> bytes:
        content = self._vault.open(name, sealed)
        if content is None:
            what = "it says of imports" if name == _DIGEST else f"is kept of device {name}"
            raise SettingsError(
                f"{self.path}: what {what} was changed by somebody without the key; "
                "restore the registry from a backup"
            )
        return content

    def get(self, device_id: str) -> Household:
        """Open one device.

        Raises:
            SettingsError: It is not registered.
        """
        found = self.households([device_id]).get(DeviceId(device_id))
        if found is None:
            raise SettingsError(
                f"device {device_id[:64]} is not registered; `alarm-gateway devices list` has them"
            )
        return found

    def listed(self) -> Iterator[Listed]:
        """Return every device, without its key and its household."""
        query = (
            "SELECT device_id, in_service, category, key_number, overlap_until_ms, changed_ms "
            "FROM devices ORDER BY device_id"
        )
        for row in self._connection.execute(query):
            named = dict(zip(Listed.__struct_fields__, row, strict=True))
            yield msgspec.convert(named, Listed, strict=False)

    def acts_after(self, number: int) -> RegistryChanged | None:
        """Return the next act after this one, with what the registry says now; None: no more."""
        query = (
            "SELECT number, act, by, reason, devices, coalesce(keys, '[]'), "
            "coalesce(services, '[]') FROM acts LEFT JOIN acts_kept USING (number) "
            "WHERE number > ? ORDER BY number LIMIT 1"
        )
        row = self._connection.execute(query, (number,)).fetchone()
        if row is None:
            return None
        found, act, by, reason = row[:4]
        devices, keys, services = (tuple(json.loads(names)) for names in row[4:])
        return RegistryChanged(
            number=found,
            act=act,
            by=by,
            reason=reason,
            households=tuple(self.households(devices).values()),
            kept_keys=keys,
            kept_services=services,
        )

    # -- changing -----------------------------------------------------------------------

    def put(self, household: Household, act: RegistryAct, who: Who) -> int:
        """Write one device anew, and the act; return the act's number."""
        with self._transaction():
            if act in {"added", "key_rotated"}:
                self._refuse_shared_keys([household])
            self._write(household, who)
            return self._note([household.device_id], act, who)

    def add(self, household: Household, who: Who) -> int:
        """Write a device that is not there yet; return the act's number.

        Raises:
            SettingsError: It is there.
        """
        if self.households([household.device_id]):
            raise SettingsError(
                f"device {household.device_id} is registered already; "
                "`alarm-gateway devices import` changes it"
            )
        return self.put(household, "added", who)

    def take(
        self,
        households: Iterable[Household],
        who: Who,
        kept: Kept | None = None,
        *,
        once: bool = False,
    ) -> Imported:
        """Import devices: all of them, or none where something fails.

        Of a device that is known, its home is imported: its keys and its service stay.

        Args:
            households: What the file says.
            who: Who imports it.
            kept: Gets the devices of which the file said something else.
            once: What was imported at any time before is no news, so that a file at the start
                undoes no correction.
        """
        kept = Kept() if kept is None else kept
        added: list[DeviceId] = []
        changed: list[DeviceId] = []
        same = number = 0
        with self._transaction():
            given = {home.device_id: home for home in households}
            known = self.households(given)
            self._remember_last_imports()
            for name, household in given.items():
                digest = hmac.digest(self._digest_key, msgspec.json.encode(household), "sha256")
                before = known.get(name)
                home = household if before is None else kept.merge(before, household)
                is_news = self._remember_import(name, digest)
                if home == before or (once and before is not None and not is_news):
                    same += 1
                    continue
                (added if before is None else changed).append(name)
                self._write(home, who, digest)
            self._refuse_shared_keys([given[name] for name in added])
            news = [*added, *changed]
            for start in range(0, len(news), ACT_DEVICES_MAX):
                number = self._note(news[start : start + ACT_DEVICES_MAX], "imported", who, kept)
            (count,) = self._connection.execute("SELECT count(*) FROM devices").fetchone()
        return Imported(len(added), len(changed), same, count - len(given), number)

    def _refuse_shared_keys(self, news: list[Household]) -> None:
        """Refuse a new device, or a device's new key, where another device has that key."""
        if not news:
            return
        owners = {home.device_key_hex: home.device_id for home in news}
        for name, home in self.households().items():
            if owners.get(home.device_key_hex, name) != name:
                raise SettingsError(
                    f"a key is that of {name} in the registry, and each device has its own; "
                    "nothing changed"
                )

    def _remember_last_imports(self) -> None:
        """Note each device's last import, which an earlier program did not."""
        self._connection.execute(
            "INSERT OR IGNORE INTO imported_before "
            "SELECT device_id, imported FROM devices WHERE imported IS NOT NULL"
        )

    def _remember_import(self, name: str, digest: bytes) -> bool:
        """Note what a file says of a device; return whether no file said so before."""
        query = "INSERT OR IGNORE INTO imported_before VALUES (?, ?)"
        return self._connection.execute(query, (name, digest)).rowcount > 0

    def reseal(self, vault: Vault, who: Who) -> int:
        """Seal everything with another key, and write the act; return how many devices there are.

        All of it, or nothing where a row does not open. Imports are told from repetitions by the
        digest key of before, which is sealed with the new key: with another one, the file of last
        year would be news, and undo revocations.

        Raises:
            SettingsError: It is this key already, or a row was changed by somebody without the key.
            JournalError: It cannot be written.
        """
        connection = self._connection
        with self._transaction():
            (check,) = connection.execute("SELECT sealed FROM sealed_check").fetchone()
            if vault.open(_CHECK, check) is not None:
                raise SettingsError(f"{self.path} is sealed with this key already")
            rows = connection.execute("SELECT device_id, sealed FROM devices").fetchall()
            connection.executemany(
                "UPDATE devices SET sealed = ? WHERE device_id = ?",
                [(vault.seal(name, self._content(name, sealed)), name) for name, sealed in rows],
            )
            connection.execute("UPDATE sealed_check SET sealed = ?", (vault.seal(_CHECK, b""),))
            digest_key = vault.seal(_DIGEST, self._digest_key)
            connection.execute("INSERT OR REPLACE INTO digest_key VALUES (1, ?)", (digest_key,))
            self._note([], "resealed", who)
            connection.execute(f"PRAGMA user_version={RESEALED}")
        self._vault = vault
        try:
            # Rows that were written over lie about in the file until it is written anew.
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise JournalError(
                f"{self.path} is sealed with the new key, and remains that the old one opens could "
                f"not be removed ({error}); make room, and seal it with a third key"
            ) from error
        return len(rows)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self.check_key()  # somebody may have sealed it anew since it was opened
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise JournalError(f"{self.path} cannot be written ({error}); nothing changed") from (
                error
            )

    def _write(self, household: Household, who: Who, imported: bytes | None = None) -> None:
        name = household.device_id
        query = "SELECT sealed, key_number, imported FROM devices WHERE device_id = ?"
        row = self._connection.execute(query, (name,)).fetchone()
        key_number, before = 1, None
        if row is not None:
            same_key = self._unsealed(name, row[0]).device_key_hex == household.device_key_hex
            key_number, before = row[1] + (not same_key), row[2]
        self._connection.execute(
            "INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                name,
                int(household.in_service),
                household.category,
                key_number,
                household.previous_key_until_ms,
                who.at_ms,
                imported or before,
                self._vault.seal(name, msgspec.json.encode(household)),
            ),
        )

    def _note(
        self, devices: list[DeviceId], act: RegistryAct, who: Who, kept: Kept | None = None
    ) -> int:
        cursor = self._connection.execute(
            "INSERT INTO acts (at_ms, act, by, reason, devices) VALUES (?, ?, ?, ?, ?)",
            (who.at_ms, act, who.by, who.reason, json.dumps(devices)),
        )
        number = int(cursor.lastrowid or 0)
        if kept is not None:
            names = set(devices)
            lists = [[one for one in of if one in names] for of in (kept.keys, kept.services)]
            if any(lists):
                row = (number, *(json.dumps(one) for one in lists))
                self._connection.execute("INSERT OR REPLACE INTO acts_kept VALUES (?, ?, ?)", row)
        return number

    def wait_for_no_lock(self) -> None:
        """Fail at once where somebody holds the file: presses are taken on the same thread."""
        self._connection.execute("PRAGMA busy_timeout=0")

    def follow(self, number: int) -> None:
        """Number the next act above this one: the registry may be older than the journal."""
        (last,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM acts").fetchone()
        if last >= number:
            return
        log.warning("the registry is older than the journal", acts=last, in_journal=number)
        with self._transaction():
            self._connection.execute("DELETE FROM sqlite_sequence WHERE name = 'acts'")
            self._connection.execute("INSERT INTO sqlite_sequence VALUES ('acts', ?)", (number,))
