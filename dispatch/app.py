"""The command `dispatch-console`."""

import asyncio
import contextlib
import errno
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from aiohttp import web
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alarm_protocol.runtime import logs
from alarm_protocol.runtime.command_line import offer_version, run_app
from alarm_protocol.runtime.figures_server import serving
from alarm_protocol.runtime.loop import run_async
from alarm_protocol.runtime.service import Service
from alarm_protocol.runtime.tls import TlsFiles
from dispatch import users
from dispatch.accounts import AccountBook, SessionFile
from dispatch.core.errors import DispatchError, SettingsError
from dispatch.core.sessions import SessionLimits
from dispatch.feed import Feed
from dispatch.history import DAYS, History
from dispatch.looks import LookBook, looks_folder, read_looks
from dispatch.settings import Settings, read_settings
from dispatch.web.connections import CONNECTIONS, sweeping
from dispatch.web.desk import Desk
from dispatch.web.metrics import METRICS
from dispatch.web.server import make_app

SHUTDOWN_S = 3.0

cli = typer.Typer(
    name="dispatch-console",
    help="A control room's console in the browser: the police's or Veilig Thuis's.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
offer_version(cli, "dispatch-console")
cli.add_typer(users.cli)
TABLE_WIDTH_MIN = 110


@cli.command()
def run(
    *,
    console: Annotated[str, typer.Option(help="Whose console: police or veilig_thuis.")],
    broker: Annotated[str, typer.Option(help="mqtt://host:port, or mqtts:// for TLS.")],
    port: Annotated[int, typer.Option(help="Port of the page; 0 lets the system choose.")],
    accounts: Annotated[
        Path, typer.Option(help="File of accounts, made with: dispatch-console users add.")
    ],
    policy: Annotated[
        Path | None, typer.Option(help="Policy file with the guidance cards; else the example's.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    log_level: Annotated[logs.Level, typer.Option(help="How much to log.")] = logs.Level.INFO,
    tls_ca: Annotated[Path | None, typer.Option(help="CA file to trust for mqtts.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="This console's certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's key.")] = None,
    idle_minutes: Annotated[
        int, typer.Option(min=1, max=1_440, help="A session ends after so long without a hand.")
    ] = 60,
    session_hours: Annotated[
        int, typer.Option(min=1, max=24, help="A session ends after so long in any case.")
    ] = 12,
    behind_tls: Annotated[
        bool,
        typer.Option("--behind-tls", help="A proxy serves this page as https: cookies are Secure."),
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(help="File of closed alarms; without it beside the accounts."),
    ] = None,
    history_days: Annotated[
        int, typer.Option(min=1, max=3_653, help="A closed alarm is kept for so long.")
    ] = DAYS,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port of /metrics and /readyz; else no metrics."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="Address for them.")] = "127.0.0.1",
) -> None:
    """Serve one console until SIGINT or SIGTERM. An absent broker is waited for."""
    settings = read_settings(
        console=console,
        broker=broker,
        host=host,
        port=port,
        tls_files=TlsFiles(ca=tls_ca, certificate=tls_cert, key=tls_key),
        metrics=None if metrics_port is None else (metrics_host, metrics_port),
        policy=policy,
    )
    book = AccountBook(accounts, settings.console)
    logs.configure(log_level)
    kept = history or accounts.with_name(f"{accounts.name}.history")
    feed = Feed(settings, History(kept, days=history_days))
    limits = SessionLimits(idle_ms=idle_minutes * 60_000, absolute_ms=session_hours * 3_600_000)
    looks = LookBook(looks_folder(accounts), settings.console)
    desk = Desk(book, kept=SessionFile(accounts), limits=limits, behind_tls=behind_tls)
    run_async(_serve(settings, feed, desk, looks))


@cli.command("looks")
def show_looks(
    accounts: Annotated[Path, typer.Option(help="File of accounts of the console.")],
    alarm: Annotated[str | None, typer.Option(help="Looks at this alarm alone.")] = None,
    operator: Annotated[str | None, typer.Option(help="Looks of this person alone.")] = None,
) -> None:
    """Show who looked at which alarm and when, and check that the record is unaltered."""
    table = Table(title="looks", title_justify="left")
    for name in ("time", "operator", "what", "alarm", "home", "session"):
        table.add_column(name, overflow="fold")
    for look in read_looks(looks_folder(accounts)):
        if alarm in (None, look.alarm_id) and operator in (None, look.operator):
            when = datetime.fromtimestamp(look.at_ms / 1_000, UTC)
            table.add_row(
                f"{when:%Y-%m-%d %H:%M:%S}Z",
                escape(look.operator),
                look.operation_name,
                look.alarm_id,
                look.data_subject_id[:12],
                look.trace_id[:12],
            )
    screen = Console()
    screen.width = max(screen.width, TABLE_WIDTH_MIN)
    screen.print(table)


async def _serve(settings: Settings, feed: Feed, desk: Desk, looks: LookBook) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    listener = _listen(settings)  # before anything is connected that a taken port would undo
    app = make_app(feed, desk, bind_host=settings.host, looks=looks)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    async with contextlib.AsyncExitStack() as held:
        if settings.metrics is not None:
            app[METRICS].watch()
            figures = serving(app[METRICS].routes(), *settings.metrics, SettingsError)
            at = await held.enter_async_context(figures)
            structlog.get_logger("dispatch").info("metrics", host=settings.metrics[0], port=at)
        await runner.setup()
        held.push_async_callback(runner.cleanup)
        await held.enter_async_context(sweeping(app[CONNECTIONS], runner.server))
        await web.SockSite(runner, listener).start()
        port = listener.getsockname()[1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        # The one line on standard output that others wait for.
        print(f"ready dispatch-console console={settings.console} url=http://{shown}:{port}")  # noqa: T201
        sys.stdout.flush()
        service = Service()
        service.ready(f"serves {settings.console}")
        await _until(stop, service)
        service.stopping()
        structlog.get_logger("dispatch").info("stopping", console=settings.console)


async def _until(stop: asyncio.Event, service: Service) -> None:
    """Wait for the end, and let systemd know meanwhile that the event loop turns."""
    while not stop.is_set():
        service.beat()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), service.beat_every_s)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise SettingsError(_why_not(settings, error)) from error


def _why_not(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {settings.port} on {settings.host} is taken by another program;"
            " choose another with --port, or 0 for any free one"
        )
    if error.errno == errno.EACCES:
        return f"port {settings.port} needs more rights; choose one above 1023 with --port"
    return (
        f"cannot listen on {settings.host} port {settings.port} ({error.strerror});"
        " --host is an address of this machine, such as 127.0.0.1"
    )


def main() -> None:
    """Run the command; a wrong setting is one line and exit code 2."""
    run_app(cli, "dispatch-console", DispatchError)
