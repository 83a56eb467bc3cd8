"""The command line of the gateway."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from alarm_gateway import devices_cli, evidence_cli
from alarm_gateway.adapters.backup import back_up
from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.policy_file import running_policy
from alarm_gateway.adapters.retention import plan_for, read_states, report_of
from alarm_gateway.adapters.retention import purge as purge_journal
from alarm_gateway.adapters.retention import verify_journal as check_journal
from alarm_gateway.adapters.spool import lay, maintenance_command
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import GatewayError, NewerRowError, SettingsError
from alarm_gateway.evidence.facts import facts_of
from alarm_gateway.evidence.norms_report import norms_report, norms_table
from alarm_gateway.evidence.times import before, iso_time, moment_of
from alarm_gateway.reports import (
    alarm_states,
    alarm_table,
    hash_of_row,
    head_fault,
    history_table,
    kept_head,
    quarantine_table,
)
from alarm_gateway.running import run_gateway
from alarm_gateway.settings import read_settings
from alarm_gateway.stopping import stop
from alarm_protocol.runtime import logs
from alarm_protocol.runtime.clock import monotonic_s, now_ms, pause
from alarm_protocol.runtime.command_line import offer_version, run_app
from alarm_protocol.runtime.loop import run_async
from alarm_protocol.runtime.tls import TlsFiles
from alarm_protocol.units import TimestampMs

app = typer.Typer(
    help="The alarm gateway: checks, prioritises, journals and routes every press.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

offer_version(app, "alarm-gateway")
app.add_typer(devices_cli.cli)

COMMAND_TAKEN_S = 3.0
"""How long a command waits to see itself taken by a running gateway."""


DataDir = Annotated[Path, typer.Option("--data-dir", help="Folder of the journal.")]


@app.command()
def run(  # noqa: PLR0917 - options of a command line, given by name
    broker: Annotated[str, typer.Option(help="The broker: mqtt://host:port or mqtts://host:port.")],
    data_dir: DataDir,
    registry: Annotated[
        Path | None,
        typer.Option(help="Household file with devices and keys; imported where there is a key."),
    ] = None,
    registry_key_file: devices_cli.KeyFile = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (TOML); without it the defaults hold.")
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="CA certificate of the broker.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="The gateway's own certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of the gateway's certificate.")] = None,
    tls_supervision_cert: Annotated[
        Path | None,
        typer.Option(help="Certificate of the supervision lane, where the broker needs two."),
    ] = None,
    tls_supervision_key: Annotated[Path | None, typer.Option(help="Its key.")] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port of /metrics, /healthz and /readyz; else none."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="Address for them.")] = "127.0.0.1",
    log_level: Annotated[logs.Level, typer.Option(help="How much to log.")] = logs.Level.INFO,
) -> None:
    """Run the gateway until SIGINT or SIGTERM.

    Prints one line on standard output when it is recovered and connected; logs go to standard
    error. While the broker cannot be reached it keeps trying. Exit code 2 means that a
    setting is wrong, 1 that the journal could not be written.
    """
    try:
        logs.configure(log_level)
        settings = read_settings(
            broker,
            data_dir,
            files=TlsFiles(ca=tls_ca, certificate=tls_cert, key=tls_key),
            supervision_files=TlsFiles(
                ca=tls_ca,
                certificate=tls_supervision_cert,
                key=tls_supervision_key,
                options="--tls-supervision",
            ),
        )
        rules = running_policy(policy, now_ms())
        homes, feed = devices_cli.registry_for(data_dir, registry, registry_key_file)
        metrics = None if metrics_port is None else (metrics_host, metrics_port)
        run_async(run_gateway(settings, Engine(rules, homes), metrics, feed))
    except GatewayError as error:
        stop(error)


@app.command("verify-journal")
def verify_journal(
    data_dir: DataDir,
    row: Annotated[int | None, typer.Option(min=1, help="Print the hash of this row too.")] = None,
    expect: Annotated[
        str | None,
        typer.Option(metavar="SEQ:DIGEST", help="A head that was kept; it has to be in here."),
    ] = None,
) -> None:
    """Check the journal's hash chain; exit code 1 if a row was changed or is missing.

    Exit code 2 if all rows are whole and in their place, and a newer version wrote some of them.
    Rows that were purged are counted: their content is gone, their place is proven. The chain
    alone cannot show that rows were cut off its end: the newest snapshot's row is compared too,
    and with --expect a head that was kept somewhere else, as this command prints it.
    """
    try:
        kept = None if expect is None else kept_head(expect)
        report = check_journal(data_dir)
        fault = report.fault or head_fault(data_dir, report, kept)
        found = None if row is None else hash_of_row(data_dir, row)
    except GatewayError as error:
        stop(error)
    if fault is not None:
        sys.stderr.write(
            f"alarm-gateway: journal in {data_dir} is broken after {report.records} good records: "
            f"{fault}\n"
        )
        raise typer.Exit(1)
    if report.newer is not None:
        stop(
            NewerRowError(
                f"all {report.records} rows are linked (last hash {report.last_hash.hex()}), but "
                f"cannot be judged here: {report.newer}"
            )
        )
    purged = f", {report.purged} of them purged" if report.purged else ""
    sys.stdout.write(
        f"journal ok: {report.records} records{purged}, last hash {report.last_hash.hex()}\n"
        f"head {report.records}:{report.last_hash.hex()} (keep this line where nobody can "
        "change it who can write here; --expect compares)\n"
    )
    if found is not None:
        sys.stdout.write(f"row {row}: hash {found}\n")


@app.command()
def backup(
    data_dir: DataDir,
    out: Annotated[Path, typer.Option(help="A new folder for the copy; a data folder too.")],
) -> None:
    """Copy the journal, also while a gateway writes it, and check the copy.

    The folder is whole and verified, or not there. Its head is printed: keep that line apart
    from the copy. To restore, put the folder where the data folder was, and start the gateway.
    """
    try:
        report = back_up(data_dir, out)
    except GatewayError as error:
        stop(error)
    sys.stdout.write(
        f"backup of {report.records} records in {out}\n"
        f"head {report.records}:{report.last_hash.hex()}\n"
    )


@app.command()
def show(
    data_dir: DataDir,
    alarm_id: Annotated[str | None, typer.Argument(help="One alarm; all of them without.")] = None,
    *,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="Messages that could not be read, instead.")
    ] = False,
) -> None:
    """Show the alarms in the journal, or the whole history of one."""
    try:
        if quarantined:
            table = quarantine_table(read_rows(data_dir))
        elif alarm_id is None:
            table = alarm_table(alarm_states(read_rows(data_dir), read_states(data_dir)))
        else:
            rows = list(read_rows(data_dir, alarm_id))
            if not rows:
                raise SettingsError(
                    f"there is no alarm {alarm_id} in {data_dir}; "
                    "`alarm-gateway show` without an id lists them"
                )
            table = history_table(alarm_id, rows)
    except GatewayError as error:
        stop(error)
    console = Console()
    console.width = max(console.width, 100)
    console.print(table)


app.command()(evidence_cli.explain)
app.command()(evidence_cli.export)
app.command()(evidence_cli.share)


@app.command()
def purge(
    data_dir: DataDir,
    older_than: Annotated[str, typer.Option(help="How old: 90d, 26w or 5y.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count; also while a gateway runs.")
    ] = False,
) -> None:
    """Remove what alarms left in the journal that both agencies closed so long ago.

    Every removed row keeps its digest and hash, so the chain still verifies, and presses that
    come again are still repeats. Open alarms and younger rows stay. Stop the gateway first.
    """
    try:
        before_ms = before(now_ms(), older_than)
        if dry_run:
            report = report_of(*plan_for(data_dir, before_ms))
        else:
            report = purge_journal(data_dir, before_ms, now_ms())
    except GatewayError as error:
        stop(error)
    waiting = f"; {report.unconfirmed} wait for a console's confirmation" * bool(report.unconfirmed)
    sys.stdout.write(
        f"{'would purge' if dry_run else 'purged'} {report.rows} rows of {report.alarms} alarms "
        f"closed before {iso_time(before_ms)}; {report.kept} rows stay{waiting}\n"
    )


@app.command()
def norms(
    data_dir: DataDir,
    since: Annotated[
        str | None, typer.Option("--from", help="Start (ISO 8601; UTC without an offset).")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="End; what began then is out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure a period against the norms of the field; tests are left out and counted.

    Without a period the whole journal is measured. Works while a gateway runs.
    """
    try:
        reached_ms = now_ms()
        from_ms = TimestampMs(0) if since is None else moment_of(since)
        to_ms = TimestampMs(reached_ms + 1) if until is None else moment_of(until)
        if from_ms >= to_ms:
            raise SettingsError(f"--from {since} is not before --to {until or 'now'}")
        facts = facts_of(read_rows(data_dir), read_states(data_dir))
        if since is None:
            from_ms = TimestampMs(min(facts.first_ms, to_ms))
    except GatewayError as error:
        stop(error)
    report = norms_report(facts, from_ms, to_ms, reached_ms)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
        return
    screen = Console()
    screen.width = max(screen.width, 180)
    screen.print(norms_table(report))


@app.command()
def maintenance(
    device_id: Annotated[str, typer.Argument(help="The device somebody works on.")],
    data_dir: DataDir,
    by: Annotated[str, typer.Option(help="Who works on it.")],
    reason: Annotated[str, typer.Option(help="What is done.")],
    minutes: Annotated[
        int, typer.Option(min=0, max=10_080, help="For how long; 0 ends it now.")
    ] = 60,
) -> None:
    """Put a device in maintenance: its faults are no alarms meanwhile, its presses are.

    Works whether the gateway runs or not; a stopped one takes it at its next start.
    """
    try:
        command = maintenance_command(device_id, now_ms() + minutes * 60_000, by, reason)
        path = lay(data_dir, f"{now_ms()}-{device_id}", command)
    except GatewayError as error:
        stop(error)
    until_s = monotonic_s() + COMMAND_TAKEN_S
    while path.exists() and monotonic_s() < until_s:
        pause(0.05)
    taken = "in force" if not path.exists() else "laid down; no gateway runs here, the next will"
    sys.stdout.write(f"maintenance of {device_id} for {minutes} minutes: {taken}\n")


def main() -> None:
    """Entry point of `alarm-gateway`."""
    run_app(app, "alarm-gateway")
