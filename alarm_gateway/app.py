"""The command line of the gateway."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from alarm_gateway.adapters.chain import record_of, verify_chain
from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.policy_file import running_policy
from alarm_gateway.adapters.press_file import read_press
from alarm_gateway.adapters.registry import read_registry
from alarm_gateway.adapters.spool import lay, maintenance_command
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import GatewayError, SettingsError
from alarm_gateway.explain import explain as explain_press
from alarm_gateway.explain import explanation_table, state_from
from alarm_gateway.pump import Pump
from alarm_gateway.reports import alarm_states, alarm_table, history_table
from alarm_gateway.settings import Settings, read_settings
from alarm_protocol.runtime import logs
from alarm_protocol.runtime.clock import monotonic_s, now_ms, pause
from alarm_protocol.runtime.loop import run_async

app = typer.Typer(
    help="The alarm gateway: checks, prioritises, journals and routes every press.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

COMMAND_TAKEN_S = 3.0
"""How long a command waits to see itself taken by a running gateway."""

DataDir = Annotated[Path, typer.Option("--data-dir", help="Folder of the journal.")]


def _stop(error: GatewayError) -> NoReturn:
    """End with one line for a person: 2 for what was asked wrongly, 1 for what went wrong."""
    sys.stderr.write(f"alarm-gateway: {error}\n")
    raise typer.Exit(2 if isinstance(error, SettingsError) else 1)


@app.command()
def run(  # noqa: PLR0917 - options of a command line, given by name
    broker: Annotated[str, typer.Option(help="The broker: mqtt://host:port or mqtts://host:port.")],
    data_dir: DataDir,
    registry: Annotated[Path, typer.Option(help="Household file with every device and its key.")],
    policy: Annotated[
        Path | None, typer.Option(help="Policy file (TOML); without it the defaults hold.")
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="CA certificate of the broker.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="The gateway's own certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of the gateway's certificate.")] = None,
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
            broker, data_dir, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key
        )
        engine = Engine(running_policy(policy, now_ms()), read_registry(registry))
        run_async(_run(settings, engine))
    except GatewayError as error:
        _stop(error)


async def _run(settings: Settings, engine: Engine) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def ready() -> None:
        sys.stdout.write(f"ready alarm-gateway broker={settings.broker} data={settings.data_dir}\n")
        sys.stdout.flush()

    await Pump(settings, engine, ready).run(stop)


@app.command("verify-journal")
def verify_journal(data_dir: DataDir) -> None:
    """Check the journal's hash chain; exit code 1 if a row was changed or is missing."""
    try:
        report = verify_chain(read_rows(data_dir))
    except GatewayError as error:
        _stop(error)
    if report.fault is not None:
        sys.stderr.write(
            f"alarm-gateway: journal in {data_dir} is broken after {report.records} good records: "
            f"{report.fault}\n"
        )
        raise typer.Exit(1)
    sys.stdout.write(f"journal ok: {report.records} records, last hash {report.last_hash.hex()}\n")


@app.command()
def show(
    data_dir: DataDir,
    alarm_id: Annotated[str | None, typer.Argument(help="One alarm; all of them without.")] = None,
) -> None:
    """Show the alarms in the journal, or the whole history of one."""
    try:
        if alarm_id is None:
            table = alarm_table(alarm_states(read_rows(data_dir)))
        else:
            rows = list(read_rows(data_dir, alarm_id))
            if not rows:
                raise SettingsError(
                    f"there is no alarm {alarm_id} in {data_dir}; "
                    "`alarm-gateway show` without an id lists them"
                )
            table = history_table(alarm_id, rows)
    except GatewayError as error:
        _stop(error)
    console = Console()
    console.width = max(console.width, 100)
    console.print(table)


@app.command()
def explain(
    press: Annotated[Path, typer.Option(help="File with the bytes of one press; - reads stdin.")],
    registry: Annotated[Path, typer.Option(help="Household file with every device and its key.")],
    policy: Annotated[Path | None, typer.Option(help="Policy file (TOML).")] = None,
    topic: Annotated[
        str | None, typer.Option(help="Topic it came on; without it that of the device it names.")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of a journal whose history counts.")
    ] = None,
) -> None:
    """Tell what the gateway would make of a press, and why; nothing is run or written."""
    try:
        rules, homes = running_policy(policy, now_ms()), read_registry(registry)
        signed, device_id = read_press(press, topic)
        rows = [] if data_dir is None else read_rows(data_dir)
        records = [record_of(row) for row in rows if row.device_id == device_id]
        state = state_from(device_id, records)
        home = homes.get(device_id)
        explanation = explain_press(signed, state, home, now_ms(), rules)
    except GatewayError as error:
        _stop(error)
    Console().print(explanation_table(explanation, rules))


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
        _stop(error)
    until_s = monotonic_s() + COMMAND_TAKEN_S
    while path.exists() and monotonic_s() < until_s:
        pause(0.05)
    taken = "in force" if not path.exists() else "laid down; no gateway runs here, the next will"
    sys.stdout.write(f"maintenance of {device_id} for {minutes} minutes: {taken}\n")


def main() -> None:
    """Entry point of `alarm-gateway`."""
    app()
