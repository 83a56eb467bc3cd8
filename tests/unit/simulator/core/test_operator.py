"""What simulated operators do, and how long they take."""

from itertools import pairwise
from typing import get_args

import pytest

from alarm_protocol.messages import (
    AlarmView,
    Deadlines,
    Disposition,
    OtherTrack,
    OwnTrack,
    TrackStatus,
)
from alarm_protocol.units import AlarmId, ConsoleId, DeviceId, TimestampMs
from simulator.core.operator import Pace, next_step, pause_s


def view(console: ConsoleId, status: TrackStatus, *, test: bool = False) -> AlarmView:
    """Make a view of an alarm in a status."""
    at = TimestampMs(0)
    return AlarmView(
        alarm_id=AlarmId("aware-000001.1"),
        version=1,
        console=console,
        device_id=DeviceId("aware-000001"),
        priority=1,
        test=test,
        status=status,
        reasons=(),
        doubts=(),
        remarks=(),
        raised_at_ms=at,
        journaled_at_ms=at,
        deadlines=Deadlines(),
        press_count=1,
        presses=(),
        household=None,
        own_track=OwnTrack(status=status),
        other_track=OtherTrack(status="open"),
        timeline=(),
    )


TRACKS: list[tuple[ConsoleId, dict[TrackStatus, str]]] = [
    (
        "police",
        {
            "open": "accept",
            "accepted": "assign_unit",
            "unit_assigned": "arrive",
            "on_scene": "close",
        },
    ),
    (
        "veilig_thuis",
        {
            "open": "accept",
            "accepted": "safety_assessment",
            "assessed": "hand_over",
            "handed_over": "close",
        },
    ),
]


@pytest.mark.parametrize(("console", "expected"), TRACKS)
def test_every_status_has_its_next_step(
    console: ConsoleId, expected: dict[TrackStatus, str]
) -> None:
    """Each agency takes an alarm through its own track, step by step, to the close."""
    steps = {status: next_step(console, view(console, status)) for status in expected}
    assert expected == {status: step.kind for status, step in steps.items() if step is not None}
    assert next_step(console, view(console, "closed")) is None


def test_a_test_is_closed_as_a_test() -> None:
    """The disposition is one of the protocol's, and a test alarm is called one."""
    for test, disposition in ((True, "test"), (False, "genuine")):
        step = next_step("police", view("police", "on_scene", test=test))
        assert step is not None
        assert step.details["disposition"] == disposition
        assert disposition in get_args(Disposition)


def test_thinking_times_are_bounded_and_rise() -> None:
    """The middle is the median, and no draw is below the shortest or above the longest time."""
    pace = Pace(median_s=1.0, shortest_s=0.5, longest_s=3.0)
    assert pause_s(pace, 0.0) == 1.0
    times = [pause_s(pace, draw) for draw in (-1e9, -5.0, -0.5, 0.0, 0.5, 1.0, 5.0, 1e9)]
    assert (times[0], times[-1]) == (0.5, 3.0)
    assert all(earlier <= later for earlier, later in pairwise(times))
