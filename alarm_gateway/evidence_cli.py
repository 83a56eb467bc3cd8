"""`alarm-gateway explain`, `export` and `share`: what became of a press or an alarm, and proof."""

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alarm_gateway.adapters.chain import record_of
from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.policy_file import running_policy
from alarm_gateway.adapters.press_file import read_press
from alarm_gateway.adapters.retention import read_states
from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.errors import GatewayError
from alarm_gateway.devices_cli import KeyFile, household_of
from alarm_gateway.evidence.collect import collect
from alarm_gateway.evidence.course import courses_of, write_courses
from alarm_gateway.evidence.package import write_package
from alarm_gateway.explain import explain as explain_press
from alarm_gateway.explain import explanation_table, state_from
from alarm_gateway.stopping import stop
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.units import POLICE, VEILIG_THUIS, AlarmId, TimestampMs, device_id_of

NOW_MS_MAX = 4_102_444_800_000
"""The year 2100: so far a calendar can be made."""


class Agency(Enum):
    """Who asks for evidence."""

    POLICE = POLICE
    VEILIG_THUIS = VEILIG_THUIS


DataDir = Annotated[Path, typer.Option("--data-dir", help="Folder of the journal.")]
RegistryFile = Annotated[
    Path | None,
    typer.Option("--registry", help="Household file; else the registry in the data folder."),
]


def explain(  # noqa: PLR0917 - options of a command line, given by name
    press: Annotated[Path, typer.Option(help="File with the bytes of one press; - reads stdin.")],
    registry: RegistryFile = None,
    registry_key_file: KeyFile = None,
    policy: Annotated[Path | None, typer.Option(help="Policy file (TOML).")] = None,
    topic: Annotated[
        str | None, typer.Option(help="Topic it came on; without it that of the device it names.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of a journal whose history counts.")
    ] = None,
    at_ms: Annotated[
        int | None,
        typer.Option(
            "--now-ms", min=0, max=NOW_MS_MAX, help="When it comes, in ms since 1970; else now."
        ),
    ] = None,
) -> None:
    """Tell what the gateway would make of a press, and why; nothing is run or written.

    The file holds the bytes as on the wire: a JSON object, and its signature on a second
    line. With a journal its history counts: the press may then be a repeat, or join an alarm.
    The device is that of --registry, or of the registry in the data folder, with its key.
    """
    try:
        arrived_ms = now_ms() if at_ms is None else TimestampMs(at_ms)
        rules = running_policy(policy, arrived_ms)
        signed, device_id = read_press(press, topic)
        household = household_of(device_id, data_dir, registry, registry_key_file)
        state = DeviceState(device_id=device_id)
        if data_dir is not None:
            rows = [row for row in read_rows(data_dir) if row.device_id == device_id]
            base = read_states(data_dir).get(device_id)
            state = state_from(device_id, [record_of(row) for row in rows], base)
        explanation = explain_press(signed, state, household, arrived_ms, rules)
    except GatewayError as error:
        stop(error)
    Console().print(explanation_table(explanation, rules))


def export(  # noqa: PLR0917 - options of a command line, given by name
    alarm_id: Annotated[str, typer.Argument(help="The alarm.")],
    data_dir: DataDir,
    console: Annotated[
        Agency, typer.Option(help="Who asks for it; each agency gets what it may see.")
    ],
    out: Annotated[Path, typer.Option(help="The evidence file to write (zip).")],
    registry: RegistryFile = None,
    registry_key_file: KeyFile = None,
) -> None:
    """Write the evidence on one alarm: history, records, and proof that they are unaltered.

    Works while a gateway runs. The home is that of --registry, or of the registry in the data
    folder, with its key. The file is whole or not there; the same journal and registry give the
    same bytes. `verify.py` inside checks it with nothing but Python.
    """
    try:
        device_id = device_id_of(AlarmId(alarm_id))
        collected = collect(
            read_rows(data_dir),
            AlarmId(alarm_id),
            console.value,
            household_of(device_id, data_dir, registry, registry_key_file),
            read_states(data_dir).get(device_id),
        )
        write_package(collected, out)
    except GatewayError as error:
        stop(error)
    evidence = collected.evidence
    sys.stdout.write(
        f"evidence on {alarm_id} for {console.value}: {len(evidence.records)} records, "
        f"{evidence.withheld_rows} withheld, last hash {evidence.chain.last_hash}, in {out}\n"
    )


def share(
    data_dir: DataDir,
    out: Annotated[Path, typer.Option(help="The file to write (JSON); a new one.")],
    alarm_id: Annotated[str | None, typer.Argument(help="One alarm; all of them without.")] = None,
) -> None:
    """Write the course of alarms without anybody in it, to share or to teach with.

    No name, address, id, text or time of day gets out: how long after its beginning each step
    of an alarm came, of which kind, and what the gateway made of it. Works while one runs.
    """
    try:
        courses = courses_of(read_rows(data_dir, alarm_id), alarm_id)
        write_courses(courses, out)
    except GatewayError as error:
        stop(error)
    sys.stdout.write(f"{len(courses.alarms)} alarms without anybody in them, in {out}\n")
