"""How a run is shown: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulator.core.ledger import Account
from simulator.outages.verdict import Check
from simulator.scenario.account import ScenarioAccount, Standing
from simulator.scenario.script import Script

LINES_PER_RUN = 20
"""Plain lines a run says of its progress, whatever its length."""
_DAY_S = 86_400


def clock_text(ms: int) -> str:
    """Write a scenario's own time: hours, minutes, seconds, with the days before where any."""
    seconds = ms // 1_000
    days, rest = divmod(seconds, _DAY_S)
    text = f"{rest // 3_600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {text}" if days else text


class Screen:
    """Shows a run while it lasts; to be held in a `with` block."""

    def __init__(self, out: Console, script: Script, speed: float) -> None:
        self._out = out
        self._script = script
        self._speed = speed
        self._live = (
            Live(console=out, auto_refresh=False, transient=True) if out.is_terminal else None
        )
        self._told = -1

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()

    def show(self, at_ms: int, standing: Standing, *, online: int, rate_per_s: float) -> None:
        """Show how it stands at a moment of the scenario."""
        lasts_ms = self._script.lasts_ms
        if self._live is not None:
            self._live.update(self._table(at_ms, standing, online, rate_per_s), refresh=True)
            return
        part = LINES_PER_RUN * at_ms // lasts_ms
        if part > self._told:
            self._told = part
            say(self._out, f"{self._line(at_ms, standing)}  online {online}")

    def _line(self, at_ms: int, standing: Standing) -> str:
        return (
            f"{clock_text(at_ms)} of {clock_text(self._script.lasts_ms)}  "
            f"presses {standing.presses}  waiting {standing.waiting}  alarms {standing.alarms}  "
            f"open {standing.open_alarms}  double {standing.doubled}"
        )

    def _table(self, at_ms: int, standing: Standing, online: int, rate_per_s: float) -> Group:
        table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
        rows = {
            "time": f"{clock_text(at_ms)} of {clock_text(self._script.lasts_ms)}, "
            f"{self._speed:g} times faster",
            "devices online": f"{online} of {self._script.buttons}",
            "presses": f"{standing.presses}  ({rate_per_s:.1f} a second)",
            "lost or on the way": str(standing.waiting),
            "alarms": f"{standing.alarms}, {standing.open_alarms} open",
            "double": str(standing.doubled),
        }
        for name, value in rows.items():
            table.add_row(name, value)
        bar = ProgressBar(total=self._script.lasts_ms, completed=at_ms, width=60)
        return Group(Text(self._script.title, style="bold"), bar, table)


def say(out: Console, text: str) -> None:
    """Print a line as it is."""
    out.print(text, soft_wrap=True, markup=False, highlight=False)


def report(out: Console, script: Script, account: ScenarioAccount, checks: Sequence[Check]) -> bool:
    """Print the report of a run; return whether everything was as expected."""
    presses = account.account()
    reasons = ", ".join(f"{count} {why}" for why, count in sorted(account.by_reason.items()))
    say(out, "")
    say(out, f"presses   {presses.presses} ({reasons or 'none'})")
    say(out, f"alarms    {account.alarms()}, with faults and attacks")
    say(out, f"times     {_times(presses)}")
    say(out, f"expected  {script.expect.says}")
    for check in checks:
        say(out, f"  {'ok' if check.holds else 'NOT':<3} {check.what}: {check.found}")
    passed = all(check.holds for check in checks)
    wrong = sum(not check.holds for check in checks)
    say(out, f"{'PASS' if passed else f'FAIL ({wrong} of {len(checks)} checks)'} {script.title}")
    return passed


def _times(presses: Account) -> str:
    """Say how long presses took, in real time: the middle, and the slowest of a hundred."""
    parts = []
    for console, seen in presses.consoles.items():
        if seen.latency.count:
            one = seen.latency
            parts.append(f"{console} {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms")
    return "press to console: " + ("; ".join(parts) or "no press")
