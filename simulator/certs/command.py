"""The command `alarm-simulator certs`."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from alarm_protocol.units import CONSOLES, DEVICE_ID_PATTERN
from simulator.certs.authority import Authority, Use, hosts_of, normal
from simulator.core.errors import CertificateError

DEVICES_MAX = 10_000
GATEWAY = "gateway"
SUPERVISION = "gateway-supervision"
LOCAL_HOSTS = ("localhost", "127.0.0.1")
PARTS = (GATEWAY, SUPERVISION, *CONSOLES)
"""Names that the broker's access list gives rights to; all other clients are devices."""


def certs(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for all of it.")],
    devices: Annotated[
        int, typer.Option(min=0, max=DEVICES_MAX, help="Devices, aware-000001 and on.")
    ] = 10,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="Name or address of the broker; repeatable."),
    ] = None,
    days: Annotated[float, typer.Option(min=0.01, max=3_650, help="How long they hold.")] = 365,
    revoke: Annotated[
        str | None,
        typer.Option("--revoke", metavar="NAME", help="Only put NAME on the revocation list."),
    ] = None,
) -> None:
    """Make certificates for tests: a small CA, the broker, the gateway, consoles and devices.

    What is there already stays, so that it can be called again for more devices. The broker is
    localhost and 127.0.0.1 unless --host says otherwise. Keys are readable by their owner only.
    """
    if revoke is not None:
        line = revoke_one(out, revoke)
    else:
        hosts = tuple(host or LOCAL_HOSTS)
        line = make_all(out, devices, hosts, days)
        if host and (lacking := names_lacking(out, hosts)):
            line += (
                f"\n{out}/server.crt was kept and is not for {', '.join(lacking)}: for one with "
                "every --host remove that and server.key, call this again, and restart the broker"
            )
    sys.stdout.write(line + "\n")


def make_all(out: Path, devices: int, hosts: tuple[str, ...], days: float) -> str:
    """Make what is missing in a folder, and say so in one line.

    Raises:
        CertificateError: The folder cannot be read or written.
    """
    present = (out / "ca.key").exists() or (out / "ca.crt").exists()
    authority = Authority.read(out) if present else Authority.make(out)
    wanted: list[tuple[Path, Use]] = [(out / "server", "server")]
    wanted += [(out / name, "client") for name in PARTS]
    wanted += [(device_path(out, f"aware-{one:06d}"), "client") for one in range(1, devices + 1)]
    made = 0
    for path, use in wanted:
        if not _is_there(path):
            authority.issue(path, use, hosts=hosts if use == "server" else (), days=days)
            made += 1
    return (
        f"{out}: {'kept' if present else 'made'} the CA, made {made} certificates "
        f"and kept {len(wanted) - made}; {authority.revoked_count} revoked"
    )


def names_lacking(out: Path, hosts: tuple[str, ...]) -> list[str]:
    """Return those of the names and addresses that the broker's certificate is not for.

    Raises:
        CertificateError: The certificate cannot be read.
    """
    held = hosts_of(out / "server.crt")
    return [one for one in hosts if normal(one) not in held]


def revoke_one(out: Path, name: str) -> str:
    """Put one certificate on the list, and say so in one line.

    Raises:
        CertificateError: There is none of that name.
    """
    if not re.match(DEVICE_ID_PATTERN, name):
        raise CertificateError(f"--revoke {name!r} is no name of a certificate in {out}")
    authority = Authority.read(out)
    path = out / name if name in (*PARTS, "server") else device_path(out, name)
    new = authority.revoke(path)
    return (
        f"{out}/crl.pem: {name} {'is revoked' if new else 'was revoked before'}, "
        f"{authority.revoked_count} in all; give it to the broker and restart that: "
        "a SIGHUP would end no connection that stands"
    )


def device_path(out: Path, device_id: str) -> Path:
    """Return where a device's files are, without their ending."""
    return out / "devices" / device_id


def _is_there(path: Path) -> bool:
    return all(path.with_name(path.name + end).exists() for end in (".crt", ".key"))
