"""`alarm-simulator world`: run seeds, show how far it is, tell every failure as a story."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulator.world.errors import WorldError
from simulator.world.planner import FAULTS, FaultName, Wish, make_plan
from simulator.world.runner import OnDone, Total, run_wishes, total_of
from simulator.world.story import tell
from simulator.world.world import Outcome

SEEDS_MAX = 1_000_000
STORIES_MAX = 3
"""Failures that are shrunk and told; of the others only the seed and the rule are shown."""
PLAIN_EVERY = 50
"""Without a terminal: a line after so many seeds."""


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read `A..B`, both included.

    Raises:
        WorldError: It is not a range of seeds.
    """
    match = re.fullmatch(r"(\d{1,15})\.\.(\d{1,15})", text)
    if match is None or int(match[2]) < int(match[1]):
        raise WorldError(f"--seeds {text!r} is no range; give two numbers as in 1..500")
    if int(match[2]) - int(match[1]) >= SEEDS_MAX:
        raise WorldError(f"--seeds {text!r} is more than {SEEDS_MAX} seeds; give fewer")
    return tuple(range(int(match[1]), int(match[2]) + 1))


def command_of(wish: Wish) -> str:
    """Write the command that runs this very seed again."""
    words = ["alarm-simulator", "world", "--seed", str(wish.seed), "--hours", f"{wish.hours:g}"]
    words += ["--devices", str(wish.devices), "--faults", _faults_text(wish.faults)]
    return " ".join(words)


def _faults_text(faults: tuple[FaultName, ...]) -> str:
    if faults == FAULTS:
        return "all"
    return ",".join(faults) or "none"


def run_worlds(wishes: Sequence[Wish], *, jobs: int | None, as_json: bool) -> int:
    """Run the seeds and report on standard output; return the exit code: 1 where a rule broke."""
    with _progress(len(wishes)) as on_done:
        outcomes = run_wishes(wishes, jobs=jobs or os.cpu_count() or 1, on_done=on_done)
    total = total_of(outcomes)
    if as_json:
        result: Outcome | Total = outcomes[0] if len(outcomes) == 1 else total
        sys.stdout.write(msgspec.json.encode(result, order="sorted").decode() + "\n")
    else:
        Console().print(table_of(total))
    by_seed = {wish.seed: wish for wish in wishes}
    for outcome in total.failures[:STORIES_MAX]:
        wish = by_seed[outcome.seed]
        if outcome.broken is not None:
            sys.stderr.write(tell(make_plan(wish), outcome.broken, command_of(wish)) + "\n\n")
    for outcome in total.failures[STORIES_MAX:]:
        if outcome.broken is not None:
            sys.stderr.write(f"seed {outcome.seed}: rule '{outcome.broken.rule}' is broken\n")
    return int(bool(total.failures))


@contextmanager
def _progress(count: int) -> Iterator[OnDone]:
    """Show how far it is, on standard error: a bar on a terminal, lines elsewhere."""
    console = Console(stderr=True)
    failed = done = 0

    def line(outcome: Outcome) -> None:
        nonlocal failed, done
        done += 1
        failed += outcome.broken is not None
        if done % PLAIN_EVERY == 0 and done < count:
            sys.stderr.write(f"{done} of {count} seeds, {failed} failures\n")

    if not console.is_terminal or count == 1:
        yield line
        return
    columns = (TextColumn("seeds"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[failed]} failures"), console=console) as bar:
        task = bar.add_task("seeds", total=count, failed=0)

        def advance(outcome: Outcome) -> None:
            nonlocal failed
            failed += outcome.broken is not None
            bar.update(task, advance=1, failed=failed)

        yield advance


def table_of(total: Total) -> Table:
    """Lay the sum of all runs out for a person."""
    table = Table("what", "count", title="worlds")
    table.columns[1].justify = "right"
    for name, value in (
        ("seeds", f"{total.seeds}"),
        ("virtual hours", f"{total.virtual_hours:.1f}"),
        ("presses", f"{total.presses}"),
        ("alarms", f"{total.alarms}"),
        ("records in journals", f"{total.records}"),
        ("lives of gateways", f"{total.gateway_lives}"),
    ):
        table.add_row(name, value)
    for prefix, counts in (("fault", total.faults), ("operators heard", total.answers)):
        for name, count in counts.items():
            table.add_row(f"{prefix}: {name}", f"{count}")
    table.add_row("failures", f"{len(total.failures)}")
    return table
