"""`alarm-gateway devices`: who has a button, with which key, and who changed that."""

import os
import re
import secrets
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alarm_gateway.adapters.chain import record_of
from alarm_gateway.adapters.device_feed import Opened, journalled_number, open_registry
from alarm_gateway.adapters.devices import FILE_NAME as DEVICES_NAME
from alarm_gateway.adapters.devices import Devices, Who
from alarm_gateway.adapters.import_file import read_import
from alarm_gateway.adapters.journal import FILE_NAME as JOURNAL_NAME
from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.lock import FolderLock
from alarm_gateway.adapters.merge import Kept
from alarm_gateway.adapters.registry import WEAK, is_weak, read_registry
from alarm_gateway.adapters.vault import needed_vault, new_vault, read_vault
from alarm_gateway.core.errors import GatewayError, SettingsError
from alarm_gateway.core.records import REGISTRY, DevicesChanged, HomeChanged, RegistryAct
from alarm_gateway.reports import when
from alarm_gateway.stopping import stop
from alarm_protocol.households import Household, KeyHex
from alarm_protocol.runtime.clock import monotonic_s, now_ms, pause
from alarm_protocol.runtime.private_files import open_private
from alarm_protocol.units import DeviceId, NoteText, ShortText, TimestampMs

cli = typer.Typer(
    name="devices",
    help="The registry: devices, their keys, and who changed what.",
    no_args_is_help=True,
)

TAKEN_S = 3.0
"""How long a command waits for a running gateway to take the next act of it."""
KEY_BYTES = 32

DataDir = Annotated[Path, typer.Option("--data-dir", help="The gateway's data folder.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--registry-key-file", help="File with the registry's key; else AWARE_REGISTRY_KEY[_FILE]."
    ),
]
By = Annotated[str, typer.Option(help="Who does this.")]
Reason = Annotated[str, typer.Option(help="Why.")]
DeviceName = Annotated[str, typer.Argument(help="The device.")]
KeyIn = Annotated[
    Path | None, typer.Option("--key-file", help="File with the device's new key, in hexadecimal.")
]
KeyOut = Annotated[
    Path | None, typer.Option("--key-out", help="New file for a new key, made here; yours alone.")
]


@cli.command("import")
def import_devices(
    file: Annotated[Path, typer.Argument(help="Devices in JSON or CSV: docs/devices.md.")],
    data_dir: DataDir,
    by: By,
    reason: Reason,
    registry_key_file: KeyFile = None,
) -> None:
    """Import devices from a file: all of them, or none where one row is wrong.

    Of a device that is known, the home is changed: its keys stay (`rotate-key`), and so does
    whether it is in service (`revoke`, `restore`); it is said where the file has others. Devices
    that the file does not name stay. Every mistake is listed, with its row.
    """
    try:
        who = _who(by, reason)
        vault, homes = needed_vault(registry_key_file), read_import(file)
        kept = Kept()
        done = Devices(data_dir, vault, make=True).take(homes, who, kept)
        said = _in_force(data_dir, done.number)
    except GatewayError as error:
        stop(error)
    sys.stdout.write(
        f"imported {file}: {done.added} added, {done.changed} changed, {done.same} as before, "
        f"{done.absent} not named and kept: {said}\n{kept.told()}"
    )


@cli.command()
def add(
    file: Annotated[Path, typer.Argument(help="JSON or CSV file with one device.")],
    data_dir: DataDir,
    by: By,
    reason: Reason,
    registry_key_file: KeyFile = None,
) -> None:
    """Add one device that is not there yet."""
    try:
        who = _who(by, reason)
        homes = read_import(file)
        if len(homes) != 1:
            raise SettingsError(f"{file} holds {len(homes)} devices; `devices import` takes many")
        vault = needed_vault(registry_key_file)
        number = Devices(data_dir, vault, make=True).add(homes[0], who)
        said = _in_force(data_dir, number)
    except GatewayError as error:
        stop(error)
    sys.stdout.write(f"device {homes[0].device_id} added: {said}\n")


def _serve(devices: Devices, device_id: str, who: Who, *, to_serve: bool) -> int:
    """Take a device into service or out of it; return the act's number.

    Raises:
        SettingsError: There is no such device, or it is so already.
    """
    household = devices.get(device_id)
    if household.in_service == to_serve:
        raise SettingsError(
            f"device {device_id} is {'in' if to_serve else 'out of'} service already"
        )
    act: RegistryAct = "restored" if to_serve else "revoked"
    return devices.put(replace(household, in_service=to_serve), act, who)


@cli.command()
def revoke(
    device_id: DeviceName,
    data_dir: DataDir,
    by: By,
    reason: Reason,
    registry_key_file: KeyFile = None,
) -> None:
    """Take a device out of service: it is watched no more, and doubted when it presses.

    Its presses are alarms all the same, with the doubt `device_out_of_service`.
    """
    try:
        who = _who(by, reason)
        devices = Devices(data_dir, needed_vault(registry_key_file))
        said = _in_force(data_dir, _serve(devices, device_id, who, to_serve=False))
    except GatewayError as error:
        stop(error)
    sys.stdout.write(f"device {device_id} revoked: {said}\n")


@cli.command()
def restore(
    device_id: DeviceName,
    data_dir: DataDir,
    by: By,
    reason: Reason,
    registry_key_file: KeyFile = None,
) -> None:
    """Take a device that was revoked back into service, with the key that it had.

    Where somebody else had the button in hand, give it a new key too: `rotate-key --overlap 0`.
    """
    try:
        who = _who(by, reason)
        devices = Devices(data_dir, needed_vault(registry_key_file))
        said = _in_force(data_dir, _serve(devices, device_id, who, to_serve=True))
    except GatewayError as error:
        stop(error)
    sys.stdout.write(f"device {device_id} is in service again: {said}\n")


@cli.command("rotate-key")
def rotate_key(  # noqa: PLR0917 - options of a command line, given by name
    device_id: DeviceName,
    data_dir: DataDir,
    by: By,
    reason: Reason,
    overlap: Annotated[
        str, typer.Option(help="How long the old key is good too: 30m, 12h or 7d; 0 is not at all.")
    ] = "7d",
    key_file: KeyIn = None,
    key_out: KeyOut = None,
    registry_key_file: KeyFile = None,
) -> None:
    """Give a device a new key; for a while the old one is good as well.

    Neither key is ever printed. A key that leaked gets --overlap 0.
    """
    try:
        who = _who(by, reason)
        overlap_ms = _overlap_ms(overlap)
        devices = Devices(data_dir, needed_vault(registry_key_file))
        household = devices.get(device_id)
        key = _new_key(key_file, key_out)
        if key == household.device_key_hex:
            raise SettingsError(f"device {household.device_id} has this key already")
        if is_weak(key):
            raise SettingsError(f"--key-file {key_file}: {WEAK}")
        changed = replace(
            household,
            device_key_hex=key,
            previous_key_hex=household.device_key_hex if overlap_ms else None,
            previous_key_until_ms=TimestampMs(who.at_ms + overlap_ms if overlap_ms else 0),
        )
        said = _in_force(data_dir, devices.put(changed, "key_rotated", who))
    except GatewayError as error:
        stop(error)
    until = when(changed.previous_key_until_ms) if overlap_ms else "now"
    sys.stdout.write(f"device {device_id} has a new key, the old one ends {until}: {said}\n")


@cli.command()
def reseal(
    data_dir: DataDir,
    by: By,
    reason: Reason,
    new_key_file: Annotated[
        Path, typer.Option("--new-key-file", help="File with the registry's new key.")
    ],
    registry_key_file: KeyFile = None,
) -> None:
    """Seal the registry with another key; the old one opens nothing any more.

    Stop the gateway first, and start it with the new key: it writes into the journal who did this
    and why. All of it is sealed anew, or nothing. Backups made before open with the old key only.
    """
    try:
        who = _who(by, reason)
        devices = Devices(data_dir, needed_vault(registry_key_file))
        vault = new_vault(new_key_file, "--new-key-file")
        lock = FolderLock(data_dir)
        try:
            count = devices.reseal(vault, who)
        finally:
            devices.close()
            lock.release()
    except GatewayError as error:
        stop(error)
    sys.stdout.write(
        f"{count} devices are sealed with the key in {new_key_file}: give that to the gateway, and "
        "start it; the old key opens only backups made before\n"
    )


@cli.command("list")
def list_devices(data_dir: DataDir, registry_key_file: KeyFile = None) -> None:
    """List every device, without keys and without homes."""
    try:
        devices = list(Devices(data_dir, needed_vault(registry_key_file)).listed())
    except GatewayError as error:
        stop(error)
    table = Table(title=f"{len(devices)} devices", title_justify="left")
    for name in ("device", "in service", "category", "key", "old key until", "changed"):
        table.add_column(name, overflow="fold")
    for one in devices:
        overlap = when(one.overlap_until_ms) if one.overlap_until_ms > now_ms() else ""
        state = "yes" if one.in_service else "revoked"
        key = f"number {one.key_number}"
        cells = (one.device_id, state, one.category or "", key, overlap, when(one.changed_ms))
        table.add_row(*cells)
    _print(table)


@cli.command()
def show(device_id: DeviceName, data_dir: DataDir, registry_key_file: KeyFile = None) -> None:
    """Show one device, and from the journal who changed it when and why."""
    try:
        household = Devices(data_dir, needed_vault(registry_key_file)).get(device_id)
        table = _history(data_dir, household)
    except GatewayError as error:
        stop(error)
    _print(table)


def registry_for(data_dir: Path, file: Path | None, key_file: Path | None) -> Opened:
    """Open the registry for a gateway; the devices of the file are imported first.

    Raises:
        SettingsError: There are no devices, or the file or the registry cannot be used.
    """
    given = None if file is None else read_registry(file)
    who = Who("alarm-gateway run", "registry file at the start", now_ms())
    return open_registry(data_dir, read_vault(key_file), given, who)


def household_of(
    device_id: DeviceId, data_dir: Path | None, file: Path | None, key_file: Path | None
) -> Household | None:
    """Return what is registered of a device: in the file, where one is given, else in the folder.

    Raises:
        SettingsError: There is neither, or it cannot be read.
    """
    if file is not None:
        return read_registry(file).get(device_id)
    vault = read_vault(key_file)
    if vault is None or data_dir is None or not (data_dir / DEVICES_NAME).is_file():
        raise SettingsError(
            "nothing says whose device this is: give --registry with a household file, or "
            "--data-dir and --registry-key-file for the registry of a gateway"
        )
    devices = Devices(data_dir, vault)
    try:
        return devices.households([device_id]).get(device_id)
    finally:
        devices.close()


def _history(data_dir: Path, household: Household) -> Table:
    """Draw the acts in the journal that named a device."""
    state = "in service" if household.in_service else "out of service"
    table = Table(title=f"device {household.device_id}, {state}", title_justify="left")
    for name in ("record", "time", "what", "by", "why"):
        table.add_column(name, overflow="fold")
    rows = read_rows(data_dir) if (data_dir / JOURNAL_NAME).is_file() else ()
    for row in rows:
        if row.purged or row.device_id not in (REGISTRY, household.device_id):
            continue
        event = record_of(row).event
        if isinstance(event, DevicesChanged) and (
            household.device_id in event.devices or event.act == "resealed"
        ):
            kept = household.device_id in (*event.kept_keys, *event.kept_services)
            said = (event.act + " (key or service kept)" * kept, event.by, event.reason)
        elif isinstance(event, HomeChanged):
            said = (event.act, "", f"shown in alarm {row.alarm_id}")
        else:
            continue
        table.add_row(str(row.seq), when(row.at_ms), *(escape(one) for one in said))
    return table


def _print(table: Table) -> None:
    console = Console()
    console.width = max(console.width, 100)
    console.print(table)


def _who(by: str, reason: str) -> Who:
    for option, text, kind in (("--by", by, ShortText), ("--reason", reason, NoteText)):
        try:
            msgspec.convert(text, kind)
        except msgspec.ValidationError as error:
            allowed = "one line of 1 to 80" if option == "--by" else "1 to 500"
            raise SettingsError(f"{option} cannot be used; give {allowed} characters") from error
    return Who(by, reason, now_ms())


def _overlap_ms(text: str) -> int:
    if text == "0":
        return 0
    match = re.fullmatch(r"([1-9][0-9]{0,3})([mhd])", text.strip())
    if match is None:
        raise SettingsError(f"--overlap {text[:20]!r} is no length of time; give 0, 30m, 12h or 7d")
    return int(match[1]) * {"m": 60_000, "h": 3_600_000, "d": 86_400_000}[match[2]]


def _new_key(given: Path | None, out: Path | None) -> str:
    """Read the new key, or make one and write it for whoever puts it into the device."""
    if (given is None) == (out is None):
        raise SettingsError(
            "give either --key-file with the new key, or --key-out for one made here"
        )
    if given is not None:
        try:
            return msgspec.convert(given.read_text("ascii").strip().lower(), KeyHex)
        except (OSError, UnicodeError, msgspec.ValidationError):
            raise SettingsError(
                f"--key-file {given} cannot be read as a key: 32 to 128 hexadecimal digits"
            ) from None
    key = secrets.token_hex(KEY_BYTES)
    try:
        with os.fdopen(open_private(str(out), os.O_WRONLY | os.O_EXCL), "w") as file:
            file.write(key + "\n")
    except OSError as error:
        raise SettingsError(
            f"--key-out {out} cannot be made ({error.strerror}); name a new file"
        ) from error
    return key


def _in_force(data_dir: Path, number: int) -> str:
    """Wait until a running gateway has journalled an act, and say how that stands."""
    if not number:
        return "nothing to do"
    reached, until_s = journalled_number(data_dir), monotonic_s() + TAKEN_S
    while reached < number and monotonic_s() < until_s:
        pause(0.05)
        before, reached = reached, journalled_number(data_dir)
        if reached > before:
            until_s = monotonic_s() + TAKEN_S
    if reached >= number:
        return "in force, and in the journal"
    return "written; no gateway that has the registry's key runs here, the next one takes it"
