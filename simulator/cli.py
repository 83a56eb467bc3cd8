"""The command `alarm-simulator`."""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alarm_protocol.errors import ProtocolError
from alarm_protocol.runtime import logs
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.command_line import offer_version, run_app
from alarm_protocol.runtime.tls import TlsFiles, context_for
from alarm_protocol.units import DeviceId
from simulator import households as making
from simulator.bench.cli import bench, load
from simulator.button import Button, ButtonSettings
from simulator.certs.command import certs
from simulator.chaos.faults import parse_kinds
from simulator.chaos.run import RATE_PER_S, ChaosSettings, run_chaos
from simulator.cli_parts import device_tls, hand_device, run_fleet, run_until_signal
from simulator.core.errors import SimulatorError
from simulator.demo import DemoSettings, run_demo
from simulator.fleet import FleetSettings
from simulator.fleet_processes import (
    allow_files,
    check_loopback,
    check_source,
    run_processes,
    shares,
)
from simulator.outages.run import parse_names, run_outages
from simulator.registry import load as load_registry
from simulator.scenario.run import RunSettings, run_scenario
from simulator.scenario.script import SPEED_MAX
from simulator.scenario.shelf import find as find_scenario
from simulator.scenario.shelf import overview
from simulator.world.command import parse_seeds, run_worlds
from simulator.world.planner import DEVICES_MAX, HOURS_MAX, Wish, parse_faults

DAY_S = 86_400

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
DEFAULT_REGISTRY = Path(".demo/households.json")


app = typer.Typer(
    help="Simulated AWARE devices, synthetic households, and the demo of the whole chain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
offer_version(app, "alarm-simulator")

BrokerOption = Annotated[
    str, typer.Option("--broker", metavar="URL", help="Broker address, mqtt://host:port.")
]
RegistryOption = Annotated[
    Path, typer.Option("--registry", metavar="FILE", help="Household file (synthetic only).")
]
TlsCaOption = Annotated[
    Path | None,
    typer.Option("--tls-ca", metavar="FILE", help="CA certificate of an mqtts:// broker."),
]
TlsCertsOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder with ID.crt and ID.key of each device.")
]
SourceOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Local address to connect from.")
]


@app.command()
def households(
    *,
    count: Annotated[int, typer.Option(min=1, max=making.COUNT_MAX, help="How many.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same file.")] = 1,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="File to write.")
    ] = DEFAULT_REGISTRY,
) -> None:
    """Make a file of synthetic Dutch households in Hollands Midden.

    Nobody in it exists. The device keys follow from the seed: never use them for real buttons.
    """
    file = making.generate(count, seed)
    making.write(file, out)
    sys.stdout.write(f"{out}: {count} synthetic households, seed {seed}\n")


@app.command()
def fleet(
    *,
    broker: BrokerOption = DEFAULT_BROKER,
    registry: RegistryOption = DEFAULT_REGISTRY,
    count: Annotated[
        int | None, typer.Option(min=1, help="Devices to run; all of the file if not given.")
    ] = None,
    first: Annotated[int, typer.Option(min=1, help="Number of the first device.")] = 1,
    press_every: Annotated[
        float,
        typer.Option(
            min=0,
            max=365 * DAY_S,
            metavar="S",
            help="Mean seconds between one device's presses; 0 = never.",
        ),
    ] = 0.0,
    heartbeat_every: Annotated[
        float,
        typer.Option(
            min=0.1, max=DAY_S, metavar="S", help="Seconds between one device's heartbeats."
        ),
    ] = 60.0,
    seed: Annotated[int, typer.Option(help="Decides who presses when, and how.")] = 1,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes to spread the devices over.")
    ] = 1,
    source: SourceOption = None,
    tls_ca: TlsCaOption = None,
    tls_certs: TlsCertsOption = None,
    log_level: Annotated[logs.Level, typer.Option(help="How much to log.")] = logs.Level.INFO,
) -> None:
    """Run many devices, each on its own connection: link state, heartbeats, and presses.

    With --processes every process connects from a loopback address of its own, so that the
    broker has to be on this machine; their logs are in a folder that is named at the end.
    """
    logs.configure(log_level)
    url = parse_broker_url(broker)
    homes = load_registry(registry)
    wanted = max(1, len(homes.households) - first + 1) if count is None else count
    households = homes.take(first, wanted)
    tls_of = device_tls(url, tls_ca, tls_certs, households)
    if processes > 1:
        check_loopback(url)
        named = {
            "--broker": broker, "--registry": registry, "--seed": seed,
            "--press-every": press_every, "--heartbeat-every": heartbeat_every,
            "--log-level": log_level.value, "--tls-ca": tls_ca, "--tls-certs": tls_certs,
        }  # fmt: skip
        options = [str(word) for one in named.items() if one[1] is not None for word in one]
        folder = Path(tempfile.mkdtemp(prefix="aware-fleet-"))
        sys.stderr.write(f"logs in {folder}\n")
        split = shares(first, wanted, processes)
        run_until_signal(lambda stop: run_processes(split, options, folder, stop))
        return
    check_source(source)
    allow_files(wanted)
    settings = FleetSettings(
        broker=url,
        households=households,
        press_every_s=press_every,
        heartbeat_every_s=heartbeat_every,
        seed=seed,
        source=source,
        tls_of=tls_of,
    )
    del homes, households
    run_until_signal(lambda stop: run_fleet(settings, stop))


@app.command()
def button(
    *,
    device: Annotated[str, typer.Option("--device", metavar="ID", help="Device of the file.")],
    broker: BrokerOption = DEFAULT_BROKER,
    registry: RegistryOption = DEFAULT_REGISTRY,
    key_hex: Annotated[
        str | None,
        typer.Option("--key-hex", metavar="HEX", help="Key of a device that is in no file."),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(min=0, max=DAY_S, metavar="S", help="Seconds to wait for answers at the end."),
    ] = 10.0,
    trace: Annotated[
        bool, typer.Option("--trace", help="Send a W3C traceparent with each press, and show it.")
    ] = False,
    tls_ca: TlsCaOption = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The device's certificate.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")] = None,
) -> None:
    """Press a button by hand: Enter presses, and what the alarm centre answers is shown.

    Reads lines from a pipe too, one press a line. Exits 0 only if every press was answered.
    """
    url = parse_broker_url(broker)
    tls = context_for(url, TlsFiles(ca=tls_ca, certificate=tls_cert, key=tls_key))
    settings = ButtonSettings(broker=url, wait_s=wait, tls=tls, trace=trace)
    made = hand_device(DeviceId(device), registry, key_hex)
    raise typer.Exit(Button(made, settings).run())


@app.command()
def demo(
    *,
    broker: Annotated[
        str | None,
        typer.Option(
            "--broker",
            metavar="URL",
            help="A broker that runs already; else mosquitto if installed, else the embedded one.",
        ),
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Use the embedded broker even with mosquitto here.")
    ] = False,
    tls: Annotated[
        bool,
        typer.Option("--tls", help="Mosquitto as in real use: TLS, a certificate for every part."),
    ] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="Unattended: press, accept, count, and exit.")
    ] = False,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", min=1, max=7 * DAY_S, metavar="N", help="How long to press (headless)."
        ),
    ] = 30.0,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", metavar="DIR", help="Where data, logs and households lie.")
    ] = Path(".demo"),
    devices: Annotated[
        int, typer.Option(min=0, max=5_000, help="Devices of the fleet that only beats.")
    ] = 20,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=500,
            metavar="PER_S",
            help="Presses a second: 2 when headless, else none but yours.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides households, presses and answer times.")] = 1,
) -> None:
    """Start the whole chain: broker, gateway, both consoles, and a small fleet.

    Ctrl-C stops all that was started. With --headless it presses by itself, simulated
    operators accept, and the exit code is 0 only if nothing was lost or duplicated.
    """
    settings = DemoSettings(
        data_dir=data_dir.absolute(),
        broker=parse_broker_url(broker) if broker is not None else None,
        broker_kind="embedded" if embedded else "auto",
        tls=tls,
        headless_s=seconds if headless else None,
        devices=devices,
        rate_per_s=rate if rate is not None else (2.0 if headless else 0.0),
        seed=seed,
    )
    logs.configure(logs.Level.WARNING)
    raise typer.Exit(run_until_signal(lambda stop: run_demo(settings, stop)))


app.command()(load)
app.command()(bench)
app.command()(certs)


@app.command()
def world(
    *,
    seed: Annotated[int, typer.Option(min=0, help="Decides the whole run.")] = 1,
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="A..B", help="Many seeds, in processes.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.02, max=HOURS_MAX, help="Virtual hours of each run.")
    ] = 0.25,
    devices: Annotated[int, typer.Option(min=1, max=DEVICES_MAX, help="Buttons.")] = 5,
    faults: Annotated[
        str, typer.Option("--faults", metavar="all|none|NAME,...", help="What may go wrong.")
    ] = "all",
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; one for each core if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run gateway, consoles and devices in one process on a virtual clock, and check every step.

    The same seed gives the same run, byte for byte. Of the faults that are asked for, each seed
    takes about every second one. A broken rule is told as its shortest story, with the command
    that repeats it; the exit code is then 1.
    """
    chosen = parse_faults(faults)
    numbers = (seed,) if seeds is None else parse_seeds(seeds)
    wishes = [Wish(one, hours, devices, chosen) for one in numbers]
    raise typer.Exit(run_worlds(wishes, jobs=jobs, as_json=as_json))


@app.command()
def chaos(
    *,
    rounds: Annotated[int, typer.Option(min=1, max=10_000, help="Faults, one a round.")] = 14,
    seed: Annotated[int, typer.Option(help="Decides which faults come when, and how long.")] = 1,
    rate: Annotated[float, typer.Option(min=1, max=2_000, help="Presses a second.")] = RATE_PER_S,
    scale: Annotated[
        float, typer.Option(min=0.05, max=10, help="Factor on the length of the faults' pauses.")
    ] = 1.0,
    faults: Annotated[
        str, typer.Option(metavar="NAME,...", help="Only these kinds, in turn; all if not given.")
    ] = "",
    tmpfs: Annotated[
        bool | None,
        typer.Option("--tmpfs/--no-tmpfs", help="The journal's disk; a tmpfs where root may."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where all is kept; else only a failed run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the ledger as JSON.")] = False,
) -> None:
    """Kill and hinder real processes under load, and account for every press (Linux, Mosquitto).

    Exits 0 only if nothing was lost and nothing duplicated, and everything recovered.
    """
    logs.configure(logs.Level.ERROR)
    kinds = parse_kinds(faults)
    settings = ChaosSettings(rounds, seed, rate, scale, tmpfs, kinds, folder, as_json)
    raise typer.Exit(run_until_signal(lambda stop: run_chaos(settings, stop)))


@app.command()
def outage(
    name: Annotated[str, typer.Argument(help="all, or one of them.")] = "all",
    *,
    seed: Annotated[int, typer.Option(help="Decides households.")] = 1,
    short: Annotated[bool, typer.Option("--short", help="Fewer devices, less time.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Play real outages again: poison-router, national-outage, migration, sos-in-traffic."""
    logs.configure(logs.Level.ERROR)
    names = parse_names(name)
    play = partial(run_outages, names, seed=seed, short=short, as_json=as_json)
    raise typer.Exit(run_until_signal(lambda stop: play(stop=stop)))


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="One of `scenarios`, or a file of your own.")],
    *,
    broker: Annotated[
        str | None,
        typer.Option("--broker", metavar="URL", help="A broker that runs already; else our own."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides who presses when, and how people work.")] = 1,
    speed: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=SPEED_MAX,
            metavar="X",
            help="How many times faster than life; else as the scenario says.",
        ),
    ] = None,
) -> None:
    """Play a scenario on real processes, with simulated people at both consoles.

    Exits 0 only if it came to what the scenario expects: nothing lost, nothing double, and
    what its file says. The same seed presses at the same moments.
    """
    url = parse_broker_url(broker) if broker is not None else None
    script = find_scenario(scenario)
    logs.configure(logs.Level.ERROR)
    settings = RunSettings(script=script, seed=seed, speed=speed or script.speed, broker=url)
    allow_files(script.buttons)
    raise typer.Exit(run_until_signal(lambda stop: run_scenario(settings, stop)))


@app.command()
def scenarios() -> None:
    """List the scenarios that come with the program."""
    Console(width=max(100, Console().width)).print(overview())


def main() -> None:
    """Run the command; what goes wrong is one line and exit code 2."""
    if Path(__file__).parents[1] != Path.cwd():
        # The programs that are started import what this one did, whatever lies in this folder.
        os.environ["PYTHONSAFEPATH"] = "1"
    run_app(app, "alarm-simulator", SimulatorError, ProtocolError)
