"""What a supervisor reads: escaped bytes, escalations in order, and a CSV that is only data."""

from hypothesis import given
from hypothesis import strategies as st

from alarm_protocol.messages import (
    DeviceOutOfOrder,
    Overview,
    OwnTrack,
    TimelineEntry,
    UnreadableSample,
)
from alarm_protocol.units import DeviceId
from dispatch.core.access import ViewRefusal, admit_overview
from dispatch.core.board import Board
from dispatch.core.overview import Report, escaped, report_of, table_of
from tests.unit.dispatch.views import RAISED_MS, make_view

SAMPLE = UnreadableSample(
    at_ms=RAISED_MS,
    topic="aware/v1/devices/aware-000001/press",
    reason="not_utf8",
    size_bytes=3,
    begin_hex=b"<b>\xff\\".hex(),
)


def make_overview(**changes: object) -> Overview:
    """Make an overview for the police."""
    values: dict[str, object] = {
        "console": "police",
        "at_ms": RAISED_MS,
        "counting_since_ms": RAISED_MS,
        "attached": True,
        "operators": 2,
        "other_attached": True,
        "shift_from_ms": RAISED_MS,
        "measured_from_ms": RAISED_MS,
        "samples": (SAMPLE,),
        **changes,
    }
    return Overview(**values)  # type: ignore[arg-type] # as a test names them


def make_report(board: Board, overview: Overview | None) -> Report:
    """Put a report together."""
    return report_of(
        "police", board.queue(), overview, now_ms=RAISED_MS, gateway="up", broker="connected"
    )


@given(st.binary(max_size=64))
def test_escaped_bytes_are_printable_and_tell_all_bytes(body: bytes) -> None:
    """Nothing but printable ASCII is in the text, and the bytes can be read back from it."""
    text = escaped(body.hex())
    assert text.isascii()
    assert text == "" or text.isprintable()
    assert body == text.encode().decode("unicode_escape").encode("latin-1")


def test_only_escalated_alarms_are_escalations_and_the_unaccepted_come_first() -> None:
    """An accepted one stays to be seen, after those that still wait."""
    board = Board()
    late, later = OwnTrack(escalation_level=1), OwnTrack(escalation_level=2)
    board.take(make_view("a.1"), RAISED_MS)
    board.take(make_view("b.1", own_track=late, status="accepted"), RAISED_MS)
    board.take(make_view("c.1", own_track=later, household=None), RAISED_MS)
    report = make_report(board, None)
    assert [("c.1", 2, None), ("b.1", 1, "Leiden")] == [
        (one.alarm_id, one.level, one.municipality) for one in report.escalations
    ]
    assert (3, 2, 2) == (report.open_count, report.unaccepted_count, report.escalated_count)


def test_an_escalation_tells_its_last_reason() -> None:
    """Nobody accepted, or the console was out of reach: in the report and in the CSV."""
    board = Board()
    own = OwnTrack(escalation_level=2)
    timeline = (
        TimelineEntry(at_ms=RAISED_MS, kind="escalated", text="console_unreachable"),
        TimelineEntry(at_ms=RAISED_MS, kind="escalated_further", text="not_accepted"),
        TimelineEntry(at_ms=RAISED_MS, kind="other_escalated", text="console_unreachable"),
    )
    board.take(make_view("a.1", own_track=own, timeline=timeline), RAISED_MS)
    report = make_report(board, None)
    assert ["not_accepted"] == [one.reason for one in report.escalations]
    rows = list(table_of(report, "en", str))
    assert ("escalation", str(RAISED_MS), "a.1", "open, not_accepted", "2") in rows


def test_the_csv_says_everything_and_holds_no_formula() -> None:
    """A device id or bytes that begin like a formula become text for a spreadsheet."""
    formula = UnreadableSample(
        at_ms=RAISED_MS, topic="t", reason="not_utf8", size_bytes=9, begin_hex=b"=1+1".hex()
    )
    device = DeviceOutOfOrder(device_id=DeviceId("aware-000001"), conditions=("silent",), test=True)
    overview = make_overview(samples=(formula, SAMPLE), devices=(device,), unreadable=2)
    rows = list(table_of(make_report(Board(), overview), "nl", str))
    assert ("soort", "tijd_utc", "onderwerp", "gegeven", "waarde") == rows[0]
    assert ("onleesbaar", str(RAISED_MS), "t", "not_utf8", "'=1+1") in rows
    assert ("apparaat", str(RAISED_MS), "aware-000001", "silent", "1") in rows
    assert ("teller", str(RAISED_MS), "*", "unreadable", "2") in rows
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "@", "-"}]


def test_an_overview_of_another_console_is_refused_and_foreign_bytes_are_left_out() -> None:
    """The second of the two places where the same law is checked."""
    overview = make_overview()
    assert overview == admit_overview("police", overview)
    assert ViewRefusal("other_consoles_view") == admit_overview("veilig_thuis", overview)
    own = make_overview(console="veilig_thuis")
    admitted = admit_overview("veilig_thuis", own)
    assert isinstance(admitted, Overview)
    assert [None] == [one.begin_hex for one in admitted.samples]


def test_without_an_overview_a_report_says_what_this_console_knows_itself() -> None:
    """The gateway may not have spoken yet."""
    rows = list(table_of(make_report(Board(), None), "en", lambda at_ms: f"t{at_ms}"))
    assert ("console", f"t{RAISED_MS}", "police", "open", "0") in rows
    assert 3 == len(rows)
