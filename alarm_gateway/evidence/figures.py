"""The norms report: each figure of the field, measured on the journal of one period."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Literal

from alarm_gateway.core.answer_norms import ANSWER_NORMS
from alarm_gateway.evidence.facts import Call, Facts, PressFact
from alarm_gateway.evidence.norms import Figure, Norm, Sample, measured
from alarm_protocol.salvage import NO_TIME
from alarm_protocol.units import CONSOLES, POLICE, VEILIG_THUIS, ConsoleId

NAMES: dict[ConsoleId, str] = {POLICE: "police", VEILIG_THUIS: "Veilig Thuis"}
NO_ASSESSMENT = ("mispress", "test", "technical_fault", "cancelled_by_user", "duplicate")
"""Dispositions after which no safety assessment is due."""
AHEAD_MS_MAX = 20_000
"""SIA DC-09: how far the sender's clock may be ahead."""
WINDOW_MS = 600_000
YEAR_MS = 31_557_600_000
"""365.25 days."""
REPORTING_MS = {
    "SP3": 1_800_000,
    "SP4": 180_000,
    "SP5": 90_000,
    "SP6": 20_000,
    "DP3": 180_000,
    "DP4": 90_000,
}


def figures_of(facts: Facts, from_ms: int, to_ms: int, now_ms: int) -> list[Figure]:
    """Return every figure of a period, in the order of `docs/domain.md`.

    Args:
        facts: The whole journal's.
        from_ms: Start of the period.
        to_ms: End of the period; what began then is outside.
        now_ms: Until when whatever waits has waited.
    """
    period = facts.within(from_ms, to_ms)
    real = [call for call in period.calls if not call.test]
    return [
        *_answers(real, now_ms),
        *_processing(real, now_ms),
        *_reporting(period),
        *_delivery(period.presses, now_ms),
        *_painted(real),
        _on_scene(real, now_ms),
        _window(period.presses),
        *_workload(period),
        _avs(),
        _assessment(real, now_ms),
        *_retention(facts, now_ms),
    ]


def _sample(start_ms: int, end_ms: int | None, now_ms: int) -> Sample:
    if end_ms is None:
        return Sample(None, now_ms - start_ms)
    return Sample(end_ms - start_ms)


def _of(calls: Iterable[Call], console: ConsoleId) -> list[Call]:
    return [call for call in calls if call.console == console]


def _answers(calls: list[Call], now_ms: int) -> list[Figure]:
    """From the alarm standing open before a console to an operator accepting it there."""
    found = []
    for name, limit_ms, share in ANSWER_NORMS:
        for console in CONSOLES:
            norm = Norm(
                norm=name,
                what="alarm open at the console, to accepted",
                who=NAMES[console],
                limit=limit_ms,
                required_permille=share,
            )
            samples = [
                _sample(call.opened_ms, call.accepted_ms, now_ms) for call in _of(calls, console)
            ]
            found.append(measured(norm, samples))
    return found


def _processing(calls: list[Call], now_ms: int) -> list[Figure]:
    """From accepted to the first unit assigned; a call that ended without a unit had none."""
    norm = Norm(
        norm="NFPA 1225",
        what="accepted, to first unit assigned",
        who=NAMES[POLICE],
        limit=60_000,
        required_permille=900,
    )
    samples = [
        _sample(call.accepted_ms, call.assigned_ms, now_ms)
        for call in _of(calls, POLICE)
        if call.accepted_ms is not None and (call.assigned_ms is not None or call.closed_ms is None)
    ]
    elsewhere = Norm(
        norm="NFPA 1225",
        what="accepted, to first unit assigned",
        who=NAMES[VEILIG_THUIS],
        limit=60_000,
        required_permille=900,
    )
    return [
        measured(norm, samples, "calls closed without a unit are left out"),
        measured(elsewhere, [], "Veilig Thuis sends no units"),
    ]


def _reporting(facts: Facts) -> list[Figure]:
    """From a device's last sign of life to the fault in the journal, by its category."""
    found = []
    for category, limit_ms in REPORTING_MS.items():
        norm = Norm(
            norm="EN 50136-1",
            what="last sign of life, to the fault reported",
            who=category,
            limit=limit_ms,
            required_permille=1_000,
        )
        samples = [
            Sample(one.at_ms - one.since_ms) for one in facts.silences if one.category == category
        ]
        note = "" if samples else "no device of this category fell silent"
        if facts.silences_undated:
            note += f"; {facts.silences_undated} older faults do not say since when"
        found.append(measured(norm, samples, note.removeprefix("; ")))
    return found


def _delivery(presses: list[PressFact], now_ms: int) -> list[Figure]:
    """The way of a press, in its parts. The first part is between two clocks."""
    timed = [one for one in presses if one.clock_trusted]
    untimed = len(presses) - len(timed)
    between = "between the device's clock and the gateway's"
    if untimed:
        between += f"; {untimed} presses with a doubt, or a clock ahead or unreadable, are left out"
    hold_up = Norm(
        norm="EN 50131-1",
        what="pressed, to in the journal",
        limit=10_000,
        required_permille=1_000,
    )
    sent = Norm(norm="own figure", what="press sent, to in the journal", background=False)
    found = [
        measured(hold_up, [_apart(one.pressed_ms, one) for one in timed], between),
        measured(sent, [_apart(one.sent_ms, one) for one in timed], between),
    ]
    for console in CONSOLES:
        norm = Norm(
            norm="own figure",
            what="in the journal, to confirmed by the console",
            who=NAMES[console],
            background=False,
        )
        samples = [
            _sample(one.journalled_ms, one.delivered_ms.get(console), now_ms) for one in presses
        ]
        found.append(measured(norm, samples))
    return found


def _painted(calls: list[Call]) -> list[Figure]:
    """From the alarm standing open before a console to its being on a screen there."""
    found = []
    for console in CONSOLES:
        norm = Norm(
            norm="own figure",
            what="alarm open at the console, to first on a screen",
            who=NAMES[console],
            background=False,
        )
        mine = _of(calls, console)
        samples = [
            Sample(call.painted_ms - call.opened_ms) for call in mine if call.painted_ms is not None
        ]
        unseen = len(mine) - len(samples)
        note = f"{unseen} calls were on no screen that told so" if unseen else ""
        found.append(measured(norm, samples, note))
    return found


def _apart(from_ms: int, press: PressFact) -> Sample:
    """Return how long it took; clocks that differ by a moment make no negative time."""
    return Sample(max(0, press.journalled_ms - from_ms))


def _on_scene(calls: list[Call], now_ms: int) -> Figure:
    norm = Norm(
        norm="Dutch police, priority 1",
        what="alarm open at the console, to a unit on the scene",
        who=NAMES[POLICE],
        limit=900_000,
        required_permille=900,
    )
    samples = [
        _sample(call.opened_ms, call.on_scene_ms, now_ms)
        for call in _of(calls, POLICE)
        if call.priority == 1 and (call.on_scene_ms is not None or call.closed_ms is None)
    ]
    return measured(norm, samples, "calls closed without an arrival are left out; 85% in 2017")


def _window(presses: list[PressFact]) -> Figure:
    """SIA DC-09: how many messages came inside the time window; lateness costs nothing here."""
    norm = Norm(
        norm="SIA DC-09", what="sent at most 40 s before it came, or 20 s after", limit=40_000
    )
    samples = []
    for one in presses:
        if one.sent_ms == NO_TIME:
            continue
        age_ms = one.journalled_ms - one.sent_ms
        outside = age_ms < -AHEAD_MS_MAX
        samples.append(Sample(40_001 if outside else max(0, age_ms)))
    return measured(norm, samples, "for information: a press outside the window is never dropped")


def _workload(facts: Facts) -> list[Figure]:
    """Alarms for each operator who acted, in each 10 minutes with an alarm or an action."""
    found = []
    raised = Counter(one.at_ms // WINDOW_MS for one in facts.alarms.values() if not one.test)
    for console in CONSOLES:
        acting: dict[int, set[str]] = defaultdict(set)
        for at_ms, where, operator in facts.actions:
            if where == console:
                acting[at_ms // WINDOW_MS].add(operator)
        windows = raised.keys() | acting.keys()
        rates = [raised[one] / max(1, len(acting.get(one, ()))) for one in windows]
        alone = sum(1 for one in windows if raised[one] and one not in acting)
        note = "an operator counts in the 10 minutes in which they acted"
        if alone:
            note += f"; in {alone} of them nobody did, and one was reckoned with"
        found += [_rates(console, rates, note, one) for one in _LOADS]
    return found


_LOADS: tuple[tuple[str, float, Literal["share", "mean"]], ...] = (
    ("comfortable: about 1 alarm per operator in 10 min", 1, "mean"),
    ("manageable: 12 an hour", 2, "mean"),
    ("no flood: never more than 10 in 10 min", 10, "share"),
)


def _rates(
    console: ConsoleId,
    rates: list[float],
    note: str,
    load: tuple[str, float, Literal["share", "mean"]],
) -> Figure:
    what, limit, judged_by = load
    norm = Norm(
        norm="ISA-18.2 / EEMUA 191",
        what=what,
        who=NAMES[console],
        unit="alarms",
        limit=limit,
        required_permille=1_000 if judged_by == "share" else None,
        judged_by=judged_by,
    )
    return measured(norm, [Sample(rate) for rate in rates], note)


def _avs() -> Figure:
    norm = Norm(norm="AVS-01", what="level 0 to 4")
    return measured(norm, [], "the gateway gives priorities 1 to 4, and no AVS-01 level")


def _assessment(calls: list[Call], now_ms: int) -> Figure:
    """Until the end of the fifth working day, as the gateway reckoned it at the first press."""
    norm = Norm(
        norm="Veilig Thuis",
        what="assessed after the end of the 5th working day (below 0: before it)",
        who=NAMES[VEILIG_THUIS],
        limit=0,
        required_permille=1_000,
    )
    samples = []
    for call in _of(calls, VEILIG_THUIS):
        needed = call.closed_ms is None or call.disposition not in NO_ASSESSMENT
        if call.assess_by_ms is not None and (call.assessed_ms is not None or needed):
            # How far past the due time: at most 0 is in time.
            samples.append(_sample(call.assess_by_ms, call.assessed_ms, now_ms))
    note = "closed as mispress, test, fault, duplicate or cancelled: no assessment is due"
    return measured(norm, samples, note)


def _retention(facts: Facts, now_ms: int) -> list[Figure]:
    """Whether closed alarms are readable for longer than they may be, now."""
    found = []
    for years, what in ((5, "out of daily use"), (10, "destroyed")):
        norm = Norm(
            norm="Retention, police",
            what=f"closed alarms still readable here: {what} after {years} years",
            limit=years * YEAR_MS,
            required_permille=1_000,
        )
        samples = [
            Sample(now_ms - one.closed_ms)
            for one in facts.alarms.values()
            if one.closed_ms is not None
        ]
        found.append(measured(norm, samples, "all of the journal; see `alarm-gateway purge`"))
    return found
