"""What an agency may read: what its console shows, and nothing of the other's work."""

import pytest

from alarm_gateway.core.inputs import Tick
from alarm_gateway.core.records import Condensed, Escalated, Record, RowsPurged
from alarm_gateway.evidence.legal_view import reading_of
from alarm_protocol.messages import Accept
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, TimestampMs
from tests.helpers.evidence import Story
from tests.helpers.gateway import DEVICE, NOW_MS, OTHER_DEVICE


def story() -> Story:
    """Tell of an alarm with all kinds of records."""
    one = Story()
    one.whole()
    one.press(OTHER_DEVICE)
    one.gateway.take(Tick(), now_ms=one.at_ms + 31_000)
    one.gateway.take(Tick(), now_ms=one.at_ms + 61_000)
    return one


@pytest.mark.parametrize("console", CONSOLES)
def test_own_actions_are_read_and_the_others_withheld(console: ConsoleId) -> None:
    """Actions, refusals and deliveries belong to one agency."""
    own = {
        (record.event.console == console, reading_of(record, console))  # type: ignore[union-attr]
        for record in story().records
        if record.kind in ("acted", "refused", "delivered")
    }
    assert {(True, "whole"), (False, "withheld")} == own


def test_a_press_is_sealed_for_veilig_thuis_only() -> None:
    """Its text holds the location, which is for the police."""
    record = story().records[0]
    assert ["whole", "sealed"] == [reading_of(record, console) for console in CONSOLES]


def test_the_highest_escalation_is_shared() -> None:
    """At level 2 the other agency learns of it, as on its console."""
    levels = {
        (record.event.level, record.event.console, reading_of(record, "police"))
        for record in story().records
        if isinstance(record.event, Escalated) and record.event.reason == "not_accepted"
    }
    assert {
        (1, "police", "whole"),
        (1, "veilig_thuis", "withheld"),
        (2, "police", "whole"),
        (2, "veilig_thuis", "whole"),
    } == levels


def test_a_flood_names_no_other_home() -> None:
    """A count is for both; whose devices were in it is for nobody."""
    for devices, expected in (((DEVICE,), "whole"), ((DEVICE, OTHER_DEVICE), "withheld")):
        event = Condensed(presses=3, devices=devices)
        record = Record(
            device_id=DEVICE,
            version=1,
            at_ms=TimestampMs(NOW_MS),
            alarm_id=AlarmId("a.1"),
            event=event,
        )
        assert [expected] * 2 == [reading_of(record, console) for console in CONSOLES]


def test_what_is_of_no_alarm_is_of_no_agency() -> None:
    """The journal's own housekeeping is evidence of nothing."""
    event = RowsPurged(before_ms=TimestampMs(1), rows=1, alarms=1, rows_digest="", states_digest="")
    record = Record(
        device_id=DEVICE, version=1, at_ms=TimestampMs(NOW_MS), alarm_id=None, event=event
    )
    assert "withheld" == reading_of(record, "police")


def test_every_console_sees_what_it_did() -> None:
    """The accept of an agency is in its own evidence."""
    found = [
        record.event.action.operator  # type: ignore[union-attr]
        for record in story().records
        if record.kind == "acted"
        and isinstance(record.event.action, Accept)  # type: ignore[union-attr]
        and reading_of(record, "veilig_thuis") == "whole"
    ]
    assert ["THUIS-Operator"] == found
