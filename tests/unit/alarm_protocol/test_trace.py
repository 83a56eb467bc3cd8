"""The trace of a message: only a well-formed `traceparent` counts."""

import pytest

from alarm_protocol.trace import trace_id_of, trace_of
from alarm_protocol.units import PressId
from simulator import ids

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_first_well_formed_one_counts() -> None:
    """Other properties, and ones that are no traceparent, are passed over."""
    properties = [("other", GOOD), ("traceparent", "nonsense"), ("traceparent", GOOD)]
    assert GOOD == trace_of(properties)
    assert "4bf92f3577b34da6a3ce929d0e0e4736" == trace_id_of(GOOD)
    assert trace_of([]) is None


@pytest.mark.parametrize(
    "bad",
    [
        "", GOOD + "\n", GOOD.upper(), GOOD[:-1], "ff" + GOOD[2:], GOOD + "-00",
        f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)  # fmt: skip
def test_what_the_recommendation_forbids_is_no_trace(bad: str) -> None:
    """Upper case, version ff, ids of zeros, too short or too long: as if there were none."""
    assert trace_of([("traceparent", bad)]) is None


def test_all_attempts_of_a_press_are_one_trace() -> None:
    """The trace of a press follows from its id, and is well-formed."""
    trace = ids.traceparent(PressId("press-1"))
    assert trace == trace_of([("traceparent", ids.traceparent(PressId("press-1")))])
    assert trace != ids.traceparent(PressId("press-2"))
