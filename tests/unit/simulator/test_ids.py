"""Press ids."""

import re

from alarm_protocol.units import TOKEN_PATTERN, TimestampMs
from simulator import ids


def test_ids_fit_the_wire_and_sort_by_time() -> None:
    """An id is a token of the protocol, and a later one sorts after an earlier one."""
    early, late = ids.press_id(TimestampMs(1_000)), ids.press_id(TimestampMs(1_001))
    assert re.match(TOKEN_PATTERN, early)
    assert len(early) == 26
    assert early < late


def test_ids_of_one_moment_differ() -> None:
    """A thousand ids of one millisecond are a thousand ids."""
    assert len({ids.press_id(TimestampMs(5)) for _ in range(1_000)}) == 1_000
