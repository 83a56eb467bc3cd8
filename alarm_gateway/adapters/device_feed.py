"""The gateway's side of the registry: what it starts with, and what is changed while it runs."""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from alarm_gateway.adapters.devices import FILE_NAME, Devices, Who
from alarm_gateway.adapters.journal import FILE_NAME as JOURNAL_NAME
from alarm_gateway.adapters.merge import KEPT_SHOWN_MAX, Kept
from alarm_gateway.adapters.vault import Vault
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.inputs import RegistryChanged
from alarm_gateway.core.records import REGISTRY
from alarm_protocol.households import Household
from alarm_protocol.units import DeviceId

log = structlog.get_logger()


class Feed:
    """The gateway's side: tells it what somebody changed, one act at a time."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._broken = False

    def start(self, number: int) -> None:
        """Begin after what the journal has; from here on a lock is never waited for."""
        self._devices.check_key()  # sealed anew between the opening and the folder's lock?
        self._devices.follow(number)
        self._devices.wait_for_no_lock()

    def take(self, number: int) -> list[RegistryChanged]:
        """Return the next act after this one, if there is one.

        What cannot be read is logged once, and the gateway goes on with the registry it has: a
        broken registry is no reason to take no presses.
        """
        try:
            act = self._devices.acts_after(number)
        except (sqlite3.Error, SettingsError, msgspec.MsgspecError) as error:
            if not self._broken:
                log.error("a change of the registry cannot be read", error=str(error))  # noqa: TRY400 - one line
            self._broken = True
            return []
        self._broken = False
        return [] if act is None else [act]


def journalled_number(data_dir: Path) -> int:
    """Return up to which act a gateway has written the registry's changes into its journal."""
    path = data_dir / JOURNAL_NAME
    if not path.is_file():
        return 0
    uri = f"{path.resolve().as_uri()}?mode=ro"
    query = (
        "SELECT body FROM journal WHERE device_id = ? AND kind = ? ORDER BY version DESC LIMIT 1"
    )
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
        row = connection.execute(query, (REGISTRY, "devices_changed")).fetchone()
    return 0 if row is None else int(json.loads(row[0])["number"])


def _say_kept(kept: Kept) -> None:
    """Log where the registry file is behind the registry: it is no way to change that."""
    for names, says in (
        (kept.keys, "the registry file has other keys; those of the registry stay"),
        (kept.revoked, "devices stay out of service, whatever the registry file says"),
        (kept.serving, "devices stay in service, whatever the registry file says"),
    ):
        if names:
            log.warning(says, count=len(names), devices=names[:KEPT_SHOWN_MAX])


class Opened(NamedTuple):
    """What a gateway starts with."""

    households: dict[DeviceId, Household]
    feed: Feed | None
    """None: the registry is a file alone, and nothing changes while the gateway runs."""


def open_registry(
    data_dir: Path, vault: Vault | None, given: dict[DeviceId, Household] | None, who: Who
) -> Opened:
    """Import what the file says, where there is one, and open the registry.

    Args:
        data_dir: The gateway's data folder.
        vault: The registry's key; without it there is no registry but the file.
        given: The devices of the file.
        who: Whom to name for an import.

    Raises:
        SettingsError: There is neither a file nor a registry, or the registry's key is missing.
    """
    if vault is None:
        if (data_dir / FILE_NAME).exists():
            raise SettingsError(
                f"{data_dir} has a registry, and its key was not given: use --registry-key-file"
            )
        if given is None:
            raise SettingsError(
                "no device is known: give --registry, or --registry-key-file and a registry "
                "made by `alarm-gateway devices import`"
            )
        return Opened(given, None)
    devices = Devices(data_dir, vault, make=given is not None)
    if given is not None:
        kept = Kept()
        done = devices.take(given.values(), who, kept, once=True)
        if done.number or done.absent:
            log.info("registry file imported", **done._asdict())
        _say_kept(kept)
    return Opened(devices.households(), Feed(devices))
