"""What is measured, and how long: the cases of each profile."""

from dataclasses import dataclass, replace
from typing import Literal

from simulator.bench.errors import BenchError
from simulator.bench.figures import Subject

BOARD_POOL = 9_000
"""Devices that press in turn where real consoles are measured: a board holds 10,000 alarms, so
that at high rates later presses join the open alarm of their device."""
Noise = Literal["heartbeats", "unreadable", "reconnects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: who is measured, at which rate, under what, and how often.

    Attributes:
        name: As in the report, and in the names of its figures.
        repeats: How often it is run.
        attempts: Runs for one repeat at most, where the driver was late.
        screens: WebSocket clients of each console.
        slow_screen: Whether the last of them takes only 20 KB/s.
        noise: What goes on beside the presses.
        journal_records: What the journal holds at the start.
        painted: Whether a browser is looked at too; it paints a page of the queue at once, so
            this is for at most 50 presses.
    """

    name: str
    subject: Subject
    rate_per_s: float
    seconds: float
    warm_up_s: float = 1.0
    repeats: int = 3
    attempts: int = 3
    screens: int = 2
    slow_screen: bool = False
    noise: Noise | None = None
    noise_per_s: float = 0.0
    noise_devices: int = 0
    journal_records: int = 0
    painted: bool = False

    @property
    def pool(self) -> int:
        """Devices that press, each in turn."""
        return min(self.presses, BOARD_POOL) if self.subject == "system" else self.presses

    @property
    def presses(self) -> int:
        """Presses in all, those of the warm-up included."""
        return round(self.rate_per_s * (self.warm_up_s + self.seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for the highest rate that is sustained.

    Attributes:
        name: As in the report.
        case: What is run; its rate is where the search begins.
        confirm_s: How long the rate that was found has to hold, `repeats` times.
    """

    name: str
    case: Case
    confirm_s: float
    repeats: int = 3
    p99_us_max: float = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All cases and searches of a profile."""

    name: str
    cases: tuple[Case, ...]
    searches: tuple[Search, ...]
    about: str


def _rates(
    rates: tuple[int, ...], subjects: tuple[Subject, ...], seconds: float, warm_up_s: float
) -> list[Case]:
    return [
        Case(
            name=f"{subject}@{rate}", subject=subject, rate_per_s=rate,
            # At 10/s a second holds few presses.
            seconds=seconds * 1.5 if rate < 50 else seconds,  # noqa: PLR2004
            warm_up_s=warm_up_s,
        )
        for rate in rates
        for subject in subjects
    ]  # fmt: skip


_ALL: tuple[Subject, ...] = ("hop", "relay", "gateway", "naive", "system")


def _beside(seconds: float, devices: int, rate: float) -> list[Case]:
    """Name the cases in which something else goes on, and the quiet one beside them."""
    quiet = Case(name="quiet", subject="gateway", rate_per_s=100, seconds=seconds)
    return [
        quiet,
        replace(
            quiet, name="heartbeats", noise="heartbeats", noise_per_s=2_000,
            noise_devices=10_000,
        ),
        replace(
            quiet, name="reconnects", noise="reconnects", noise_per_s=rate, noise_devices=devices
        ),
        replace(
            quiet, name="unreadable", noise="unreadable", noise_per_s=1_000, noise_devices=1_000
        ),
    ]  # fmt: skip


def _screens(seconds: float) -> list[Case]:
    one = Case(name="1 screen", subject="system", rate_per_s=100, seconds=seconds, screens=1)
    return [one, replace(one, name="20 screens", screens=20, slow_screen=True)]


def _search(subject: Subject, begin: float, *, probe_s: float, confirm_s: float) -> Search:
    case = Case(
        name=f"{subject} ceiling", subject=subject, rate_per_s=begin, seconds=probe_s,
        warm_up_s=2.0, attempts=1,
    )  # fmt: skip
    return Search(name=subject, case=case, confirm_s=confirm_s)


def _journals(begin: float, probe_s: float, sizes: tuple[int, ...]) -> list[Search]:
    made = []
    for size in sizes:
        search = _search("gateway", begin, probe_s=probe_s, confirm_s=probe_s)
        case = replace(search.case, name=f"journal {size}", journal_records=size)
        made.append(replace(search, name=f"journal {size}", case=case, repeats=1))
    return made


def profile_named(name: str) -> Profile:
    """Return a profile.

    Raises:
        BenchError: There is none of this name.
    """
    match name:
        case "smoke":
            cases = _rates((200,), ("hop", "relay", "gateway", "system"), 1.0, 0.5)
            about = "one rate, a second each"
            return Profile(name=name, cases=tuple(cases), searches=(), about=about)
        case "ci":
            cases = [
                *_rates((10, 200, 1_000), _ALL, 2.5, 0.5),
                *_beside(3.0, 1_000, 500),
                *_screens(2.0),
            ]
            begin: dict[Subject, float] = {"gateway": 2_000, "system": 1_000, "naive": 500}
            short = tuple(
                replace(_search(subject, rate, probe_s=2, confirm_s=5), repeats=1)
                for subject, rate in begin.items()
            )
            return Profile(
                name=name, cases=tuple(cases), searches=short,
                about="all rates, short; ceilings held for 5 s",
            )  # fmt: skip
        case "full":
            cases = [
                *_rates((10, 200, 1_000), _ALL, 6.0, 1.0),
                *_beside(8.0, 5_000, 1_000),
                *_screens(5.0),
                Case(
                    name="browser", subject="system", rate_per_s=6, seconds=7, screens=1,
                    painted=True,
                ),
            ]  # fmt: skip
            long = (
                _search("gateway", 4_000, probe_s=4, confirm_s=20),
                _search("system", 1_500, probe_s=4, confirm_s=20),
                _search("naive", 600, probe_s=4, confirm_s=20),
                *_journals(4_000, 6, (10_000, 1_000_000)),
            )
            return Profile(
                name=name, cases=tuple(cases), searches=long,
                about="everything; ceilings held for 20 s, three times",
            )  # fmt: skip
    raise BenchError(f"there is no profile {name!r}; choose smoke, ci or full")
