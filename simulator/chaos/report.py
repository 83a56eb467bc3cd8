"""The account of a run: what became of every press, and how long recovery took."""

from collections.abc import Iterable, Sequence

import msgspec
from rich import box
from rich.table import Table

from alarm_protocol.units import CONSOLES
from simulator.chaos.evidence import Evidence
from simulator.chaos.ledger import Ledger, Watch

LOST_TOLD_MAX = 20
US_PER_MS = 1_000


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One fault and what it took to be well again, in milliseconds from the end of the fault.

    None where that did not come to be in time.
    """

    number: int
    fault: str
    fault_ms: int
    first_answered_ms: int | None
    all_answered_ms: int | None
    first_shown_ms: int | None
    all_shown_ms: int | None
    journal_records: int = 0
    gateway_mib: float = 0.0

    @property
    def recovered(self) -> bool:
        """Whether everything came back."""
        return self.all_answered_ms is not None and self.all_shown_ms is not None


def round_of(number: int, fault: str, fault_us: int, watch: Watch, mib: float) -> Round:
    """Write down a round."""

    def since(at_us: int) -> int | None:
        return max(0, at_us - watch.zero_us) // US_PER_MS if at_us else None

    return Round(
        number=number,
        fault=fault,
        fault_ms=fault_us // US_PER_MS,
        first_answered_ms=since(watch.answered_us),
        all_answered_ms=since(watch.all_answered_us),
        first_shown_ms=since(watch.shown_us),
        all_shown_ms=since(watch.all_shown_us),
        gateway_mib=round(mib, 1),
    )


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A press that is missing somewhere."""

    press_id: str
    device_id: str
    round_number: int
    missing: tuple[str, ...]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of a run. `lost` counts presses that are missing anywhere.

    Attributes:
        promised_and_lost: Presses whose device was told `received` and that no journal has.
        doubtful: Presses that were journalled with a doubt; here every press is genuine.
        foreign: Presses in the journal that nobody made.
        overcounted: Alarms that a console shows with more presses than the journal has.
    """

    seed: int
    seconds: float
    rate_per_s: float
    disk: str
    presses: int
    skipped: int
    received: int
    in_journal: int
    on_console: dict[str, int]
    lost: int
    promised_and_lost: int
    duplicated: int
    doubtful: int
    foreign: int
    overcounted: int
    out_of_order: int
    older_views: int
    longest_ms: dict[str, int]
    repeats: int
    alarms: int
    alarms_finished: int
    alarms_left_open: int
    journal_records: int
    journal_kinds: dict[str, int]
    gateway_mib: float
    gateway_mib_max: float
    chain: str
    rounds: tuple[Round, ...]
    missing: tuple[Lost, ...]
    problem: str | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was lost or duplicated and every round recovered."""
        return (
            self.presses > 0
            and self.problem is None
            and self.lost == self.duplicated == self.foreign == self.doubtful == 0
            and all(one.recovered for one in self.rounds)
        )


def losses(ledger: Ledger, evidence: Evidence) -> list[Lost]:
    """Return every press that is missing anywhere."""
    found = []
    for press_id, press in ledger.presses.items():
        missing = [
            name
            for name, there in (
                ("answer", bool(press.answered_us)),
                ("journal", press_id in evidence.presses),
                *((console, console in press.shown_in) for console in CONSOLES),
            )
            if not there
        ]
        if missing:
            found.append(
                Lost(
                    press_id=press_id,
                    device_id=press.device_id,
                    round_number=press.round_number,
                    missing=tuple(missing),
                )
            )
    return found


def duplicates(ledger: Ledger, evidence: Evidence) -> int:
    """Count presses that are in the journal twice, or in two alarms."""
    doubled = {press_id for _, press_id in ledger.doubled} | set(evidence.repeated)
    for press_id, entry in evidence.presses.items():
        press = ledger.presses.get(press_id)  # type: ignore[call-overload] # the same word
        alarms = {} if press is None else {*press.shown_in.values(), press.alarm_id} - {None}
        if any(alarm != entry.alarm_id for alarm in alarms):
            doubled.add(press_id)
    return len(doubled)


def overcounted(ledger: Ledger, evidence: Evidence) -> int:
    """Count views that show more presses than the journal has for their alarm."""
    return sum(
        count > evidence.per_alarm[alarm_id]
        for views in ledger.views.values()
        for alarm_id, (_, count, _) in views.items()
    )


def ledger_table(account: Account) -> Table:
    """Lay the account out for a person."""
    table = Table(title="The ledger", box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    rows: list[tuple[str, object]] = [
        ("rounds", len(account.rounds)),
        ("seconds", account.seconds),
        ("presses made", account.presses),
        ("due and not made", account.skipped),
        ("received by feedback", account.received),
        ("in the journal", account.in_journal),
        *((f"on {console}", seen) for console, seen in account.on_console.items()),
        ("lost", account.lost),
        ("answered and lost", account.promised_and_lost),
        ("duplicated", account.duplicated),
        ("journalled with a doubt", account.doubtful),
        ("out of order", account.out_of_order),
        ("older views after newer ones", account.older_views),
        ("sent again by devices", account.repeats),
        *((f"longest to {name}, ms", ms) for name, ms in account.longest_ms.items()),
        ("alarms / finished", f"{account.alarms} / {account.alarms_finished}"),
        ("journal records", account.journal_records),
        ("gateway memory, MiB (most)", f"{account.gateway_mib} ({account.gateway_mib_max})"),
    ]
    for name, value in rows:
        table.add_row(name, str(value))
    table.caption = f"seed {account.seed}; the full disk was {account.disk}; {account.chain}"
    return table


def recovery_table(rounds: Sequence[Round]) -> Table:
    """Lay out the time to recover for each kind of fault, middle and worst."""
    table = Table(
        title="Time to recover, ms from the end of the fault: middle / worst",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("fault", no_wrap=True)
    for heading in ("rounds", "first answer", "all answered", "first shown", "all shown"):
        table.add_column(heading, justify="right", no_wrap=True)
    for fault in dict.fromkeys(one.fault for one in rounds):
        mine = [one for one in rounds if one.fault == fault]
        table.add_row(
            fault,
            str(len(mine)),
            _spread(one.first_answered_ms for one in mine),
            _spread(one.all_answered_ms for one in mine),
            _spread(one.first_shown_ms for one in mine),
            _spread(one.all_shown_ms for one in mine),
        )
    return table


def _spread(values: Iterable[int | None]) -> str:
    known = list(values)
    reached = sorted(one for one in known if one is not None)
    if len(reached) < len(known):
        return "not in time"
    return f"{reached[len(reached) // 2]} / {reached[-1]}"
