"""What a supervisor reads: the gateway's overview, this console's own board, and as a table."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from alarm_protocol.messages import AlarmView, Overview, TrackStatus, UnreadableSample
from alarm_protocol.units import AlarmId, ConsoleId
from dispatch.core.board import Held, queue_key
from dispatch.core.tables import Language, harmless

ESCALATIONS_MAX = 200
"""Alarms in one report, the most urgent ones; how many there are in all is said with them."""
_PRINTABLE = frozenset(range(0x20, 0x7F)) - {ord("\\")}

_ESCALATED = ("escalated", "escalated_further")

HEADERS: dict[Language, tuple[str, ...]] = {
    "nl": ("soort", "tijd_utc", "onderwerp", "gegeven", "waarde"),
    "en": ("kind", "time_utc", "subject", "fact", "value"),
}
KINDS_NL = {
    "console": "console",
    "escalation": "escalatie",
    "device": "apparaat",
    "counter": "teller",
    "unreadable": "onleesbaar",
    "answers": "aannametijd",
}

_Row = tuple[str, int, str, str, object]


class Escalation(Struct, frozen=True, kw_only=True):
    """An alarm that nobody acted on in time."""

    alarm_id: AlarmId
    level: int
    priority: int
    test: bool
    status: TrackStatus
    raised_at_ms: int
    municipality: str | None
    accepted_by: str | None
    reason: str | None
    """What made it escalate last: `not_accepted` or `console_unreachable`."""


class Sample(Struct, frozen=True, kw_only=True):
    """A message that could not be read, as text that is only text."""

    at_ms: int
    topic: str
    reason: str
    size_bytes: int
    begin: str | None
    """Its first bytes: what is not printable ASCII is escaped; None where it may not be seen."""


class Report(Struct, frozen=True, kw_only=True):
    """All that a supervisor's page shows; `overview` is None until the gateway has spoken."""

    console: ConsoleId
    server_time_ms: int
    gateway: str
    broker: str
    open_count: int
    unaccepted_count: int
    escalated_count: int
    escalations: tuple[Escalation, ...]
    samples: tuple[Sample, ...]
    overview: Overview | None


def escaped(begin_hex: str) -> str:
    r"""Write bytes as printable ASCII, and everything else as `\xNN`; a backslash is doubled."""
    return "".join(
        chr(one) if one in _PRINTABLE else "\\\\" if one == ord("\\") else f"\\x{one:02x}"
        for one in bytes.fromhex(begin_hex)
    )


def sample_of(one: UnreadableSample) -> Sample:
    """Shape an unreadable message for people."""
    return Sample(
        at_ms=one.at_ms,
        topic=escaped(one.topic.encode().hex()),
        reason=one.reason,
        size_bytes=one.size_bytes,
        begin=None if one.begin_hex is None else escaped(one.begin_hex),
    )


def escalations_in(held: Iterable[Held]) -> list[Escalation]:
    """Return the open alarms that escalated at this console, the most urgent first."""
    views = [one.view for one in held if one.view.own_track.escalation_level]
    return [_escalation(view) for view in sorted(views, key=queue_key)]


def _escalation(view: AlarmView) -> Escalation:
    return Escalation(
        alarm_id=view.alarm_id,
        level=view.own_track.escalation_level,
        priority=view.priority,
        test=view.test,
        status=view.status,
        raised_at_ms=view.raised_at_ms,
        municipality=None if view.household is None else view.household.municipality,
        accepted_by=view.own_track.accepted_by,
        reason=next((one.text for one in reversed(view.timeline) if one.kind in _ESCALATED), None),
    )


def report_of(
    console: ConsoleId,
    held: list[Held],
    overview: Overview | None,
    *,
    now_ms: int,
    gateway: str,
    broker: str,
) -> Report:
    """Put a report together from a board and the gateway's last overview."""
    escalations = escalations_in(held)
    return Report(
        console=console,
        server_time_ms=now_ms,
        gateway=gateway,
        broker=broker,
        open_count=len(held),
        unaccepted_count=sum(one.view.status == "open" for one in held),
        escalated_count=len(escalations),
        escalations=tuple(escalations[:ESCALATIONS_MAX]),
        samples=() if overview is None else tuple(map(sample_of, overview.samples)),
        overview=overview,
    )


def _device_rows(overview: Overview, when: Callable[[int], str]) -> Iterable[_Row]:
    at_ms = overview.at_ms
    for name, count in overview.device_counts.items():
        yield "device", at_ms, "*", name, count
    for device in overview.devices:
        for condition in device.conditions:
            yield "device", at_ms, device.device_id, condition, 1
        if device.test:
            yield "device", at_ms, device.device_id, "test", 1
        if device.maintenance_until_ms is not None:
            until = when(device.maintenance_until_ms)
            yield "device", at_ms, device.device_id, "maintenance_until", until


def _rows(report: Report, when: Callable[[int], str]) -> Iterable[_Row]:
    """Say everything of a report, a fact a row: kind, time (ms), subject, fact, value."""
    overview, now_ms = report.overview, report.server_time_ms
    yield "console", now_ms, report.console, "open", report.open_count
    yield "console", now_ms, report.console, "unaccepted", report.unaccepted_count
    for one in report.escalations:
        what = [one.status, *([one.reason] if one.reason else []), *(["TEST"] if one.test else [])]
        yield "escalation", one.raised_at_ms, one.alarm_id, ", ".join(what), one.level
    if overview is None:
        return
    at_ms = overview.at_ms
    yield "console", at_ms, overview.console, "operators", overview.operators
    yield "console", at_ms, "other_agency", "attached", int(overview.other_attached)
    yield from _device_rows(overview, when)
    for name in ("unreadable", "condensed_unreadable", "condensed_presses", "condensed_faults"):
        yield "counter", overview.counting_since_ms, "*", name, getattr(overview, name)
    for sample in report.samples:
        yield "unreadable", sample.at_ms, sample.topic, sample.reason, sample.begin or ""
    for times in overview.answers:
        name = f"{times.norm} {times.limit_ms // 1_000} s"
        yield "answers", overview.measured_from_ms, name, "count", times.count
        yield "answers", overview.measured_from_ms, name, "within", times.within
        yield (
            "answers",
            overview.measured_from_ms,
            name,
            "required_permille",
            (times.required_permille),
        )


def table_of(
    report: Report, language: Language, when: Callable[[int], str]
) -> Iterable[tuple[str, ...]]:
    """Return a report as the rows of a table, the header first; no cell is a formula.

    Args:
        report: What to write.
        language: Of the header and the kinds.
        when: Writes a moment; the core knows no calendar.
    """
    yield HEADERS[language]
    for kind, at_ms, *rest in _rows(report, when):
        name = KINDS_NL[kind] if language == "nl" else kind
        yield (name, when(at_ms), *map(harmless, rest))
