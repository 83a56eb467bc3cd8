"""The log of steps: a line for each with its alarm, bounded, and without anything of a person."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from alarm_gateway.core.inputs import Tick
from alarm_gateway.core.records import Acted, Event, Pressed, Record, Refused
from alarm_gateway.steps import LINES_MAX, Steps
from alarm_protocol.messages import Note, SafetyAssessment
from alarm_protocol.units import ActionId
from tests.helpers.gateway import (
    ALARM_RECORDS,
    FIRST_ALARM,
    NOW_MS,
    Gateway,
    accept,
    acted,
    close,
    confirmed,
    press,
)


def lines_of(records: list[Record]) -> list[dict[str, Any]]:
    """Return what is logged of these records."""
    steps = Steps({})
    with capture_logs() as lines:
        steps.note(records)
        steps.tell()
        steps.tell()
    return [dict(line) for line in lines]


def test_every_step_of_an_alarm_is_one_line_with_its_alarm() -> None:
    """From press to end, in order, each with alarm, device, time and what it was."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(confirmed("police", FIRST_ALARM, 1))
    gateway.take(acted("police", accept("a1")), acted("police", accept("a2", "Bob")))
    gateway.take(Tick(), now_ms=NOW_MS + 30_000)
    gateway.take(acted("police", close()))
    lines = lines_of(gateway.journal)
    assert [record.kind for record in gateway.journal] == [line["step"] for line in lines]
    assert {FIRST_ALARM} == {line["alarm_id"] for line in lines}
    assert [record.version for record in gateway.journal] == [
        line["device_record"] for line in lines
    ]
    kinds = [line["kind"] for line in lines if line["step"] in {"acted", "refused"}]
    assert ["accept", "accept", "close"] == kinds


def test_a_flood_is_counted_and_not_written_line_by_line() -> None:
    """The log has a limit at a time, and says how much it left out."""
    record = ALARM_RECORDS[0]
    many = [replace(record, version=number) for number in range(1, LINES_MAX + 51)]
    lines = lines_of(many)
    assert LINES_MAX + 1 == len(lines)
    assert (50, LINES_MAX) == (lines[-1]["left_out"], lines[-1]["logged"])


NOTE = Note(
    action_id=ActionId("n1"), alarm_id=FIRST_ALARM, seen_version=1, operator="SECRET-Name",
    at_ms=NOW_MS, text="SECRET-Text",
)  # fmt: skip
ASSESSMENT = SafetyAssessment(
    action_id=ActionId("n2"), alarm_id=FIRST_ALARM, seen_version=1, operator="SECRET-Name",
    at_ms=NOW_MS, text="SECRET-Text",
)  # fmt: skip


@pytest.mark.parametrize(
    "event",
    [
        Acted(console="police", action=NOTE),
        Acted(console="veilig_thuis", action=ASSESSMENT),
        Refused(console="police", action=NOTE, why="SECRET-Why", acted_by="SECRET-Other"),
        Pressed(
            line='{"SECRET":1}', signature="SECRET", doubts=(), remarks=(), priority=1,
            reasons=(), test=False, opened=True,
        ),
    ],
)  # fmt: skip
def test_no_line_holds_what_people_wrote_or_are_called(event: Event) -> None:
    """Names, texts and the very bytes of a press stay in the journal."""
    record = replace(ALARM_RECORDS[0], event=event)
    (line,) = lines_of([record])
    assert b"SECRET" not in msgspec.json.encode(line)
