"""A fleet over several processes, each from a loopback address of its own."""

import asyncio
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator.core.errors import StackError
from simulator.processes import Part

FILES_BESIDE = 64
"""Open files of a process that are no device: logs, the event loop, libraries."""
START_S_PER_DEVICE = 0.004
START_S_MIN = 30.0
POLL_S = 0.5
_ADDRESSES_MAX = 250


def allow_files(devices: int) -> None:
    """Let this process open a file for each device.

    Raises:
        StackError: The system does not allow so many; the text says what to do.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not there on Windows

    wanted = devices + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < wanted:
        allowed = wanted if hard == unlimited else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < wanted:
            share = hard - FILES_BESIDE
            raise StackError(
                f"{devices} devices need {wanted} open files and a process may have {hard} here: "
                f"use --processes {-(-devices // share)}, or raise the limit (ulimit -n)"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a fleet that one process runs."""

    first: int
    count: int
    source: str


def shares(first: int, count: int, processes: int) -> list[Share]:
    """Split a fleet evenly; each share has a source address of its own in 127.0.0.0/8."""
    made: list[Share] = []
    for number in range(processes):
        begin = first + count * number // processes
        end = first + count * (number + 1) // processes
        if end > begin:
            source = f"127.0.0.{2 + number % _ADDRESSES_MAX}"
            made.append(Share(first=begin, count=end - begin, source=source))
    return made


def check_loopback(broker: BrokerUrl) -> None:
    """Refuse a broker that loopback addresses cannot reach.

    Raises:
        StackError: It is on another machine; the text says what to do.
    """
    if not broker.host.startswith("127."):
        raise StackError(
            f"--processes connects from loopback addresses, and {broker} is not one of "
            "127.0.0.0/8: run a process by hand for each part, with --first and --count"
        )


def check_source(address: str | None) -> None:
    """Refuse an address that no connection can be made from.

    Raises:
        StackError: It is none of this machine.
    """
    if address is None:
        return
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except (OSError, UnicodeError):
        raise StackError(
            f"--source {address} is no address of this machine; leave it out, or give one that is, "
            "such as 127.0.0.2"
        ) from None


async def run_processes(
    split: list[Share], options: list[str], logs: Path, stop: asyncio.Event
) -> None:
    """Run each share in a process of its own until `stop`; print a line when all are ready.

    Args:
        split: Who runs which devices.
        options: What all processes are told alike.
        logs: Folder for a log of each.
        stop: Ends the run.

    Raises:
        StackError: A process could not be started, or ended by itself.
    """
    parts = [
        Part(
            f"fleet-{number}",
            [
                sys.executable, "-m", "simulator", "fleet", *options,
                "--first", str(share.first), "--count", str(share.count),
                "--source", share.source,
            ],
            log=logs / f"fleet-{number}.log",
            start_deadline_s=max(START_S_MIN, share.count * START_S_PER_DEVICE * len(split)),
        )
        for number, share in enumerate(split, start=1)
    ]  # fmt: skip
    try:
        await asyncio.gather(*(part.start() for part in parts))
        devices = sum(share.count for share in split)
        sys.stdout.write(f"ready fleet devices={devices} processes={len(parts)}\n")
        sys.stdout.flush()
        while not stop.is_set():
            for part in parts:
                if part.has_ended():
                    raise StackError(f"{part.name} ended by itself; {part.last_words()}")
            try:
                await asyncio.wait_for(stop.wait(), POLL_S)
            except TimeoutError:
                continue
    finally:
        await asyncio.gather(*(part.stop() for part in parts), return_exceptions=True)
        for part in parts:
            part.kill()
