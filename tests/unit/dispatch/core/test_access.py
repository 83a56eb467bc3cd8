"""Access: a console reads its own topics and its own legal view, and nothing else."""

from typing import Any

import pytest

from alarm_protocol import topics
from alarm_protocol.units import AlarmId, ConsoleId
from dispatch.core.access import ViewRefusal, ViewTopic, admit_topic, admit_view
from tests.unit.dispatch.views import (
    LOCATION,
    POLICE_HOUSEHOLD,
    VEILIG_THUIS_HOUSEHOLD,
    make_press,
    make_view,
)

ALARM = AlarmId("aware-000123.1")
PLACE = ViewTopic(ALARM)


def test_its_own_view_topic_is_admitted() -> None:
    """The alarm is named by the topic."""
    assert admit_topic("police", topics.alarm_view("police", ALARM)) == PLACE


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        (topics.alarm_view("veilig_thuis", ALARM), "other_consoles_topic"),
        (topics.actions("police"), "not_a_view_topic"),
        (topics.GATEWAY_STATUS, "not_a_view_topic"),
        ("aware/v1/consoles/police/alarms/../x", "not_a_view_topic"),
        ("", "not_a_view_topic"),
    ],
)
def test_other_topics_are_refused(topic: str, reason: str) -> None:
    """A topic of another console, or of something else, gives a named refusal."""
    assert admit_topic("police", topic) == ViewRefusal(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("console", "changes", "reason"),
    [
        ("police", {"console": "veilig_thuis"}, "other_consoles_view"),
        ("veilig_thuis", {"console": "police"}, "other_consoles_view"),
        ("police", {"household": VEILIG_THUIS_HOUSEHOLD}, "other_agencys_household"),
        (
            "veilig_thuis",
            {"console": "veilig_thuis", "household": POLICE_HOUSEHOLD},
            "other_agencys_household",
        ),
        ("police", {"alarm_id": "aware-000999.1"}, "topic_mismatch"),
    ],
)
def test_a_view_that_is_not_for_this_console_is_refused(
    console: ConsoleId, changes: dict[str, Any], reason: str
) -> None:
    """What belongs to the other agency is a refusal with its name, never a view."""
    refusal = ViewRefusal(reason)  # type: ignore[arg-type]
    assert admit_view(console, PLACE, make_view(**changes)) == refusal


def test_its_own_view_is_admitted_as_it_is() -> None:
    """The police's view passes unchanged, with and without a household."""
    view = make_view(presses=(make_press(location=LOCATION),))
    assert admit_view("police", PLACE, view) == view
    assert admit_view("police", PLACE, make_view(household=None)) == make_view(household=None)


def test_a_location_is_left_out_where_it_is_not_for_this_agency() -> None:
    """Veilig Thuis still sees the alarm, without the position."""
    view = make_view(console="veilig_thuis", presses=(make_press(location=LOCATION),))
    expected = make_view(console="veilig_thuis", presses=(make_press(),))
    assert admit_view("veilig_thuis", PLACE, view) == expected
